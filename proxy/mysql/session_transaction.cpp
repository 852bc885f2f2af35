// Transactions on a sharded database: BEGIN is answered at once; each shard begins its XA branch at the first statement
// that needs it, and COMMIT ends them. https://mariadb.com/kb/en/xa-transactions/
#include <strings.h>
#include <algorithm>

#include "proxy/mysql/fault_code.hpp"
#include "proxy/mysql/session.hpp"
#include "proxy/transaction/name.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;
using protocol::FaultReason;
using router::Statement;
using router::StatementKind;

namespace {

constexpr std::uint16_t kOpen = my::status::kInTransaction | my::status::kInReadOnlyTransaction;

std::string new_xid() {
  static std::atomic<std::uint64_t> last{0};
  return "shardway:" + transaction::incarnation() + ":" + std::to_string(++last);
}

std::string quoted_name(const std::string& name) {
  std::string quoted = "`";
  for (const char c : name) quoted.append(c == '`' ? 2 : 1, c);
  return quoted + '`';
}

bool same_savepoint(const std::string& a, const std::string& b) noexcept {
  return strcasecmp(a.c_str(), b.c_str()) == 0;
}

// The transaction is gone: a deadlock's victim, or what a server has rolled back for another reason.
bool rolls_back(std::uint16_t code) noexcept { return code == 1213 || code == 1402 || code == 1613 || code == 1614; }

std::string_view without_end(std::string_view sql) noexcept {
  while (!sql.empty() && (sql.back() == ';' || static_cast<unsigned char>(sql.back()) <= ' ')) sql.remove_suffix(1);
  return sql;
}

}  // namespace

bool Session::autocommits() const noexcept {
  const auto found = state_->variables.find("autocommit");
  return found == state_->variables.end() || found->second != "OFF";
}

// The status of the session where a link knows only its own part.
std::uint16_t Session::shown_status(std::uint16_t status) const noexcept {
  if (!transaction_ || transaction_->is_implicit || transaction_->is_over) return status;
  return static_cast<std::uint16_t>(status | my::status::kInTransaction |
                                    (transaction_->read_only ? my::status::kInReadOnlyTransaction : 0));
}

void Session::open_implicitly() {
  transaction_ = std::make_unique<Transaction>();
  transaction_->is_implicit = true;
  transaction_->xid = new_xid();
  transaction_->characteristics = std::move(next_characteristics_);
  next_characteristics_.clear();
}

Session::Step Session::transaction_statement(const Statement& statement, const Work& work) {
  if (statement.fault) return refuse(*statement.fault);
  switch (statement.kind) {
    case StatementKind::kBegin: return begin(statement);
    case StatementKind::kCommit: return end_transaction(statement, true);
    case StatementKind::kRollback: return end_transaction(statement, false);
    case StatementKind::kSetTransaction: return set_characteristics(work.sql);
    default: return savepoint(statement, work);
  }
}

Session::Step Session::begin(const Statement& statement) {
  if (!end_branches(true)) return Step::kBlocked;
  if (const auto failed = end_failed()) return *failed;
  transaction_ = std::make_unique<Transaction>();
  transaction_->xid = new_xid();
  transaction_->read_only = statement.read_only_begin;
  transaction_->characteristics = std::move(next_characteristics_);
  next_characteristics_.clear();
  if (statement.read_only_begin) {
    auto& characteristics = transaction_->characteristics;
    characteristics += (characteristics.empty() ? "" : ";") + std::string("SET TRANSACTION READ ONLY");
  }
  status_ = shown_status(status_);
  answer_ok();
  return Step::kConsumed;
}

// One statement's text, kept for the next transaction.
Session::Step Session::set_characteristics(std::string_view sql) {
  if (transaction_ && (!transaction_->is_implicit || has_branches()))
    return refuse({FaultReason::kActiveTransaction,
                   "Transaction characteristics can't be changed while a transaction is in progress", "", 0});
  next_characteristics_ += (next_characteristics_.empty() ? "" : ";") + std::string(without_end(sql));
  answer_ok();
  return Step::kConsumed;
}

Session::Step Session::savepoint(const Statement& statement, const Work& work) {
  const auto& name = statement.name;
  const bool sets = statement.kind == StatementKind::kSavepoint;
  if (sets && !transaction_ && autocommits()) {
    answer_ok();  // it is gone as soon as it is set
    return Step::kConsumed;
  }
  if (sets && !transaction_) open_implicitly();
  static const std::vector<std::string> none;
  const auto& known = transaction_ ? transaction_->savepoints : none;
  const auto found =
      std::find_if(known.begin(), known.end(), [&](const auto& one) { return same_savepoint(one, name); });
  if (!sets && found == known.end()) {
    answer_error(1305, "42000", "SAVEPOINT " + name + " does not exist");
    return Step::kConsumed;
  }
  if (has_branches()) {
    const auto step = on_branches(work);
    if (step == Step::kBlocked) return step;
  } else {
    answer_ok();
  }
  auto& savepoints = transaction_->savepoints;
  const auto at = savepoints.begin() + (found - known.begin());
  if (sets && found != known.end()) savepoints.erase(at);
  if (sets) savepoints.push_back(name);
  if (statement.kind == StatementKind::kRollbackTo) savepoints.erase(at + 1, savepoints.end());
  if (statement.kind == StatementKind::kReleaseSavepoint) savepoints.erase(at, savepoints.end());
  return Step::kConsumed;
}

bool Session::has_branches() const noexcept {
  const auto begun = [](const auto& link) { return link && link->xa_begun; };
  return begun(link_) || std::any_of(parked_.begin(), parked_.end(), begun);
}

std::vector<router::ShardIndex> Session::branches() const {
  std::vector<router::ShardIndex> shards;
  const auto note = [&](const auto& link) {
    if (link && link->xa_begun) shards.push_back(link->target().shard);
  };
  note(link_);
  for (const auto& link : parked_) note(link);
  std::sort(shards.begin(), shards.end());
  return shards;
}

// The branch on the link at hand is begun. False: XA START is on its way; the command comes again.
bool Session::enlist() {
  if (link_->xa_begun) return true;
  ask_each(transaction_->characteristics);
  link_->ask(my::Command::kQuery, "XA START " + xid_on(*link_));
  for (const auto& name : transaction_->savepoints) link_->ask(my::Command::kQuery, "SAVEPOINT " + quoted_name(name));
  link_->xa_begun = true;
  link_->wrote = false;
  link_is_ready_ = false;
  return false;
}

std::string Session::xid_on(const Link& link) const {
  return '\'' + transaction_->xid + "','" + std::to_string(link.target().shard) + '\'';
}

void Session::ask_each(std::string_view statements) {
  while (!statements.empty()) {
    const auto one = statements.substr(0, statements.find(';'));
    link_->ask(my::Command::kQuery, one);
    statements.remove_prefix(std::min(statements.size(), one.size() + 1));
  }
}

// SET TRANSACTION before a statement that is its own transaction. Whether the statement has used it up is not known
// afterwards: the link is cleaned. False: it is on its way.
bool Session::announce_characteristics(const Statement& statement) {
  if (next_characteristics_.empty() || transaction_ || statement.kind == StatementKind::kSet) return true;
  ask_each(next_characteristics_);
  next_characteristics_.clear();
  link_->close_when_returned();
  link_is_ready_ = false;
  return false;
}

// What must not be written because another shard has been written to in this transaction.
std::optional<protocol::Fault> Session::unable_to_write(router::ShardIndex shard, bool writes) const {
  if (!writes || !transaction_) return std::nullopt;
  const auto elsewhere = [shard](const auto& link) { return link && link->wrote && link->target().shard != shard; };
  if (!elsewhere(link_) && std::none_of(parked_.begin(), parked_.end(), elsewhere)) return std::nullopt;
  return protocol::Fault{FaultReason::kSeveralShards,
                         "this transaction has written to another shard already: one that writes to several is not "
                         "supported over the MySQL protocol yet",
                         "write to one shard in a transaction", 0};
}

// An implicit commit, and SET autocommit = 1, end what is open before they run. Nothing: there is nothing to end.
std::optional<Session::Step> Session::end_before(const Statement& statement) {
  if (!transaction_) return std::nullopt;
  const bool switches =
      !autocommits() && std::any_of(statement.settings.begin(), statement.settings.end(),
                                    [](const auto& one) { return one.name == "autocommit" && !one.global; });
  if (!statement.implicit_commit && !switches) return std::nullopt;
  if (!end_branches(true)) return Step::kBlocked;
  return end_failed();
}

Session::Step Session::end_transaction(const Statement& statement, bool commit) {
  const bool chains = statement.chain && transaction_ && !transaction_->is_implicit;
  if (chains && !next_begun_) next_begun_ = std::make_unique<Transaction>(*transaction_);
  if (!end_branches(commit)) return Step::kBlocked;
  auto next = std::move(next_begun_);
  if (!commit) end_fault_.reset();  // what could not be rolled back is reset with its connection
  if (const auto failed = end_failed()) return *failed;
  if (next) {
    next->xid = new_xid();
    next->savepoints.clear();
    next->is_ending = next->is_over = false;
    transaction_ = std::move(next);
    status_ = shown_status(status_);
  }
  answer_ok();
  if (statement.release) {
    out_.flush(stream_);
    close();
  }
  return Step::kConsumed;
}

// Ends every branch. False: their answers are still to come; the command comes again.
bool Session::end_branches(bool commit) {
  if (!transaction_) return true;
  if (!transaction_->is_ending) {
    transaction_->is_ending = true;
    if (link_) tell_end(*link_, commit);
    for (const auto& link : parked_) tell_end(*link, commit);
  }
  if (link_ && link_->owes()) return false;
  const auto owing = std::find_if(parked_.begin(), parked_.end(), [](const auto& link) { return link->owes(); });
  if (owing == parked_.end()) {
    transaction_over();
    return true;
  }
  std::swap(*owing, link_);
  if (*owing == nullptr) parked_.erase(owing);
  link_is_ready_ = false;
  link_->readable = true;
  worker_.resume_later(*this);
  read_link();
  return false;
}

void Session::tell_end(Link& link, bool commit) {
  if (!link.xa_begun) return;
  link.ask(my::Command::kQuery, "XA END " + xid_on(link));
  link.ask(my::Command::kQuery, commit ? "XA COMMIT " + xid_on(link) + " ONE PHASE" : "XA ROLLBACK " + xid_on(link));
  link.flush();
  if (&link == link_.get()) link_is_ready_ = false;
}

// The links go back; what binds the session to one of them stays.
void Session::transaction_over() {
  transaction_.reset();
  status_ = static_cast<std::uint16_t>(status_ & ~kOpen);
  if (link_) link_->xa_begun = link_->wrote = false;
  for (const auto& link : parked_) link->xa_begun = link->wrote = false;
  release_parked(true);
  if (link_ && pin_ == router::PinReason::kNone && cursors_.empty() && !held_for_data_) give_back(/*clean=*/true);
}

// A server has rolled its branch back: nothing of the transaction is left anywhere.
void Session::drop_transaction() {
  transaction_.reset();
  status_ = static_cast<std::uint16_t>(status_ & ~kOpen);
  release_parked(false);
  if (link_) give_back(/*clean=*/false);
}

// How the end of the transaction failed, as its server said it.
std::optional<Session::Step> Session::end_failed() {
  if (!end_fault_) return std::nullopt;
  const auto fault = std::move(end_fault_);
  answer_error(fault->code, fault->sqlstate, fault->message);
  return Step::kConsumed;
}

void Session::note_rollback(std::uint16_t code) {
  if (transaction_ && link_->xa_begun && rolls_back(code)) transaction_->is_over = true;
}

void Session::release_parked(bool clean) {
  for (auto& link : std::exchange(parked_, {})) hand_back(std::move(link), clean);
}

}  // namespace shardway::proxy::mysql
