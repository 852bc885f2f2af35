#include <algorithm>

#include "proxy/control/answers.hpp"
#include "proxy/control/switchover_postgres_recipe.hpp"

namespace shardway::proxy::control::switchover {
namespace {

constexpr SteadyNanos kShortLag = 3 * kSecond;  // a replica that needs longer would make everybody wait

const char* const kEndOfWal =
    "SELECT pg_current_wal_insert_lsn(), current_setting('wal_block_size'),"
    " pg_size_bytes(current_setting('wal_segment_size'))";

}  // namespace

Outcome PostgresRecipe::check(const Patience& patience) {
  auto found = check_old(patience);
  if (found.result != Result::kDone) return found;
  if (auto taken = take_turn(patience); taken.result != Result::kDone) return taken;
  if (const auto missing = postgres_lacks(cast_, patience); !missing.empty())
    return failed(missing.front().message + "; " + missing.front().hint);
  if (auto wrong = check_target(patience); wrong.result != Result::kDone) return wrong;
  // So that the checkpoint of the stop has little to do. Who may not ask for one waits longer.
  if (has_commands() && !cast_.course.rehearses) old_.ask("SET statement_timeout = 0; CHECKPOINT", patience);
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
  auto answered = steady_now();
  std::string silent;  // why its last answer was none
  while (!patience.is_over()) {
    const auto at = target_.ask("SELECT pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()", patience);
    if (at) {
      const auto received = parse_lsn(at->text(0, 0).c_str()), replayed = parse_lsn(at->text(0, 1).c_str());
      if (to_the_end ? received > position && replayed >= received : replayed >= position) return {};
      missing = position > replayed ? position - replayed : 0;
    }
    if (at) answered = steady_now(), silent.clear();
    if (!at && (!patience.is_over() || steady_now() - answered > kSilence)) silent = target_.error();
    pause(patience, at ? kPoll : kSlowPoll);
  }
  if (!silent.empty()) return gave_up(patience, "the target does not answer any more: " + silent);
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
  if (cast_.course.rehearses)
    return {Result::kDone, "a rehearsal does not stop it: the time that takes is not in the pause"};
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
  if (auto wrong = await_reload(old_, "on", patience); wrong.result != Result::kDone) return wrong;
  std::string detail = "read only";
  if (!cast_.course.rehearses) {
    const auto ended = end_sessions(patience);
    if (!ended) return gave_up(patience, "node " + old_.error());
    detail += ", " + *ended;
  }
  if (!read_end_of_wal(patience)) return gave_up(patience, "node " + old_.error());
  return {Result::kDone, detail};
}

// The server's first process has heard of it when a session that is new begins with it.
Outcome PostgresRecipe::await_reload(Line& line, const char* read_only, const Patience& patience) {
  while (!patience.is_over()) {
    line.close();
    const auto is =
        line.ask("SELECT setting, source FROM pg_settings WHERE name = 'default_transaction_read_only'", patience);
    const bool is_users_own = is && is->text(0, 1) != "configuration file" && is->text(0, 1) != "default";
    if (is && (is->text(0, 0) == read_only || is_users_own)) return {};
    pause(patience, kPoll);
  }
  return gave_up(patience,
                 "node " + line.address().text + ": default_transaction_read_only does not become " + read_only);
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

std::unique_ptr<Recipe> make_postgres_recipe(const Cast& cast) { return std::make_unique<PostgresRecipe>(cast); }

}  // namespace shardway::proxy::control::switchover
