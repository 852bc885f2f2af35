// What a session waits for, told to the database's WaitBoard (proxy/transaction/deadlock.hpp), and how the one whom
// that chooses gives up; and what a transaction that has failed lets go of before its client says ROLLBACK.
#include <algorithm>

#include "protocol/postgres/messages.hpp"
#include "proxy/postgres/fault_code.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/transaction/ledger.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;

namespace {

constexpr std::chrono::seconds kLongWait{1};  // as long as the servers' deadlock_timeout
constexpr std::chrono::milliseconds kMoment{100};
constexpr std::size_t kReadAhead = 64 * 1024;

bool says_terminate(std::string_view messages) {
  pg::FrameHead head;
  while (pg::peek_head(messages, head) == pg::HeadState::kOk) {
    if (head.type == 'X') return true;
    if (messages.size() <= head.size()) return false;
    messages.remove_prefix(head.size());
  }
  return false;
}

std::int64_t nanos(net::Time time) { return time.time_since_epoch() / std::chrono::nanoseconds(1); }

}  // namespace

void Session::widen() {
  if (is_wide_ || !database_->backend().ledger) return;
  is_wide_ = true;
  worker_.watch_waits(*this);
}

void Session::stop_being_wide() {
  deadlock_victim_ = false;
  if (!std::exchange(is_wide_, false)) return;
  worker_.forget_waits(*this);
  database_->backend().ledger->waits.remove(id_);
}

// It has a connection, and waits until one of another pool comes back.
bool Session::stands_in_line() const noexcept {
  return waiting_ && waiting_->pool != nullptr && waiting_->held == nullptr && waiting_->ticket != 0 &&
         !waiting_->fault && !branches_.empty();
}

net::Time Session::waits_since() const noexcept {
  if (stands_in_line()) return waiting_->since;
  const bool owes = std::any_of(branches_.begin(), branches_.end(), [](const Branch& b) { return b.link->owes(); });
  return owes && !commit_ ? statement_since_ : net::Time{};
}

void Session::report_wait() {
  auto& board = database_->backend().ledger->waits;
  const auto since = waits_since();
  if (since == net::Time{} || worker_.loop().now() - since < kLongWait) return board.remove(id_);
  transaction::Waiting waiting;
  waiting.client = id_;
  waiting.statement_since = nanos(since);
  waiting.transaction_since = transaction_ ? nanos(transaction_since_) : nanos(since);
  for (const auto& branch : branches_) {
    waiting.backends.push_back({branch.shard, branch.link->process_id()});
    waiting.pools.push_back(branch.link->pool().shared().identity());
  }
  waiting.is_pinned = std::all_of(branches_.begin(), branches_.end(), [](const Branch& one) { return one.pinned; });
  if (stands_in_line()) {
    waiting.wanted = waiting_->pool->shared().identity();
    waiting.wanted_size = waiting_->pool->shared().limit();
  }
  waiting.give_up = [&worker = worker_, id = id_, since] {
    worker.with_client<Session>(id, [since](Session& session) { session.break_deadlock(since); });
  };
  widen();  // so that it is taken from the board at the end
  board.put(std::move(waiting));
}

void Session::break_deadlock(net::Time since) {
  if (waits_since() != since) return;
  if (stands_in_line()) return leave_line();
  deadlock_victim_ = true;
  cancel_running();
}

// Its statement has been sent to nobody yet.
void Session::leave_line() {
  const auto& config = database_->config();
  waiting_->pool->cancel(std::exchange(waiting_->ticket, 0));
  waiting_->fault = protocol::Fault{protocol::FaultReason::kPoolTimeout, "deadlock detected",
                                    "all " + std::to_string(waiting_->pool->shared().limit()) +
                                        " server connections of shard \"" + config.shards[waiting_->shard].name +
                                        "\" were held by transactions that waited for others; run this one again, and "
                                        "raise pool.size of database \"" +
                                        config.name + "\"",
                                    0};
  waiting_->fault_sqlstate = "40P01";
  resume();
}

// It waits in a pool's line, or before a gate, and of what it asks no server has heard.
bool Session::may_leave() const noexcept {
  if (!waiting_ || waiting_->fault || (waiting_->ticket == 0 && waiting_->retry == 0)) return false;
  if (script_ ? script_->next > 0 : busy()) return false;
  return std::none_of(branches_.begin(), branches_.end(), [](const Branch& one) { return one.link->owes(); });
}

// It has closed its side, or said Terminate behind what waits.
bool Session::client_has_gone() {
  if (!eof_ && !stream_.peer_has_ended() && readable_ && input_.size() < kReadAhead) {
    char* buffer = worker_.client_buffer();
    const auto got = stream_.read(buffer, Worker::kClientBuffer);
    readable_ = !got.drained;
    eof_ = got.closed;
    database_->counters.received_bytes += got.bytes;
    input_.append(buffer, got.bytes);
  }
  return eof_ || stream_.peer_has_ended() || says_terminate(input_);
}

// Nobody would be there to be answered. A free connection, or one that is being made, comes before that is looked at.
void Session::watch_client() {
  const bool has_sent_more = readable_ || eof_ || stream_.peer_has_ended() || says_terminate(input_);
  if (watches_client_ || !has_sent_more || !may_leave()) return;
  watches_client_ = true;
  worker_.loop().after(kMoment, [&worker = worker_, id = id_] {
    worker.with_client<Session>(id, [](Session& session) { session.leave_if_gone(); });
  });
}

void Session::leave_if_gone() {
  watches_client_ = false;
  if (!may_leave() || !client_has_gone()) return;
  if (waiting_->ticket != 0 && waiting_->held == nullptr && waiting_->pool->opens_for_all()) return watch_client();
  close();
}

bool Session::tell_why_cancelled(Frame error_frame) {
  if (!deadlock_victim_ && !is_timed_out_) return false;
  const auto error = pg::decode_error(error_frame.substr(pg::kHeadBytes));
  if (!error || error->sqlstate != "57014") return false;
  if (deadlock_victim_)
    encode_deadlock(reply());
  else
    encode_query_timeout(reply());
  return true;
}

// Its server does not know yet that the transaction has failed, or has gone back only to Shardway's own savepoint.
bool Session::lets_go_of(const Branch& branch) const noexcept {
  const auto& link = *branch.link;
  const auto& savepoints = transaction_->savepoints;
  const bool is_held_by_ours = !savepoints.empty() && savepoints.back().name == kWritable;
  const bool holds = link.status == 'T' || (link.status == 'E' && is_held_by_ours);
  return branch.begun && !branch.has_let_go && !branch.dirty && holds && !link.owes() && !link.is_broken();
}

// A transaction that has failed holds no locks: on the server that knows, by itself; on the others from now on, and not
// only when the client comes to say ROLLBACK. With a savepoint, only that is gone back to, as the client may do, too.
bool Session::has_to_let_go() const noexcept {
  return is_in_block() && transaction_->failed &&
         std::any_of(branches_.begin(), branches_.end(), [this](const Branch& one) { return lets_go_of(one); });
}

// What undoes it as far as a server's own end of a failed transaction does.
std::string Session::undo_of_failed() const {
  const auto& savepoints = transaction_->savepoints;
  const auto last = std::find_if(savepoints.rbegin(), savepoints.rend(),
                                 [](const Savepoint& savepoint) { return savepoint.name != kWritable; });
  if (transaction_->lost || last == savepoints.rend()) return "ROLLBACK";
  return "ROLLBACK TO SAVEPOINT " + quote_identifier(last->name);
}

// False: there is nothing; else ReadyForQuery is told to the client when it is done. A server that has failed by itself
// has told what settings go back.
bool Session::let_go() {
  if (!has_to_let_go()) return false;
  const auto undo = undo_of_failed();
  const bool ends = undo == "ROLLBACK";
  const bool told = std::any_of(branches_.begin(), branches_.end(), [this](const Branch& branch) {
    return branch.begun && branch.link->status == 'E' && !lets_go_of(branch);
  });
  auto operation = commit_operation([this, ends, told](Operation& over) {
    for (auto i = branches_.size(); i-- > 0;) {
      auto& branch = branches_[i];
      if (!over.involves(*branch.link)) continue;
      branch.has_let_go = true;
      if (!ends) continue;
      branch.begun = false;
      if (!branch.pinned || branch.link->is_broken()) drop_branch(branch);
    }
    if (told) statuses_.take();
    tell_ready();
    resume();
  });
  for (auto& branch : branches_)
    if (lets_go_of(branch)) operation->add(*branch.link, query_of(undo));
  operate(std::move(operation), /*cancels=*/false);
  return true;
}

}  // namespace shardway::proxy::postgres
