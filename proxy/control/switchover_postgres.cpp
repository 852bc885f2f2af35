// A switchover of PostgreSQL: with the operator's commands stop, rejoin and start the old primary is stopped cleanly
// (a clean stop ends when its replicas have everything, its last checkpoint too, so that it can come back as one of
// them); without them its sessions are ended, new ones are read only, and nothing of it is used any more.
// https://www.postgresql.org/docs/15/functions-admin.html
// https://www.postgresql.org/docs/15/runtime-config-replication.html
#include "proxy/control/switchover_postgres.hpp"

#include <algorithm>

#include "proxy/control/answers.hpp"
#include "proxy/control/node_watch.hpp"

namespace shardway::proxy::control::switchover {
namespace {

constexpr SteadyNanos kSecond = 1'000 * kMillisecond;
constexpr SteadyNanos kPoll = 5 * kMillisecond, kSlowPoll = 100 * kMillisecond;
constexpr SteadyNanos kShortLag = 3 * kSecond;  // a replica that needs longer would make everybody wait

const char* const kEndOfWal =
    "SELECT pg_current_wal_insert_lsn(), current_setting('wal_block_size'),"
    " pg_size_bytes(current_setting('wal_segment_size'))";
const char* const kReceivedTimeline =
    "SELECT coalesce((SELECT received_tli FROM pg_stat_wal_receiver WHERE status = 'streaming'), 0)";

class PostgresRecipe final : public Recipe {
 public:
  explicit PostgresRecipe(const Cast& cast)
      : cast_(cast),
        commands_(cast.database->switchover),
        turn_(*cast.database, cast.old_primary),
        old_(*cast.database, cast.old_primary),
        target_(*cast.database, cast.target) {}

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
  Outcome take_turn(const Patience& patience);
  Outcome check_old(const Patience& patience);
  Outcome check_target(const Patience& patience);
  Outcome await_replay(std::uint64_t position, bool to_the_end, const Patience& patience);
  bool read_end_of_wal(const Patience& patience);
  Outcome stop_old(const Patience& patience);
  Outcome close_old(const Patience& patience);
  Outcome await_read_only(const Patience& patience);
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

Outcome PostgresRecipe::check(const Patience& patience) {
  auto found = check_old(patience);
  if (found.result != Result::kDone) return found;
  if (auto taken = take_turn(patience); taken.result != Result::kDone) return taken;
  if (const auto missing = postgres_lacks(cast_, patience); !missing.empty())
    return failed(missing.front().message + "; " + missing.front().hint);
  if (auto wrong = check_target(patience); wrong.result != Result::kDone) return wrong;
  // So that the checkpoint of the stop has little to do. Who may not ask for one waits longer.
  if (has_commands() && !cast_.rehearse) old_.ask("SET statement_timeout = 0; CHECKPOINT", patience);
  if (!read_end_of_wal(patience)) return gave_up(patience, old_.error());
  const auto begun = steady_now();
  const auto level = await_replay(end_of_wal_, false, patience.at_most(kShortLag));
  if (level.result != Result::kDone) return failed("node " + level.detail);
  found.detail += ", the replica had everything after " + std::to_string((steady_now() - begun) / kMillisecond) + " ms";
  return found;
}

// Two Shardways must not promote two replicas of one primary. The numbers spell "shardway".
Outcome PostgresRecipe::take_turn(const Patience& patience) {
  for (const auto time = patience.at_most(kSecond); !time.is_over(); pause(time, kSlowPoll)) {
    const auto taken =
        turn_.ask("SELECT pg_try_advisory_lock(x'73686172'::int, x'64776179'::int), pg_backend_pid()", patience);
    if (!taken) return gave_up(patience, "node " + turn_.error());
    turn_process_ = taken->text(0, 1);
    if (taken->text(0, 0) == "t") return {};
  }
  return failed(
      "node " + cast_.old_primary.text +
      " is being switched over already, by another Shardway or for another database: SELECT pid FROM pg_locks "
      "WHERE locktype = 'advisory' AND classid = x'73686172'::int there says by which session");
}

Outcome PostgresRecipe::check_old(const Patience& patience) {
  const auto about = old_.ask(
      "SELECT pg_is_in_recovery(), current_setting('server_version'), (SELECT count(*) FROM pg_prepared_xacts),"
      " (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())",
      patience);
  if (!about) return gave_up(patience, "node " + old_.error());
  if (about->text(0, 0) != "f") return failed("node " + cast_.old_primary.text + " is no primary any more");
  version_ = about->text(0, 1);
  // Prepared transactions are in the WAL: they are there after it as before.
  return {Result::kDone, "PostgreSQL " + version_ + ", " + about->text(0, 2) + " prepared transactions, " +
                             about->text(0, 3) + " server connections"};
}

Outcome PostgresRecipe::check_target(const Patience& patience) {
  const auto about = target_.ask(
      "SELECT pg_is_in_recovery(), current_setting('server_version'), current_setting('default_transaction_read_only'),"
      " pg_is_wal_replay_paused(), coalesce((SELECT status FROM pg_stat_wal_receiver), 'not connected')",
      patience);
  const auto node = "node " + cast_.target.text;
  if (!about) return gave_up(patience, "node " + target_.error());
  if (about->text(0, 0) != "t") return failed(node + " is no replica");
  const auto version = about->text(0, 1);
  const auto major = [](const std::string& text) { return std::strtoul(text.c_str(), nullptr, 10); };
  const auto minor = [](const std::string& text) {
    const auto dot = text.find('.');
    return dot == std::string::npos ? 0 : std::strtoul(text.c_str() + dot + 1, nullptr, 10);
  };
  if (major(version) != major(version_) || minor(version) < minor(version_))
    return failed(node + " runs PostgreSQL " + version + " and the primary " + version_ + ": update it first");
  if (about->text(0, 2) == "on")
    return failed(node + " has default_transaction_read_only = on: ALTER SYSTEM RESET default_transaction_read_only");
  if (about->text(0, 3) == "t") return failed(node + " does not replay: SELECT pg_wal_replay_resume() there");
  if (about->text(0, 4) != "streaming")
    return failed(node + " is not connected to the primary (" + about->text(0, 4) +
                  "): see its log and primary_conninfo");
  return {};
}

bool PostgresRecipe::read_end_of_wal(const Patience& patience) {
  const auto end = old_.ask(kEndOfWal, patience);
  if (!end) return false;
  end_of_wal_ = end_of_last_record(parse_lsn(end->text(0, 0).c_str()), {end->number(0, 1), end->number(0, 2)});
  return end_of_wal_ != 0;
}

// `to_the_end`: the primary has been stopped, and the record of its last checkpoint must be there, too, behind
// `position`.
Outcome PostgresRecipe::await_replay(std::uint64_t position, bool to_the_end, const Patience& patience) {
  std::uint64_t missing = 0;
  while (!patience.is_over()) {
    const auto at = target_.ask("SELECT pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()", patience);
    if (at) {
      const auto received = parse_lsn(at->text(0, 0).c_str()), replayed = parse_lsn(at->text(0, 1).c_str());
      if (to_the_end ? received > position && replayed >= received : replayed >= position) return {};
      missing = position > replayed ? position - replayed : 0;
    }
    pause(patience, at ? kPoll : kSlowPoll);
  }
  return gave_up(patience, cast_.target.text + " still lacks " + std::to_string(missing) +
                               " bytes of what the primary has: it lags, or is delayed (recovery_min_apply_delay)");
}

// ---- the old primary takes no more writes

Outcome PostgresRecipe::fence(const Patience& patience) {
  // It was lost if the session was.
  if (auto taken = take_turn(patience); taken.result != Result::kDone) return taken;
  if (!has_commands() && !delegates()) return close_old(patience);
  if (!read_end_of_wal(patience)) return gave_up(patience, "node " + old_.error());
  if (delegates()) return {Result::kDone, "the operator's command will see to it"};
  if (cast_.rehearse) return {Result::kDone, "a rehearsal does not stop it: the time that takes is not in the pause"};
  return stop_old(patience);
}

Outcome PostgresRecipe::stop_old(const Patience& patience) {
  stopped_ = true;
  old_.close();
  const auto end = run(commands_.stop, patience);
  if (!end.is_good()) return gave_up(patience, "command stop: " + end.text());
  if (old_.ask("SELECT 1", patience.at_most(kSecond)))
    return failed("command stop has ended well, but node " + cast_.old_primary.text + " still answers");
  return {Result::kDone, "stopped by the operator's command"};
}

// Any client's SET undoes the setting, so that it only keeps honest ones out: those who were there are ended.
Outcome PostgresRecipe::close_old(const Patience& patience) {
  closed_ = true;
  if (!old_.ask("ALTER SYSTEM SET default_transaction_read_only = on", patience) ||
      !old_.ask("SELECT pg_reload_conf()", patience))
    return gave_up(patience, "node " + old_.error());
  if (auto wrong = await_read_only(patience); wrong.result != Result::kDone) return wrong;
  std::string detail = "read only";
  if (!cast_.rehearse) {
    const auto ended = end_sessions(patience);
    if (!ended) return gave_up(patience, "node " + old_.error());
    detail += ", " + *ended;
  }
  if (!read_end_of_wal(patience)) return gave_up(patience, "node " + old_.error());
  return {Result::kDone, detail};
}

// The server's first process has heard of it when a session that is new begins with it.
Outcome PostgresRecipe::await_read_only(const Patience& patience) {
  while (!patience.is_over()) {
    old_.close();
    const auto is = old_.ask("SHOW default_transaction_read_only", patience);
    if (is && is->text(0, 0) == "on") return {};
    pause(patience, kPoll);
  }
  return gave_up(patience, "node " + cast_.old_primary.text + " does not become read only");
}

std::optional<std::string> PostgresRecipe::end_sessions(const Patience& patience) {
  const std::string theirs =
      " FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND pid <> " +
      turn_process_ +
      " AND (usesysid IN"
      " (SELECT oid FROM pg_roles WHERE NOT rolsuper) OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))"
      " AND backend_start < ";
  const auto now = old_.ask("SELECT clock_timestamp()", patience);
  if (!now) return std::nullopt;
  const auto before = literal(now->text(0, 0), false) + "::timestamptz";
  const auto ended = old_.ask("SELECT count(pg_terminate_backend(pid))" + theirs + before, patience);
  if (!ended) return std::nullopt;
  for (;;) {
    const auto left = old_.ask("SELECT count(*)" + theirs + before, patience);
    if (!left) return std::nullopt;
    if (left->text(0, 0) == "0") return ended->text(0, 0) + " sessions ended";
    pause(patience, kPoll);
  }
}

Outcome PostgresRecipe::catch_up(const Patience& patience) {
  auto outcome = await_replay(end_of_wal_, stopped_, patience);
  if (outcome.result != Result::kDone) outcome.detail = "node " + outcome.detail;
  return outcome;
}

// ---- the new primary

Outcome PostgresRecipe::promote(const Patience& patience, bool& sent) {
  sent = false;
  const auto before = target_.ask("SELECT pg_is_in_recovery()", patience);
  if (!before) return gave_up(patience, "node " + target_.error());
  sent = true;
  for (const auto* command : {&commands_.command, &commands_.promote}) {
    if (command->empty()) continue;
    const auto end = run(*command, for_commands(cast_, patience));
    return end.is_good() ? Outcome{} : failed("the operator's command: " + end.text());
  }
  return target_.ask("SELECT pg_promote(false)", patience) ? Outcome{} : failed("node " + target_.error());
}

Outcome PostgresRecipe::verify(const Patience& patience) {
  const auto is = target_.ask(
      "SELECT CASE WHEN NOT pg_is_in_recovery() THEN substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END",
      patience);
  if (!is) return failed("node " + target_.error());
  timeline_ = is->number(0, 0, 16);
  if (timeline_ == 0) return failed("node " + cast_.target.text + " is still in recovery");
  return {Result::kDone, "timeline " + std::to_string(timeline_)};
}

// ---- who follows it

Outcome PostgresRecipe::follow(const Patience& patience) {
  std::string wrong;
  std::vector<std::unique_ptr<Line>> replicas;
  for (const auto& address : cast_.others) {
    auto replica = std::make_unique<Line>(*cast_.database, address);
    const auto problem = delegates() ? std::string() : point_at_target(*replica, patience.at_most(5 * kSecond));
    if (problem.empty())
      replicas.push_back(std::move(replica));
    else
      wrong += (wrong.empty() ? "" : "; ") + problem;
  }
  for (const auto& replica : replicas) {
    while (!follows_target(*replica, patience) && !patience.is_over()) pause(patience, kSlowPoll);
    if (!follows_target(*replica, patience.at_most(kSecond)))
      wrong += (wrong.empty() ? "node " : "; node ") + replica->address().text +
               " does not follow the new primary yet: see its log and primary_conninfo";
  }
  if (!wrong.empty()) return gave_up(patience, wrong);
  return {Result::kDone, std::to_string(cast_.others.size()) + " follow " + cast_.target.text};
}

// Nobody but the new primary, and who follows it, streams its timeline.
bool PostgresRecipe::follows_target(Line& replica, const Patience& patience) {
  const auto timeline = replica.ask(kReceivedTimeline, patience);
  return timeline && timeline->number(0, 0) >= timeline_;
}

// What is wrong; empty: it will follow.
std::string PostgresRecipe::point_at_target(Line& replica, const Patience& patience) {
  const auto about = replica.ask(
      "SELECT pg_is_in_recovery(), current_setting('primary_conninfo'), current_setting('primary_slot_name')",
      patience);
  if (!about) return "node " + replica.error();
  if (about->text(0, 0) != "t") return "node " + replica.address().text + " is no replica";
  const auto points = points_at(about->text(0, 1), target_parameters(cast_));
  if (!points) return "node " + replica.address().text + ": its primary_conninfo cannot be read";
  if (const auto& slot = about->text(0, 2); !slot.empty()) {
    const auto name = literal(slot, false);
    if (!target_.ask("SELECT pg_create_physical_replication_slot(" + name +
                         ") WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = " + name + ")",
                     patience))
      return "node " + replica.address().text + " wants the slot " + slot + ": " + target_.error();
  }
  if (!replica.ask("ALTER SYSTEM SET primary_conninfo = " + literal(*points, false), patience) ||
      !replica.ask("SELECT pg_reload_conf()", patience))
    return "node " + replica.error();
  return {};
}

Outcome PostgresRecipe::rejoin(const Patience& patience) {
  if (delegates()) return await_old(patience);
  if (!has_commands())
    return {Result::kFailed, "node " + cast_.old_primary.text +
                                 " is read only and gets no statement: there are no commands stop, rejoin and start in "
                                 "[database.switchover]. Make it a replica, and ALTER SYSTEM RESET "
                                 "default_transaction_read_only there"};
  const auto rejoined = run(commands_.rejoin, patience);
  if (!rejoined.is_good()) return gave_up(patience, "command rejoin: " + rejoined.text());
  const auto started = run(commands_.start, patience);
  if (!started.is_good()) return gave_up(patience, "command start: " + started.text());
  return await_old(patience);
}

Outcome PostgresRecipe::await_old(const Patience& patience) {
  while (!follows_target(old_, patience) && !patience.is_over()) pause(patience, kSlowPoll);
  if (patience.is_over())
    return gave_up(patience, "node " + cast_.old_primary.text + " does not follow " + cast_.target.text +
                                 " yet: see its log, and that the operator's commands make it a replica");
  return {Result::kDone, "node " + cast_.old_primary.text + " follows " + cast_.target.text};
}

// ---- the way back

Outcome PostgresRecipe::undo(const Patience& patience) {
  if (closed_) {
    old_.close();  // a session that is new: it may be read only itself, which ALTER SYSTEM minds not
    if (!old_.ask("ALTER SYSTEM RESET default_transaction_read_only", patience) ||
        !old_.ask("SELECT pg_reload_conf()", patience))
      return gave_up(patience, "node " + old_.error() + ": ALTER SYSTEM RESET default_transaction_read_only there");
    return {Result::kDone, "node " + cast_.old_primary.text + " takes writes again"};
  }
  if (!stopped_) return {};
  std::string why;
  while (!patience.is_over()) {
    if (old_.ask("SELECT 1", patience.at_most(2 * kSecond)))
      return {Result::kDone, "node " + cast_.old_primary.text + " runs again"};
    why = run(commands_.start, patience).text();  // it may still be stopping: once more, then
    pause(patience, kSlowPoll);
  }
  return gave_up(patience, "node " + cast_.old_primary.text + " does not start again: " + why);
}

CommandEnd PostgresRecipe::run(const std::string& command, const Patience& patience) const {
  return run_operators_command(cast_, command, patience);
}

}  // namespace

std::unique_ptr<Recipe> make_postgres_recipe(const Cast& cast) { return std::make_unique<PostgresRecipe>(cast); }

}  // namespace shardway::proxy::control::switchover
