// The other half of a switchover of PostgreSQL: who follows the new primary, and the way back.
#include "proxy/control/switchover_postgres_recipe.hpp"

namespace shardway::proxy::control::switchover {
namespace {

const char* const kReceivedTimeline =
    "SELECT coalesce((SELECT received_tli FROM pg_stat_wal_receiver WHERE status = 'streaming'), 0)";

}  // namespace

// ---- who follows it

Outcome PostgresRecipe::follow(const Patience& patience) {
  std::string wrong;
  std::vector<std::unique_ptr<Line>> replicas;
  for (const auto& address : cast_.others) {
    auto replica = std::make_unique<Line>(*cast_.database, address);
    const bool is_led = cast_.course.finishes && follows_target(*replica, patience.at_most(kSecond));
    const auto problem =
        delegates() || is_led ? std::string() : point_at_target(*replica, patience.at_most(5 * kSecond));
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
  if (cast_.old_primary.text == cast_.target.text) return {};  // all are among the others
  if (delegates()) return await_old(patience);
  if (!has_commands())
    return {Result::kFailed, "node " + cast_.old_primary.text +
                                 " is read only and gets no statement: there are no commands stop, rejoin and start in "
                                 "[database.switchover]. Make it a replica, and ALTER SYSTEM RESET "
                                 "default_transaction_read_only there"};
  if (cast_.course.finishes && old_.ask("SELECT 1", patience.at_most(kSecond))) {
    old_.close();
    const auto stopped = run(commands_.stop, patience);
    if (!stopped.is_good()) return gave_up(patience, "command stop: " + stopped.text());
  }
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
  if (closed_) return take_writes_again(old_, patience);
  return stopped_ ? start_again(old_, patience) : Outcome();
}

Outcome PostgresRecipe::take_writes_again(Line& line, const Patience& patience) {
  line.close();  // a session that is new: it may be read only itself, which ALTER SYSTEM minds not
  if (!line.ask("ALTER SYSTEM RESET default_transaction_read_only", patience) ||
      !line.ask("SELECT pg_reload_conf()", patience))
    return gave_up(patience, "node " + line.error() + ": ALTER SYSTEM RESET default_transaction_read_only there");
  auto outcome = await_reload(line, "off", patience);
  if (outcome.result == Result::kDone) outcome.detail = "node " + line.address().text + " takes writes again";
  return outcome;
}

Outcome PostgresRecipe::start_again(Line& line, const Patience& patience) {
  std::string why;
  while (!patience.is_over()) {
    if (line.ask("SELECT 1", patience.at_most(2 * kSecond)))
      return {Result::kDone, "node " + line.address().text + " runs again"};
    why = run(commands_.start, patience).text();  // it may still be stopping: once more, then
    pause(patience, kSlowPoll);
  }
  return gave_up(patience, "node " + line.address().text + " does not start again: " + why);
}

// It is read only, or stopped; all others are replicas (unfinished.hpp). The commands are told of the old primary,
// which it is.
Outcome PostgresRecipe::restore(const Patience& patience) {
  auto& line = cast_.course.finishes ? target_ : old_;
  if (line.ask("SELECT 1", patience.at_most(2 * kSecond))) return take_writes_again(line, patience);
  if (has_commands()) return start_again(line, patience);
  return failed("node " + line.error() + ": start it; there is no command start in [database.switchover]");
}

CommandEnd PostgresRecipe::run(const std::string& command, const Patience& patience) const {
  return run_operators_command(cast_, command, patience);
}

}  // namespace shardway::proxy::control::switchover
