// The end of a transaction on a sharded database. One that wrote to one shard ends everywhere at once; one that wrote
// to several, by the last-agent protocol (ARCHITECTURE.md, "Atomic commit"), stage by stage: every link is told its
// part, all answers are read, and what they say decides the next stage. The client's COMMIT stays where it is meanwhile
// and comes again (session.hpp).
#include <algorithm>

#include "proxy/mysql/session.hpp"
#include "proxy/transaction/fault_point.hpp"
#include "proxy/transaction/ledger.hpp"
#include "proxy/transaction/mysql_store.hpp"
#include "proxy/transaction/recovery.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;
namespace store = transaction::mysql_store;
using Stage = Transaction::Stage;
using CommitState = transaction::State;

namespace {

constexpr std::chrono::seconds kDoubtPatience{30};  // then the client is told that nobody knows
constexpr std::chrono::milliseconds kDoubtPoll{5};

KeptError rolled_back(std::string message) { return {1213, "40001", std::move(message) + "; run it again"}; }
KeptError unknown_outcome(std::string message) { return {1180, "08007", std::move(message)}; }

bool contains(const Shards& shards, router::ShardIndex shard) noexcept {
  return std::find(shards.begin(), shards.end(), shard) != shards.end();
}

}  // namespace

// A transaction that writes on several shards has to be committed on all of them or on none: are they able to?
std::optional<protocol::Fault> Session::unable_to_write(const Shards& written) const {
  std::vector<std::size_t> shards(written.begin(), written.end());
  each_link([&](const Link& link) {
    const auto shard = link.target().shard;
    if (link.wrote && std::find(shards.begin(), shards.end(), shard) == shards.end()) shards.push_back(shard);
  });
  if (shards.size() < 2) return std::nullopt;
  const auto no = [](std::string why, std::string hint) {
    return protocol::Fault{protocol::FaultReason::kSeveralShards,
                           "a transaction that writes on several shards cannot be committed on all or none: " + why,
                           std::move(hint), 0};
  };
  const auto& ledger = database_->backend().ledger;
  if (!ledger) return no("nobody watches them", "set user in [database.control]");
  for (const auto shard : shards) {
    const transaction::Name longest{ledger->cluster(), transaction::incarnation(), UINT64_MAX, shard_name(shard)};
    if (longest.gid(shard).size() > store::kMostGidBytes)
      return no("the names of the cluster and of shard \"" + shard_name(shard) + "\" are too long together",
                "shorten shardway.cluster");
  }
  const auto unable = transaction::unable_to_commit_together(database_->backend(), shards);
  return unable ? std::optional(no(unable->why, unable->hint)) : std::nullopt;
}

const std::string& Session::shard_name(router::ShardIndex shard) const {
  return database_->config().shards[shard].name;
}

std::string Session::xid_on(const Link& link) const { return store::xid(transaction_->name->gid(link.target().shard)); }

void Session::tell(Link& link, std::initializer_list<std::string> statements) {
  for (const auto& sql : statements) link.ask(my::Command::kQuery, sql);
  link.flush();
  if (&link == link_.get()) link_is_ready_ = false;
}

// Ends every branch. False: not yet; the command comes again.
bool Session::end_branches(bool commit) {
  if (!transaction_) return true;
  if (transaction_->stage == Stage::kOpen) begin_end(commit);
  while (is_settled()) {
    const auto gone_on = next_stage();
    if (gone_on) return *gone_on;
  }
  return false;
}

// Every link has answered. Those that have not are read one after the other.
bool Session::is_settled() {
  const auto owes = [](const auto& link) { return link && !link->is_broken() && link->owes(); };
  for (;;) {
    if (owes(link_)) return false;
    const auto owing = std::find_if(parked_.begin(), parked_.end(), owes);
    if (owing == parked_.end()) return true;
    std::swap(*owing, link_);
    if (*owing == nullptr) parked_.erase(owing);
    link_is_ready_ = false;
    link_->readable = true;
    read_link();
    if (phase_ == Phase::kClosed) return false;
  }
}

void Session::begin_end(bool commit) {
  auto& transaction = *transaction_;
  transaction.commits = commit;
  transaction.enlisted = branches();
  transaction.error.reset();
  Shards writers;
  each_link([&](const Link& link) {
    if (link.xa_begun && link.wrote) writers.push_back(link.target().shard);
  });
  if (commit && writers.size() > 1) return begin_atomic(std::move(writers));
  transaction.stage = Stage::kOnePhase;
  each_link([&](Link& link) {
    if (!link.xa_begun || link.is_broken()) return;
    const auto xid = xid_on(link);
    tell(link, {"XA END " + xid, commit ? "XA COMMIT " + xid + " ONE PHASE" : "XA ROLLBACK " + xid});
  });
}

// Readers end, and every writer but the agent is prepared; all at once.
void Session::begin_atomic(Shards writers) {
  auto& transaction = *transaction_;
  std::vector<std::string> parts;
  if (!contains(writers, transaction.agent)) writers.push_back(transaction.agent);
  std::sort(writers.begin(), writers.end());
  transaction.parts.clear();
  for (const auto shard : writers) {
    parts.push_back(shard_name(shard));
    transaction.parts += (transaction.parts.empty() ? "" : ",") + parts.back();
  }
  transaction.stage = Stage::kPreparing;
  database_->backend().ledger->begin(*transaction.name, id_, std::move(parts));
  transaction::at_step("begun");
  each_link([&](Link& link) {
    const auto shard = link.target().shard;
    if (!link.xa_begun || link.is_broken() || shard == transaction.agent) return;
    const auto xid = xid_on(link);
    if (!link.wrote) return tell(link, {"XA END " + xid, "XA COMMIT " + xid + " ONE PHASE"});
    transaction.prepared.push_back(shard);
    tell(link, {store::insert_applied(*transaction.name, transaction.parts), "XA END " + xid, "XA PREPARE " + xid});
  });
  transaction::at_step("preparing");
}

// What all answers together mean. Nothing: the next stage is under way; true: it is over; false: it has to be waited.
std::optional<bool> Session::next_stage() {
  switch (transaction_->stage) {
    case Stage::kOnePhase: return one_phase_told();
    case Stage::kPreparing: return parts_prepared();
    case Stage::kDeciding: return agent_told();
    case Stage::kInDoubt: return await_outcome();
    case Stage::kApplying: return parts_applied();
    case Stage::kAborting: return abort_told();
    case Stage::kOpen: break;
  }
  return true;
}

// Where something went wrong since the stage began: a server's error, or a connection that broke.
Shards Session::failed_shards() const {
  Shards failed;
  each_link([&](const Link& link) {
    if (link.xa_begun && (link.failed || link.is_broken())) failed.push_back(link.target().shard);
  });
  return failed;
}

std::optional<bool> Session::one_phase_told() {
  bool lost = false;
  each_link([&](const Link& link) { lost = lost || (link.xa_begun && link.is_broken()); });
  if (!transaction_->commits) transaction_->error.reset();  // what could not be rolled back ends with its connection
  if (lost && transaction_->commits && !transaction_->error)
    transaction_->error = unknown_outcome("the server connection was lost during COMMIT; it may have been committed");
  transaction_over();
  return true;
}

std::optional<bool> Session::parts_prepared() {
  transaction::at_step("prepared");
  auto& transaction = *transaction_;
  auto* agent = link_on(transaction.agent);
  if (!failed_shards().empty() || agent == nullptr || agent->is_broken()) {
    if (!transaction.error)
      transaction.error = rolled_back("a server connection was lost before the transaction was committed");
    return roll_back_all();
  }
  // The commit point.
  transaction.stage = Stage::kDeciding;
  database_->backend().ledger->set_state(*transaction.name, CommitState::kDeciding);
  constexpr std::string_view kOn{"\0\0", 2}, kOff{"\1\0", 2};
  const bool has_it = (agent->target().login.capabilities & my::capability::kMultiStatements) != 0;
  if (!has_it) agent->ask(my::Command::kSetOption, kOn);
  tell(*agent, {store::decide_and_commit(*transaction.name, transaction.agent, transaction.parts)});
  if (!has_it) agent->ask(my::Command::kSetOption, kOff);
  agent->flush();
  transaction::at_step("deciding");
  return std::nullopt;
}

// Anything but a plain success may have been a commit: recovery finds out, whose word is final.
std::optional<bool> Session::agent_told() {
  auto& transaction = *transaction_;
  auto* agent = link_on(transaction.agent);
  auto& ledger = *database_->backend().ledger;
  if (agent == nullptr || agent->is_broken() || agent->failed) {
    each_link([](Link& link) { link.mark_broken(); });  // nobody else can end a part while its connection lives
    ledger.hand_over(*transaction.name, CommitState::kInDoubt,
                     "the answer to COMMIT was lost on shard \"" + transaction.name->agent + "\"");
    transaction.stage = Stage::kInDoubt;
    transaction.deadline = net::Clock::now() + kDoubtPatience;
    close_broken();
    return std::nullopt;
  }
  transaction::at_step("decided");
  agent->xa_begun = agent->wrote = false;
  ledger.set_state(*transaction.name, CommitState::kApplying);
  transaction.stage = Stage::kApplying;
  each_link([&](Link& link) {
    if (contains(transaction.prepared, link.target().shard) && !link.is_broken())
      tell(link, {"XA COMMIT " + xid_on(link)});
  });
  transaction::at_step("applying");
  return std::nullopt;
}

std::optional<bool> Session::await_outcome() {
  auto& transaction = *transaction_;
  const auto committed = database_->backend().ledger->outcome(*transaction.name);
  if (!committed && net::Clock::now() < transaction.deadline) {
    worker_.resume_after(*this, kDoubtPoll);
    return false;
  }
  if (!committed)
    transaction.error = unknown_outcome("the server connection was lost during COMMIT, and shard \"" +
                                        transaction.name->agent + "\" does not answer; it may have been committed");
  else if (*committed)
    transaction.error.reset();
  else if (!transaction.error)
    transaction.error = rolled_back("the server connection was lost during COMMIT; the transaction was rolled back");
  transaction_over();
  return true;
}

std::optional<bool> Session::parts_applied() {
  auto& transaction = *transaction_;
  auto& ledger = *database_->backend().ledger;
  std::string missing;
  for (const auto shard : transaction.prepared) {
    auto* link = link_on(shard);
    if (link != nullptr && !link->failed && !link->is_broken()) continue;
    if (link != nullptr) link->mark_broken();
    missing += (missing.empty() ? "" : ", ") + shard_name(shard);
  }
  transaction::at_step("applied");
  transaction.error.reset();  // committed all the same; reads of these shards wait until they have it
  if (missing.empty())
    ledger.finish(*transaction.name, true);
  else
    ledger.hand_over(*transaction.name, CommitState::kApplying, "XA COMMIT was not confirmed by shards: " + missing);
  transaction_over();
  return true;
}

// Nothing was committed where anything was written; what is still open or prepared is rolled back.
std::optional<bool> Session::roll_back_all() {
  transaction_->stage = Stage::kAborting;
  each_link([&](Link& link) {
    if (!link.xa_begun || link.is_broken()) return;
    link.failed = false;
    const auto xid = xid_on(link);
    tell(link, {"XA END " + xid, "XA ROLLBACK " + xid});  // of which the first fails where it is prepared
  });
  return std::nullopt;
}

// What counts is that no part that may be prepared has lost its connection, or would not be rolled back.
std::optional<bool> Session::abort_told() {
  auto& transaction = *transaction_;
  bool unsure = false;
  for (const auto shard : transaction.prepared) {
    auto* link = link_on(shard);
    unsure = unsure || link == nullptr || link->is_broken() || link->rollback_failed;
    if (link != nullptr) link->mark_broken();
  }
  auto& ledger = *database_->backend().ledger;
  if (unsure)
    ledger.hand_over(*transaction.name, CommitState::kAborting,
                     "a part may be prepared on a shard whose connection was lost");
  else
    ledger.finish(*transaction.name, false);
  transaction_over();
  return true;
}

// An answer to what Shardway told a branch was an error.
void Session::note_end_failed(KeptError error) {
  link_->failed = true;
  link_->close_when_returned();
  if (transaction_->stage == Stage::kAborting)
    link_->rollback_failed = true;
  else if (!transaction_->error)
    transaction_->error = std::move(error);
}

// The session ends in the middle of it: recovery finishes what is not.
void Session::abandon_commit() {
  if (!transaction_) return;
  const auto stage = transaction_->stage;
  if (stage != Stage::kPreparing && stage != Stage::kDeciding && stage != Stage::kApplying && stage != Stage::kAborting)
    return;
  each_link([](Link& link) { link.mark_broken(); });
  database_->backend().ledger->hand_over(*transaction_->name, CommitState::kInDoubt,
                                         "the client was closed during COMMIT");
}

Link* Session::link_on(router::ShardIndex shard) noexcept {
  if (link_ && link_->target().shard == shard) return link_.get();
  for (const auto& link : parked_)
    if (link->target().shard == shard) return link.get();
  return nullptr;
}

void Session::close_broken() {
  for (auto& link : std::exchange(parked_, {})) {
    if (link->is_broken())
      hand_back(std::move(link), false);
    else
      parked_.push_back(std::move(link));
  }
  if (link_ && link_->is_broken()) give_back(false);
}

// The links go back; what binds the session to one of them stays.
void Session::transaction_over() {
  end_error_ = std::move(transaction_->error);
  for (const auto shard : transaction_->enlisted)
    marks_.stamp(database_->backend(), shard, nullptr, transaction_->commits);
  transaction_.reset();
  status_ = static_cast<std::uint16_t>(status_ & ~(my::status::kInTransaction | my::status::kInReadOnlyTransaction));
  close_broken();
  each_link([](Link& link) { link.xa_begun = link.wrote = link.failed = link.rollback_failed = false; });
  release_parked(true);
  if (link_ && !is_bound() && !has_cursor(*link_) && with_data_.empty()) give_back(/*clean=*/true);
}

}  // namespace shardway::proxy::mysql
