// COMMIT of a transaction that is open on several shards: on all of them or on none.
#include <algorithm>

#include "protocol/postgres/messages.hpp"
#include "proxy/postgres/fault_code.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/transaction/fault_point.hpp"
#include "proxy/transaction/ledger.hpp"
#include "proxy/transaction/postgres_store.hpp"
#include "proxy/transaction/recovery.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;
namespace store = transaction::postgres_store;
using protocol::Fault;
using protocol::FaultReason;
using transaction::State;

namespace {

constexpr std::chrono::seconds kDoubtPatience{30};  // then the client is told that nobody knows
constexpr std::chrono::milliseconds kDoubtPoll{5};

bool is_sealing(const router::Setting& setting) noexcept {
  return setting.from_function && setting.name == "transaction_read_only";
}

// A part that was prepared by the role of the moment is not the session's to commit when the role has gone back.
Fault written_by_local_role() {
  return {FaultReason::kSeveralShards,
          "SET LOCAL ROLE in a transaction that writes on several shards is not supported: its parts could not be "
          "committed",
          "SET ROLE before BEGIN, and RESET ROLE behind COMMIT", 0};
}

CommitOutcome failed_with(const Fault& fault) {
  CommitOutcome outcome;
  encode_fault(outcome.error, fault);
  return outcome;
}

}  // namespace

// A transaction that writes on several shards has to be committed on all of them or on none: are they able to?
// Why the statement may not run on these shards beside those that the transaction is on.
std::optional<Fault> Session::unable_here(const router::Statement& statement, const router::Plan& plan) const {
  if (auto fault = cursor_elsewhere(statement, plan)) return fault;
  if (auto fault = cursors_unseen(statement, plan)) return fault;
  if (has_written() && database_->topology().sharded() &&
      std::any_of(statement.settings.begin(), statement.settings.end(), is_sealing))
    return Fault{FaultReason::kSeveralShards,
                 "set_config('transaction_read_only', …) in a transaction that has written is not supported on a "
                 "sharded database",
                 "use SET TRANSACTION READ ONLY", 0};
  const bool calls_set_config = std::any_of(statement.settings.begin(), statement.settings.end(),
                                            [](const router::Setting& setting) { return setting.from_function; });
  if (!calls_set_config || plan.shards.empty()) return unable_to_write(plan);
  const bool elsewhere = std::any_of(branches_.begin(), branches_.end(), [&](const Branch& branch) {
    return branch.shard != plan.shards[0] && (branch.begun || branch.dirty || branch.executed);
  });
  if (!elsewhere) return unable_to_write(plan);
  return Fault{
      FaultReason::kSeveralShards,
      "set_config() in a transaction that is on other shards is not supported: it would reach one of them only",
      "use SET or SET LOCAL, or call it first", 0};
}

std::optional<Fault> Session::unable_to_write(const router::Plan& plan) const {
  if (!plan.writes || (transaction_ && transaction_->is_sealed)) return std::nullopt;
  std::vector<std::size_t> shards(plan.shards.begin(), plan.shards.end());
  for (const auto& branch : branches_) {
    if (branch.use == Use::kWrite && std::find(shards.begin(), shards.end(), branch.shard) == shards.end())
      shards.push_back(branch.shard);
  }
  if (shards.size() < 2) return std::nullopt;
  if (transaction_ && transaction_->has_local_role) return written_by_local_role();
  const auto unable = transaction::unable_to_commit_together(database_->backend(), shards);
  if (!unable) return std::nullopt;
  return Fault{FaultReason::kSeveralShards,
               "a transaction that writes on several shards cannot be committed on all or none: " + unable->why,
               unable->hint, 0};
}

std::string Session::shard_name(const Link& link) const { return database_->config().shards[link.target().shard].name; }

// Ends the transaction on every branch; `then` learns how, and the transaction is still there for it to clear up.
void Session::commit_everywhere(std::function<void(const CommitOutcome&)> then) {
  commit_ = std::make_unique<Commit>();
  commit_->then = std::move(then);
  bool lost = false;
  const bool checked_at_end = transaction_->serializable || serializable_default_;  // then a reader's COMMIT may fail
  for (auto& branch : branches_) {
    if (!branch.begun) continue;
    lost = lost || branch.link->is_broken();
    auto& list = branch.use == Use::kWrite                     ? commit_->writers
                 : branch.use == Use::kLock && !checked_at_end ? commit_->holders
                                                               : commit_->readers;
    if (branch.use == Use::kWrite && branch.unpreparable) commit_->agent = list.size();
    list.push_back(branch.link.get());
  }
  if (lost) {
    return abort_commit(
        failed_with({FaultReason::kServerLost, "a server connection of this transaction was lost", {}, 0}));
  }
  if (commit_->writers.size() > 1 && transaction_->has_local_role)
    return abort_commit(failed_with(written_by_local_role()));
  if (commit_->writers.size() > 1) name_commit();
  tell_readers();
}

void Session::name_commit() {
  std::vector<std::string> parts;
  for (const auto* link : commit_->writers) {
    parts.push_back(shard_name(*link));
    commit_->parts += (commit_->parts.empty() ? "" : ",") + parts.back();
  }
  auto agent = shard_name(commit_->agent_link());
  if (has_savepoint(*transaction_, kWritable))
    commit_->before_rows = "RELEASE SAVEPOINT " + quote_identifier(kWritable) + ";";
  commit_->name = database_->backend().ledger->begin(id_, std::move(agent), std::move(parts));
  transaction::at_step("begun");
}

std::string Session::gid_on(const Link& link) const { return commit_->name->gid(link.target().shard); }

// Readers end, and every writer but the agent is prepared; all at once.
void Session::tell_readers() {
  auto operation = commit_operation([this](Operation& done) { readers_told(done); });
  for (auto* link : commit_->readers) operation->add(*link, query_of("COMMIT"));
  if (commit_->is_atomic()) {
    for (auto* link : commit_->writers) {
      if (link == &commit_->agent_link()) continue;
      auto sql = commit_->before_rows + store::prepare(*commit_->name, link->target().shard, commit_->parts);
      operation->add(*link, query_of(std::move(sql)));
    }
  }
  if (operation->parts().empty()) return tell_agent();
  operate(std::move(operation), /*cancels=*/false);
  transaction::at_step("preparing");
}

void Session::readers_told(Operation& operation) {
  transaction::at_step("prepared");
  bool all = true;
  for (const auto& part : operation.parts()) {
    const auto& readers = commit_->readers;
    const bool reader = std::find(readers.begin(), readers.end(), part.link) != readers.end();
    const bool ended_well = !part.failed && part.tag == (reader ? "COMMIT" : "PREPARE TRANSACTION");
    if (ended_well && !reader) commit_->prepared.push_back(part.link);
    all = all && ended_well;
  }
  if (all) return tell_agent();
  if (operation.error_is_loss()) {
    return abort_commit(
        failed_with({FaultReason::kTransactionLost,
                     "a server connection was lost before the transaction was committed; it was rolled back",
                     "run the transaction again", 0}));
  }
  CommitOutcome outcome;
  outcome.kind = operation.failed() ? CommitOutcome::Kind::kFailed : CommitOutcome::Kind::kRolledBack;
  outcome.error = operation.error();
  abort_commit(std::move(outcome));
}

// The commit point.
void Session::tell_agent() {
  if (commit_->writers.empty()) return tell_parts();
  auto& agent = commit_->agent_link();
  if (agent.is_broken()) {
    return abort_commit(
        failed_with({FaultReason::kTransactionLost,
                     "the server connection was lost before the transaction was committed; it was rolled back",
                     "run the transaction again", 0}));
  }
  auto operation = commit_operation([this](Operation& done) { agent_told(done); });
  std::string sql = "COMMIT";
  if (commit_->is_atomic()) {
    database_->backend().ledger->set_state(*commit_->name, State::kDeciding);
    sql = commit_->before_rows + store::decide_and_commit(*commit_->name, commit_->parts);
  }
  operation->add(agent, query_of(std::move(sql)));
  operate(std::move(operation), /*cancels=*/false);
  transaction::at_step("deciding");
}

void Session::agent_told(Operation& operation) {
  const auto& part = operation.parts().front();
  if (operation.error_is_loss() || part.link->is_broken()) return agent_lost();
  if (part.failed || part.tag != "COMMIT") {
    CommitOutcome outcome;
    outcome.kind = part.failed ? CommitOutcome::Kind::kFailed : CommitOutcome::Kind::kRolledBack;
    outcome.error = operation.error();
    return abort_commit(std::move(outcome));
  }
  transaction::at_step("decided");
  if (commit_->is_atomic()) database_->backend().ledger->set_state(*commit_->name, State::kApplying);
  tell_parts();
}

// Its COMMIT may have run or not. One that decides for others is looked up by recovery; another one cannot be.
void Session::agent_lost() {
  if (!commit_->is_atomic()) {
    return end_commit(failed_with({FaultReason::kOutcomeUnknown,
                                   "the server connection was lost during COMMIT; it may have been committed",
                                   {},
                                   0}));
  }
  database_->backend().ledger->hand_over(*commit_->name, State::kInDoubt,
                                         "the answer to COMMIT was lost on shard \"" + commit_->name->agent + "\"");
  commit_->deadline = net::Clock::now() + kDoubtPatience;
  await_outcome();
}

void Session::await_outcome() {
  const auto committed = database_->backend().ledger->outcome(*commit_->name);
  if (committed && *committed) {
    for (const auto& branch : branches_) stamp(branch);
    CommitOutcome outcome;
    outcome.kind = CommitOutcome::Kind::kCommitted;
    return end_commit(std::move(outcome));
  }
  if (committed) {
    return end_commit(failed_with({FaultReason::kTransactionLost,
                                   "the server connection was lost during COMMIT; the transaction was rolled back",
                                   "run the transaction again", 0}));
  }
  if (net::Clock::now() >= commit_->deadline) {
    return end_commit(failed_with({FaultReason::kOutcomeUnknown,
                                   "the server connection was lost during COMMIT, and shard \"" + commit_->name->agent +
                                       "\" does not answer; it may have been committed",
                                   "SHOW TRANSACTIONS on the console lists it until it is known", 0}));
  }
  commit_->timer = worker_.loop().after(kDoubtPoll, [this] {
    commit_->timer = 0;
    await_outcome();
  });
}

// It is committed: what was prepared is told so, and locks are let go.
void Session::tell_parts() {
  auto operation = commit_operation([this](Operation& done) { parts_told(done); });
  if (commit_->is_atomic()) {
    for (auto* link : commit_->writers) {
      if (link != &commit_->agent_link() && !link->is_broken())
        operation->add(*link, query_of(store::commit_prepared(gid_on(*link))));
    }
  }
  for (auto* link : commit_->holders) {
    if (!link->is_broken()) operation->add(*link, query_of("COMMIT"));
  }
  if (operation->parts().empty()) return parts_told(*operation);
  operate(std::move(operation), /*cancels=*/false);
  transaction::at_step("applying");
}

void Session::parts_told(Operation& operation) {
  if (commit_->is_atomic()) note_applied(operation);
  CommitOutcome outcome;
  outcome.kind = CommitOutcome::Kind::kCommitted;
  end_commit(std::move(outcome));
}

void Session::note_applied(const Operation& operation) {
  std::string missing;
  for (const auto* link : commit_->writers) {
    if (link == &commit_->agent_link()) continue;
    const auto told = std::find_if(operation.parts().begin(), operation.parts().end(),
                                   [&](const Operation::Part& part) { return part.link == link; });
    const bool applied = told != operation.parts().end() && !told->failed && told->tag == "COMMIT PREPARED";
    if (!applied) missing += (missing.empty() ? "" : ", ") + shard_name(*link);
  }
  transaction::at_step("applied");
  auto& ledger = *database_->backend().ledger;
  if (missing.empty()) return ledger.finish(*commit_->name, true);
  // Committed all the same; reads of these shards wait until they have it.
  ledger.hand_over(*commit_->name, State::kApplying, "COMMIT PREPARED was not confirmed by shards: " + missing);
}

// Nothing was committed where anything was written; what is still open or prepared is rolled back.
void Session::abort_commit(CommitOutcome outcome) {
  commit_->outcome = std::move(outcome);
  auto operation = commit_operation([this](Operation& done) { abort_told(done); });
  for (auto& branch : branches_) {
    if (branch.begun && !branch.link->is_broken() && branch.link->status != 'I')
      operation->add(*branch.link, query_of("ROLLBACK"));
  }
  for (auto* link : commit_->prepared) {
    if (!link->is_broken()) operation->add(*link, query_of(store::rollback_prepared(gid_on(*link))));
  }
  if (operation->parts().empty()) return abort_told(*operation);
  operate(std::move(operation), /*cancels=*/false);
}

void Session::abort_told(Operation& operation) {
  if (commit_->is_atomic()) {
    bool unsure = operation.failed();
    for (const auto* link : commit_->writers) unsure = unsure || link->is_broken();
    auto& ledger = *database_->backend().ledger;
    if (unsure) {
      ledger.hand_over(*commit_->name, State::kAborting, "a part may be prepared on a shard whose connection was lost");
    } else {
      ledger.finish(*commit_->name, false);
    }
  }
  end_commit(std::move(commit_->outcome));
}

void Session::end_commit(CommitOutcome outcome) {
  auto ended = std::shared_ptr<Commit>(std::move(commit_));
  worker_.loop().bury(ended);
  ended->then(outcome);
  resume();
}

// The session ends in the middle of it: recovery finishes what is not.
void Session::abandon_commit() {
  if (!commit_) return;
  worker_.loop().cancel(commit_->timer);
  if (commit_->is_atomic()) {
    database_->backend().ledger->hand_over(*commit_->name, State::kInDoubt, "the client was closed during COMMIT");
  }
  worker_.loop().bury(std::shared_ptr<Commit>(std::move(commit_)));
}

std::unique_ptr<Operation> Session::commit_operation(std::function<void(Operation&)> then) {
  return std::make_unique<Operation>(
      Operation::Answer::kEnd, false, false,
      [this](std::string_view frame) {
        if (frame.front() == 'N' || frame.front() == 'A') send(frame);
      },
      [this, then = std::move(then)](Operation& done) {
        end_operation();
        then(done);
      });
}

}  // namespace shardway::proxy::postgres
