// A switchover of PostgreSQL: with the operator's commands stop, rejoin and start the old primary is stopped cleanly
// (a clean stop ends when its replicas have everything, its last checkpoint too, so that it can come back as one of
// them); without them its sessions are ended, new ones are read only, and nothing of it is used any more.
// https://www.postgresql.org/docs/15/functions-admin.html
// https://www.postgresql.org/docs/15/runtime-config-replication.html
#pragma once

#include "proxy/control/node_watch.hpp"
#include "proxy/control/switchover_postgres.hpp"

namespace shardway::proxy::control::switchover {

inline constexpr SteadyNanos kSecond = 1'000 * kMillisecond;
inline constexpr SteadyNanos kPoll = 5 * kMillisecond, kSlowPoll = 100 * kMillisecond;
inline constexpr SteadyNanos kSilence = 1'000 * kMillisecond;  // then the target has answered nothing for too long

class PostgresRecipe final : public Recipe {
 public:
  explicit PostgresRecipe(const Cast& cast)
      : cast_(cast),
        commands_(cast.database->switchover),
        turn_(*cast.database, cast.old_primary),
        old_(*cast.database, cast.old_primary),
        target_(*cast.database, cast.target) {}

  Outcome restore(const Patience& patience) override;
  Outcome check(const Patience& patience) override;
  std::string still_open(const Patience&) override { return {}; }
  Outcome fence(const Patience& patience) override;
  Outcome catch_up(const Patience& patience) override;
  Outcome promote(const Patience& patience, bool& sent) override;
  Outcome verify(const Patience& patience) override;
  Outcome follow(const Patience& patience) override;
  Outcome rejoin(const Patience& patience) override;
  Outcome undo(const Patience& patience) override;

 private:
  bool has_commands() const { return !commands_.stop.empty(); }
  bool delegates() const { return !commands_.command.empty(); }
  Outcome await_old(const Patience& patience);
  Outcome take_writes_again(Line& line, const Patience& patience);
  Outcome start_again(Line& line, const Patience& patience);
  Outcome take_turn(const Patience& patience);
  Outcome check_old(const Patience& patience);
  Outcome check_target(const Patience& patience);
  Outcome await_replay(std::uint64_t position, bool to_the_end, const Patience& patience);
  bool read_end_of_wal(const Patience& patience);
  Outcome stop_old(const Patience& patience);
  Outcome close_old(const Patience& patience);
  Outcome await_reload(Line& line, const char* read_only, const Patience& patience);
  std::optional<std::string> end_sessions(const Patience& patience);
  std::string point_at_target(Line& replica, const Patience& patience);
  bool follows_target(Line& replica, const Patience& patience);
  CommandEnd run(const std::string& command, const Patience& patience) const;

  const Cast cast_;
  const config::Switchover& commands_;
  Line turn_;  // nobody else switches the old primary over meanwhile
  Line old_, target_;
  std::uint64_t end_of_wal_ = 0;  // of the old primary, when it took no more writes
  std::uint64_t timeline_ = 0;    // of the new one
  std::string turn_process_ = "0";
  bool stopped_ = false, closed_ = false;
  std::string version_;
};

}  // namespace shardway::proxy::control::switchover
