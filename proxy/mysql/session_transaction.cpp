// Transactions on a sharded database: BEGIN is answered at once; each shard begins its XA branch at the first statement
// that needs it, and COMMIT ends them. https://mariadb.com/kb/en/xa-transactions/
#include <strings.h>
#include <algorithm>

#include "proxy/mysql/fault_code.hpp"
#include "proxy/mysql/session.hpp"
#include "proxy/mysql/table_use.hpp"
#include "proxy/transaction/ledger.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;
using protocol::FaultReason;
using router::Statement;
using router::StatementKind;

namespace {

std::string quoted_name(const std::string& name) {
  std::string quoted = "`";
  for (const char c : name) quoted.append(c == '`' ? 2 : 1, c);
  return quoted + '`';
}

bool same_savepoint(const std::string& a, const std::string& b) noexcept {
  return strcasecmp(a.c_str(), b.c_str()) == 0;
}

// The transaction is gone: a deadlock's victim, or what a server has rolled back for another reason.
bool rolls_back(std::uint16_t code) noexcept {
  constexpr std::uint16_t kCodes[] = {1020, 1213, 1402, 1613, 1614};  // 1020: innodb_snapshot_isolation
  return std::find(std::begin(kCodes), std::end(kCodes), code) != std::end(kCodes);
}

// What a transaction begun by AND CHAIN inherits.
std::unique_ptr<Transaction> chained(const Transaction& before) {
  auto next = std::make_unique<Transaction>();
  next->read_only = before.read_only;
  next->has_access_mode = before.has_access_mode;
  next->isolation = before.isolation;
  return next;
}

// Switched off again, autocommit changes nothing; of any other value it is not sure.
bool may_autocommit(const router::Setting& setting) noexcept {
  if (setting.name != "autocommit" || setting.global) return false;
  const char* const kOff[] = {"0", "off", "false", "'off'"};
  return setting.computed || std::none_of(std::begin(kOff), std::end(kOff), [&](const char* off) {
           return strcasecmp(setting.value_sql.c_str(), off) == 0;
         });
}

std::string_view without_end(std::string_view sql) noexcept {
  while (!sql.empty() && (sql.back() == ';' || static_cast<unsigned char>(sql.back()) <= ' ')) sql.remove_suffix(1);
  return sql;
}

}  // namespace

bool Session::autocommits() const noexcept {
  const auto found = state_->variables.find("autocommit");
  return found == state_->variables.end() || found->second != "OFF";
}

// What the session has set for its transactions: `of` is "isolation" or "read_only". Null: nothing.
const std::string* Session::set_for_transactions(std::string_view of) const {
  for (const std::string_view prefix : {"tx_", "transaction_"}) {
    const auto found = state_->variables.find(std::string(prefix).append(of));
    if (found != state_->variables.end()) return &found->second;
  }
  return nullptr;
}

// The session's transactions are READ ONLY unless they say otherwise.
bool Session::reads_only() const {
  const auto* value = set_for_transactions("read_only");
  return value != nullptr && (*value == "ON" || *value == "1");
}

// The status of the session where a link knows only its own part.
std::uint16_t Session::shown_status(std::uint16_t status) const noexcept {
  if (!transaction_ || transaction_->is_implicit || transaction_->is_over) return status;
  return static_cast<std::uint16_t>(status | my::status::kInTransaction |
                                    (transaction_->read_only ? my::status::kInReadOnlyTransaction : 0));
}

// With what SET TRANSACTION has announced for it, and else with what the session says now: what it says later is for
// others, also where a shard is enlisted later.
std::unique_ptr<Transaction> Session::next_transaction() {
  auto next = std::make_unique<Transaction>();
  next_characteristics_.clear();
  next->has_access_mode = next_access_mode_ || set_for_transactions("read_only") != nullptr;
  next->read_only = std::exchange(next_access_mode_, std::nullopt).value_or(reads_only());
  next->isolation = std::exchange(next_isolation_, {});
  if (const auto* level = set_for_transactions("isolation"); level != nullptr && next->isolation.empty())
    next->isolation = *level;
  return next;
}

void Session::open_implicitly() {
  transaction_ = next_transaction();
  transaction_->is_implicit = true;
}

Session::Step Session::transaction_statement(const Statement& statement, const Work& work) {
  if (statement.fault) return refuse(*statement.fault);
  switch (statement.kind) {
    case StatementKind::kBegin: return begin(statement, work.sql);
    case StatementKind::kCommit: return end_transaction(statement, true);
    case StatementKind::kRollback: return end_transaction(statement, false);
    case StatementKind::kSetTransaction: return set_characteristics(statement, work.sql);
    default: return savepoint(statement, work);
  }
}

Session::Step Session::begin(const Statement& statement, std::string_view sql) {
  if (!end_branches(true)) return Step::kBlocked;
  if (const auto failed = end_failed()) return *failed;
  transaction_ = next_transaction();
  if (statement.read_only_begin || mentions(sql, "write")) {
    transaction_->has_access_mode = true;
    transaction_->read_only = statement.read_only_begin;
  }
  status_ = shown_status(status_);
  answer_ok();
  return Step::kConsumed;
}

// One statement's text, kept for the next transaction.
Session::Step Session::set_characteristics(const Statement& statement, std::string_view sql) {
  if (transaction_ && (!transaction_->is_implicit || has_branches()))
    return refuse({FaultReason::kActiveTransaction,
                   "Transaction characteristics can't be changed while a transaction is in progress", "", 0});
  if (statement.read_only_begin || mentions(sql, "write")) next_access_mode_ = statement.read_only_begin;
  if (!statement.name.empty()) next_isolation_ = statement.name;
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
    if (step == Step::kBlocked || !spread_) return step;
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

bool Session::has_branches() const { return !branches().empty(); }

Shards Session::branches() const {
  Shards shards;
  each_link([&](const Link& link) {
    if (link.xa_begun) shards.push_back(link.target().shard);
  });
  std::sort(shards.begin(), shards.end());
  return shards;
}

// The branch on the link at hand is begun. False: XA START is on its way; the command comes again.
bool Session::enlist() {
  if (link_->xa_begun) return true;
  if (!transaction_->name) name_transaction();
  announce_transaction();
  link_->ask(my::Command::kQuery, "XA START " + xid_on(*link_));
  for (const auto& name : transaction_->savepoints) link_->ask(my::Command::kQuery, "SAVEPOINT " + quoted_name(name));
  link_->xa_begun = true;
  link_->wrote = link_->failed = false;
  link_is_ready_ = false;
  return false;
}

// The level its branch on this link has, or would have.
const std::string& Session::isolation_on(const Link& link) const {
  return transaction_->isolation.empty() ? link.isolation() : transaction_->isolation;
}

// Where the link's session would begin another kind of transaction by now.
void Session::announce_transaction() {
  const auto* set_level = set_for_transactions("isolation");
  const auto& level = isolation_on(*link_);
  const auto wanted = transaction_->is_raised && is_below_repeatable_read(level) ? kRepeatableRead : level;
  if (wanted != (set_level != nullptr ? *set_level : link_->isolation())) {
    auto words = "SET TRANSACTION ISOLATION LEVEL " + std::string(wanted);
    std::replace(words.begin(), words.end(), '-', ' ');
    link_->ask(my::Command::kQuery, words);
  }
  const bool sets_access = set_for_transactions("read_only") != nullptr;
  const bool reads = transaction_->has_access_mode ? transaction_->read_only : link_->reads_only();
  if (reads != (sets_access ? reads_only() : link_->reads_only()))
    link_->ask(my::Command::kQuery, reads ? "SET TRANSACTION READ ONLY" : "SET TRANSACTION READ WRITE");
}

// The first shard it needs is the one whose commit will decide, should it write to several.
void Session::name_transaction() {
  transaction_->agent = link_->target().shard;
  transaction_->name = database_->backend().ledger->next_name(shard_name(transaction_->agent));
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
  if (std::exchange(announced_on_, link_->id()) == link_->id()) return true;
  ask_each(next_characteristics_);
  if (statement.kind != StatementKind::kBegin) link_->close_when_returned();
  link_is_ready_ = false;
  return false;
}

// Tried on MariaDB 10.11: what was no statement for this transaction (1792), or came to no table (1146), has not used
// it up.
void Session::end_announcement(std::uint16_t error) {
  constexpr std::uint16_t kReadOnly = 1792, kNoSuchTable = 1146;
  if (announced_on_ != 0 && error != kReadOnly && error != kNoSuchTable) forget_characteristics();
  announced_on_ = 0;
}

void Session::forget_characteristics() {
  next_characteristics_.clear();
  next_isolation_.clear();
  if (is_sharded()) next_access_mode_.reset();
}

// An implicit commit, and SET autocommit = 1, end what is open before they run. Nothing: there is nothing to end.
std::optional<Session::Step> Session::end_before(const Statement& statement) {
  if (!transaction_) return std::nullopt;
  const bool switches =
      !autocommits() && std::any_of(statement.settings.begin(), statement.settings.end(), may_autocommit);
  if (!statement.implicit_commit && !switches) return std::nullopt;
  if (!end_branches(true)) return Step::kBlocked;
  return end_failed();
}

Session::Step Session::end_transaction(const Statement& statement, bool commit) {
  if (statement.chain && !next_begun_) next_begun_ = transaction_ ? chained(*transaction_) : next_transaction();
  if (!end_branches(commit)) return Step::kBlocked;
  auto next = std::move(next_begun_);
  if (const auto failed = end_failed()) return *failed;
  if (next) {
    next->savepoints.clear();
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

// A server has rolled its branch back: nothing of the transaction is left anywhere.
void Session::drop_transaction() {
  transaction_.reset();
  status_ = static_cast<std::uint16_t>(status_ & ~kOpen);
  release_parked(false);
  if (link_) give_back(/*clean=*/false);
}

// How the end of the transaction failed, as its server said it.
std::optional<Session::Step> Session::end_failed() {
  if (!end_error_) return std::nullopt;
  const auto error = *std::exchange(end_error_, std::nullopt);
  answer_error(error.code, error.sqlstate, error.message);
  return Step::kConsumed;
}

void Session::note_rollback(std::uint16_t code) {
  constexpr std::uint16_t kLockWaitTimeout = 1205;
  const bool is_gone = rolls_back(code) || (code == kLockWaitTimeout && link_->rolls_back_on_timeout());
  if (transaction_ && link_->xa_begun && is_gone) transaction_->is_over = true;
}

// One with an open cursor stays, if it may stand in place of the one at hand.
void Session::release_parked(bool clean) {
  for (auto& link : std::exchange(parked_, {})) {
    const bool has_rows = has_cursor(*link);
    if (clean && has_rows && !link->is_broken() && !(link_ && keeps_link())) {
      if (link_) give_back(/*clean=*/true);
      link_ = std::move(link);
      link_is_ready_ = !link_->owes();
      continue;
    }
    lose_cursors(*link);
    hand_back(std::move(link), clean && !has_rows);
  }
}

}  // namespace shardway::proxy::mysql
