// A switchover of MariaDB, in SQL alone. The old primary is fenced by FLUSH TABLES WITH READ LOCK, held by one
// connection until the new primary is verified, because read_only alone does not stop who has READ_ONLY ADMIN; whoever
// still waits behind that lock is ended before it is let go.
// https://mariadb.com/kb/en/flush/ https://mariadb.com/kb/en/change-master-to/#master_demote_to_slave
// https://mariadb.com/kb/en/master_gtid_wait/
#pragma once

#include "proxy/control/node_watch.hpp"
#include "proxy/control/switchover_mysql.hpp"

namespace shardway::proxy::control::switchover {

inline constexpr SteadyNanos kSecond = 1'000 * kMillisecond;
inline constexpr SteadyNanos kSlowPoll = 100 * kMillisecond;
inline constexpr SteadyNanos kSilence = 1'000 * kMillisecond;  // then the target has answered nothing for too long
inline constexpr const char* kReplication = "SHOW ALL SLAVES STATUS";

class MysqlRecipe final : public Recipe {
 public:
  explicit MysqlRecipe(const Cast& cast)
      : cast_(cast),
        fence_(*cast.database, cast.old_primary),
        aside_(*cast.database, cast.old_primary),
        target_(*cast.database, cast.target) {}

  Outcome restore(const Patience& patience) override;
  Outcome check(const Patience& patience) override;
  std::string still_open(const Patience& patience) override;
  Outcome fence(const Patience& patience) override;
  Outcome catch_up(const Patience& patience) override { return await_position(position_, patience); }
  Outcome promote(const Patience& patience, bool& sent) override;
  Outcome verify(const Patience& patience) override;
  Outcome follow(const Patience& patience) override;
  Outcome rejoin(const Patience& patience) override;
  Outcome undo(const Patience& patience) override;

 private:
  Outcome take_turn(const Patience& patience);
  Outcome check_old(const Patience& patience);
  Outcome check_target(const Patience& patience);
  Outcome check_replication(const Rows& sources);
  Outcome await_position(const std::string& position, const Patience& patience);
  bool delegates() const { return !cast_.database->switchover.command.empty(); }
  bool is_fenced(const Patience& patience);
  void end_sessions(const Patience& patience);
  std::string promotion() const;
  std::string becomes_replica() const;
  std::string address_of_target() const;
  void learn_how_to_replicate(const Rows& sources);
  void learn_from_the_others(const Patience& patience);
  Outcome lead(Line& replica, const Patience& patience);
  Outcome has_nothing_more(Line& replica, const Patience& patience);
  Outcome await_replication(Line& replica, const Patience& patience) const;

  const Cast cast_;
  Line fence_;  // holds the read lock
  Line aside_, target_;
  MariadbVersion version_;
  std::string position_;  // of the old primary, when it took no more writes
  std::string old_server_, new_server_;
  std::string replication_tls_;   // how the target connects to its source: so the old primary will, to it
  SemiSync old_sync_, new_sync_;  // before it
  bool begun_ = false;
};

}  // namespace shardway::proxy::control::switchover
