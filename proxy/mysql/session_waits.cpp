// A session that has connections of some shards and stands in the line of another one's pool, told to the database's
// WaitBoard (proxy/transaction/deadlock.hpp), and how the one whom that chooses gives up. What a server's locks keep
// waiting is not told: innodb_lock_wait_timeout ends that.
#include "proxy/mysql/session.hpp"
#include "proxy/transaction/ledger.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;

namespace {

constexpr std::chrono::seconds kLongWait{1};
constexpr std::chrono::milliseconds kMoment{100};
constexpr std::size_t kReadAhead = 64 * 1024;
constexpr std::string_view kQuit{"\x01\0\0\0\x01", 5};

bool says_quit(std::string_view packets) {
  my::PacketHead head;
  while (my::peek_head(packets, head) && packets.size() >= head.size()) {
    if (packets.substr(0, head.size()) == kQuit) return true;
    packets.remove_prefix(head.size());
  }
  return false;
}

std::int64_t nanos(net::Time time) { return time.time_since_epoch() / std::chrono::nanoseconds(1); }

}  // namespace

bool Session::stands_in_line() const noexcept {
  return waiting_ && waiting_->pool != nullptr && waiting_->held == nullptr && waiting_->ticket != 0 &&
         !waiting_->fault && (link_ || !parked_.empty());
}

void Session::watch_line() {
  if (is_watched_ || !stands_in_line() || !database_->backend().ledger) return;
  is_watched_ = true;
  worker_.watch_waits(*this);
}

void Session::stop_watching() {
  if (!std::exchange(is_watched_, false)) return;
  worker_.forget_waits(*this);
  database_->backend().ledger->waits.remove(id_);
}

void Session::report_wait() {
  if (!stands_in_line() || worker_.loop().now() - waiting_->since < kLongWait) return;
  transaction::Waiting waiting;
  waiting.client = id_;
  waiting.statement_since = waiting.transaction_since = nanos(waiting_->since);
  const auto add = [&waiting](Link& link) {
    waiting.backends.push_back({link.target().shard, link.connection_id()});
    waiting.pools.push_back(link.pool().shared().identity());
  };
  if (link_) add(*link_);
  for (const auto& link : parked_) add(*link);
  waiting.wanted = waiting_->pool->shared().identity();
  waiting.wanted_size = waiting_->pool->shared().limit();
  waiting.give_up = [&worker = worker_, id = id_, since = waiting_->since] {
    worker.with_client<Session>(id, [since](Session& session) { session.leave_line(since); });
  };
  database_->backend().ledger->waits.put(std::move(waiting));
}

// Its statement has been sent to nobody yet; the transaction is rolled back, as by a server.
void Session::leave_line(net::Time since) {
  if (!stands_in_line() || waiting_->since != since) return;
  const auto& config = database_->config();
  waiting_->pool->cancel(std::exchange(waiting_->ticket, 0));
  waiting_->fault = KeptError{1213, "40001",
                              "Deadlock found when trying to get lock; try restarting transaction: all " +
                                  std::to_string(waiting_->pool->shared().limit()) + " server connections of shard '" +
                                  config.shards[waiting_->shard].name +
                                  "' were held by transactions that waited for others; raise pool.size of database '" +
                                  config.name + "'"};
  resume();
}

// It waits in a pool's line, or before a gate, and of what it asks no server has heard.
bool Session::may_leave() const noexcept {
  if (phase_ != Phase::kReady || !waiting_ || waiting_->fault) return false;
  if ((waiting_->ticket == 0 && waiting_->retry == 0) || busy() || spread_) return false;
  return !transaction_ || transaction_->stage == Transaction::Stage::kOpen;
}

// It has closed its side, or said COM_QUIT behind what waits.
bool Session::client_has_gone() {
  if (!eof_ && !stream_.peer_has_ended() && readable_ && input_.size() < kReadAhead) {
    char* buffer = worker_.client_buffer();
    const auto got = stream_.read(buffer, Worker::kClientBuffer);
    readable_ = !got.drained;
    eof_ = got.closed;
    database_->counters.received_bytes += got.bytes;
    input_.append(buffer, got.bytes);
  }
  return eof_ || stream_.peer_has_ended() || says_quit(input_);
}

// Nobody would be there to be answered. A free connection, or one that is being made, comes before that is looked at.
void Session::watch_client() {
  const bool has_sent_more = readable_ || eof_ || stream_.peer_has_ended() || says_quit(input_);
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

}  // namespace shardway::proxy::mysql
