#include "proxy/mysql/session.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <ctime>

#include "proxy/log.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;

namespace {

constexpr std::size_t kKeptReplyBytes = 64;
constexpr std::size_t kJoinedBytes = 16 * 1024;  // of an answer that are copied to go along with what comes behind them
constexpr std::size_t kLinkBacklog = 256 * 1024;  // and the other way round

}  // namespace

Session::Session(Worker& worker, int fd, std::size_t listener, std::uint64_t id)
    : Client(id),
      worker_(worker),
      stream_(fd),
      listener_(static_cast<std::uint16_t>(listener)),
      generation_(worker.generation()),
      connect_time_(std::time(nullptr)) {}

Session::~Session() { worker_.loop().cancel(timer_); }

void Session::start() {
  worker_.loop().add(stream_.fd(), *this);
  timer_ = worker_.loop().after(generation_->config->login_timeout, [this] {
    timer_ = 0;
    if (phase_ < Phase::kReady) kill("login_timeout");
  });
  greet();
  flush_all();
}

void Session::on_events(std::uint32_t events) {
  if (phase_ == Phase::kClosed) return;
  stream_.note_events(events);
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
    readable_ = true;
    last_packet_ = worker_.loop().now();
  }
  const auto over = EPOLLHUP | EPOLLERR | (waiting_ && waiting_->held != nullptr ? EPOLLRDHUP : 0U);
  if ((events & over) != 0 && waiting_) return close();  // nobody is there to be answered
  if (phase_ == Phase::kTls) {
    continue_tls();
    if (phase_ == Phase::kTls || phase_ == Phase::kClosed) return;
  }
  if ((events & EPOLLOUT) != 0 && !out_.empty()) {
    if (!out_.flush(stream_)) return end_of_client();
    if (!backlogged()) read_link();
    if (phase_ == Phase::kClosed) return;
  }
  pump();
}

void Session::resume() { pump(); }

// Handles what has been received, then reads on, until there is nothing more or the session has to wait.
void Session::pump() {
  if (pumping_ || phase_ == Phase::kClosed) return;
  pumping_ = true;
  bool held_up = false;
  for (;;) {
    blocked_ = false;
    if (!input_.empty()) {
      at_hand_ = input_.size();
      const auto used = consume(input_);
      if (phase_ == Phase::kClosed) break;
      if (used == input_.size()) {
        std::string().swap(input_);
      } else {
        input_.erase(0, used);
      }
      if (blocked_) break;
    }
    if (eof_) {
      end_of_client();
      break;
    }
    if (!readable_ || phase_ == Phase::kTls) break;
    if (backlogged()) {
      flush_all();
      held_up = phase_ != Phase::kClosed && backlogged();
      if (phase_ == Phase::kClosed || held_up) break;
    }
    char* buffer = worker_.client_buffer();
    const auto got = stream_.read(buffer, phase_ == Phase::kGreeting ? rest_of_packet() : Worker::kClientBuffer);
    readable_ = !got.drained;
    eof_ = got.closed;
    if (database_) database_->counters.received_bytes += got.bytes;
    if (got.bytes == 0) continue;
    if (!input_.empty()) {
      input_.append(buffer, got.bytes);
      continue;
    }
    const std::string_view in(buffer, got.bytes);
    at_hand_ = in.size();
    const auto used = consume(in);
    if (phase_ == Phase::kClosed) break;
    input_.assign(in.substr(used));
    if (blocked_) break;
  }
  pumping_ = false;
  if (phase_ == Phase::kTls) {  // the client has begun already
    continue_tls();
    if (phase_ == Phase::kGreeting) return pump();
  }
  if (phase_ != Phase::kClosed) flush_all();
  if (waiting_) watch_client();
  if (held_up && phase_ != Phase::kClosed && !backlogged()) worker_.resume_later(*this);
}

// Before it is known whether TLS begins no byte too many is taken: behind an SSLRequest they are the handshake's, which
// clients send without waiting.
std::size_t Session::rest_of_packet() const noexcept {
  my::PacketHead head;
  return my::peek_head(input_, head) ? head.size() - input_.size() : my::kHeadBytes - input_.size();
}

std::size_t Session::consume(std::string_view in) {
  std::size_t used = 0;
  while (used < in.size() && !blocked_ && phase_ != Phase::kClosed && phase_ != Phase::kTls) {
    const auto taken = consume_packet(in.substr(used));
    if (taken == 0) break;
    used += taken;
  }
  return used;
}

std::size_t Session::consume_packet(std::string_view in) {
  if (pass_remaining_ > 0) {
    const auto piece = in.substr(0, pass_remaining_);
    if (after_file_ || after_skipped_) {
      pass_remaining_ -= piece.size();
      if (after_skipped_) end_skipped();
      return piece.size();
    }
    if (link_ == nullptr) return close(), 0;
    if (!link_->write_through(piece)) return link_lost(), 0;
    pass_remaining_ -= piece.size();
    return piece.size();
  }
  my::PacketHead head;
  if (!my::peek_head(in, head)) return 0;
  if (sends_file_) return consume_file(in, head);
  if (phase_ < Phase::kReady && head.length > my::kMaxLoginPayload) return close(), 0;
  if (!payload_goes_on_ && awaits_kill()) {
    blocked_ = true;
    return 0;
  }
  std::size_t used = 0;
  if (phase_ == Phase::kReady && (payload_goes_on_ || head.size() > Worker::kClientBuffer) &&
      stream_payload(head, in, used))
    return used;
  if (in.size() < head.size()) return 0;
  const auto packet = in.substr(0, head.size());
  sequence_ = static_cast<std::uint8_t>(head.sequence + 1);
  if (phase_ != Phase::kReady) {
    on_login_packet(packet);
  } else if (on_command(packet) == Step::kBlocked) {
    blocked_ = true;
    return 0;
  }
  return head.size();
}

// The file a LOAD DATA LOCAL asked for: packets up to an empty one.
std::size_t Session::consume_file(std::string_view in, const my::PacketHead& head) {
  if (after_file_) {
    swallow_file(head);
    return my::kHeadBytes;
  }
  std::string number(in.substr(0, my::kHeadBytes));
  number[3] = static_cast<char>(head.sequence - link_->shift);
  if (!link_->write_through(number)) return link_lost(), 0;
  pass_remaining_ = head.length;
  number_told_ = head.sequence;
  if (head.length == 0) sends_file_ = false;
  return my::kHeadBytes;
}

// A command too big to be held passes on in pieces, and pins: nobody has looked into it. One that must be understood is
// held up to the bound.
bool Session::stream_payload(const my::PacketHead& head, std::string_view in, std::size_t& used) {
  sequence_ = static_cast<std::uint8_t>(head.sequence + 1);
  if (payload_goes_on_) {
    payload_goes_on_ = head.goes_on();
    pass_remaining_ = head.size();
    used = consume_packet(in);
    return true;
  }
  if (in.size() <= my::kHeadBytes) return true;
  if (untold_ && head.goes_on()) return tell_lost(), out_.flush(stream_), close(), true;
  const auto command = static_cast<my::Command>(in[my::kHeadBytes]);
  const bool passes = command == my::Command::kQuery && head.goes_on();
  const bool is_statement = command == my::Command::kStmtExecute || command == my::Command::kStmtSendLongData ||
                            command == my::Command::kStmtBulkExecute;
  if (is_statement && head.goes_on() && stream_statement(in, head, used)) return true;
  if (!passes) {
    constexpr std::size_t kHeldBytes = 17 << 20;
    if (!head.goes_on() && head.size() <= kHeldBytes) return false;
    used = skip_payload(head, in, "a command of 16 MiB or more that cannot pass on as it comes; send less at once");
    return true;
  }
  if (is_sharded()) {
    used = skip_payload(head, in, "a statement of 16 MiB or more is not supported on a sharded database; split it up");
    return true;
  }
  target_shard_ = 0;
  replica_ok_ = false;
  may_write_ = asks_for_insert_id_ = true;
  restores_row_count_ = false;
  if (busy() || !borrow()) {
    blocked_ = busy() || !told_;
    if (!blocked_) {  // the client has been told why; the rest of its 16 MiB would be taken for commands
      out_.flush(stream_);
      close();
    }
    return true;
  }
  note_asked(command, {});
  pin_to(router::PinReason::kUninspected, "a statement of 16 MiB or more");
  link_->owe(command);
  payload_goes_on_ = head.goes_on();
  pass_remaining_ = head.size();
  used = consume_packet(in);
  return true;
}

// What is not taken is read to its end, and then the client, who listens only then, is told why.
std::size_t Session::skip_payload(const my::PacketHead& head, std::string_view in, std::string why) {
  blocked_ = busy();
  if (blocked_) return 0;
  after_skipped_ = std::make_unique<KeptError>(KeptError{1235, "42000", std::move(why)});
  payload_goes_on_ = head.goes_on();
  pass_remaining_ = head.size();
  return consume_packet(in);
}

void Session::end_skipped() {
  if (pass_remaining_ > 0 || payload_goes_on_) return;
  const auto error = std::move(after_skipped_);
  answer_error(error->code, error->sqlstate, error->message);
}

// A short piece waits for what ends the answer: one write, and one segment for the client to wake up for.
void Session::send(std::string_view bytes) {
  if (database_) database_->counters.sent_bytes += bytes.size();
  if (deaf_) {
    unheard_bytes_ += bytes.size();
    return;
  }
  if (out_.size() + bytes.size() <= kJoinedBytes) {
    out_.tail().append(bytes);
    return;
  }
  if (!out_.flush(stream_) || !out_.write(stream_, bytes)) turn_deaf();
}

// Nobody is there to be told; what runs on is read all the same, and by no event: its reader waits for the client. But
// a server would find out when it writes: a long result is not read to its end (read_link()).
void Session::turn_deaf() {
  eof_ = deaf_ = true;
  out_.release();
  worker_.with_client<Session>(id_, [](Session& session) { session.read_link(); });
}

void Session::flush_all() {
  if (link_ && link_->has_backlog() && !link_->flush()) {
    link_lost();
    if (phase_ == Phase::kClosed) return;
  }
  const bool was_backlogged = backlogged();
  if (!out_.empty() && !out_.flush(stream_)) return end_of_client();
  if (out_.empty() && out_.capacity() > kKeptReplyBytes) out_.release();
  if (was_backlogged && !backlogged()) read_link();
}

bool Session::backlogged() const noexcept {
  if (out_.size() > kClientBacklog) return true;
  return pass_remaining_ > 0 && link_ && link_->has_backlog() && link_->out().size() > kLinkBacklog;
}

void Session::fatal(std::uint16_t code, std::string_view sqlstate, std::string_view message) {
  my::encode(out_.tail(), sequence_, my::Err{code, sqlstate, message});
  out_.flush(stream_);
  close();
}

void Session::kill(std::string_view reason) {
  if (phase_ == Phase::kClosed) return;
  log::info("event=client_closed client={} reason=\"{}\"", id_, reason);
  if (phase_ == Phase::kReady && !busy()) {
    sequence_ = 0;
    return fatal(1053, "08S01", "Server shutdown in progress");
  }
  close();
}

void Session::check_timeouts(net::Time now) {
  if (phase_ != Phase::kReady || waiting_ || sends_file_) return;
  const auto& pool = database_->config().pool;
  const auto over = [&](net::Time since, config::Milliseconds limit) {
    return limit.count() > 0 && since != net::Time{} && now - since > limit;
  };
  if (busy()) {
    if (over(command_since_, pool.query_timeout)) kill("query_timeout");
  } else if (over(last_packet_,
                  link_ || transaction_ ? pool.idle_transaction_timeout : generation_->config->client_idle_timeout)) {
    kill(link_ || transaction_ ? "idle_transaction_timeout" : "client_idle_timeout");
  }
}

void Session::drain(std::string_view reason) {
  draining_ = true;
  if (phase_ == Phase::kReady && !link_ && !waiting_ && !transaction_ && input_.empty()) kill(reason);
}

void Session::close_links_when_returned() {
  if (link_) link_->close_when_returned();
  for (const auto& link : parked_) link->close_when_returned();
}

void Session::drop_stale_links() {
  if (link_ && link_->is_stale()) link_->cut_off();
  for (const auto& link : parked_) {
    if (link->is_stale()) link->cut_off();
  }
}

// It waits before the gate of a shard, and no server has heard of what it asks, or of its transaction.
bool Session::is_only_held() const noexcept {
  if (phase_ != Phase::kReady || !waiting_ || waiting_->held == nullptr || waiting_->ticket == 0 || waiting_->fault)
    return false;
  if (link_ || spread_ || held_ || bulk_ || killing_ || is_bound()) return false;
  if (!transaction_) {
    return std::none_of(parked_.begin(), parked_.end(), [](const auto& link) {
      return link->owes() || link->xa_begun || link->may_be_open || (link->status & my::status::kInTransaction) != 0;
    });
  }
  return parked_.empty() && !transaction_->name && !transaction_->is_lost && !transaction_->is_over &&
         transaction_->stage == Transaction::Stage::kOpen;
}

// What it has on its connections stays with them; nothing is under way.
bool Session::is_only_pinned() const noexcept {
  if (phase_ != Phase::kReady || waiting_ || transaction_ || spread_ || held_ || bulk_ || locks_tables_) return false;
  const auto rests = [](const Link& link) {
    return !link.owes() && !link.xa_begun && !link.may_be_open && (link.status & my::status::kInTransaction) == 0;
  };
  return pin_ != router::PinReason::kNone && (!link_ || rests(*link_)) &&
         std::all_of(parked_.begin(), parked_.end(), [&](const auto& link) { return rests(*link); });
}

// From the gate of the old configuration to that of the new one, which may know a primary where the old one knows none.
void Session::leave_gate() {
  waits_since_ = waiting_->since;
  stop_waiting();
  release_parked(true);
}

// What is asked is asked again, and has waited for as long as it has.
void Session::ask_at_new_gate() {
  worker_.with_client<Session>(id_, [](Session& session) {
    session.resume();
    session.waits_since_ = {};
  });
}

// The new configuration's database, as soon as nothing is open on the old one. Without it the client has to go, with
// whatever pins it.
void Session::adopt_generation() {
  outdated_ = true;
  const bool is_held = is_only_held();
  const auto leave = [this] {
    worker_.with_client<Session>(
        id_, [](Session& session) { session.kill("its user or database is no longer configured"); });
  };
  if (!database_) return;
  if (!is_held && (link_ || waiting_ || transaction_ || !parked_.empty())) {
    const auto& fresh = *worker_.generation();
    const bool is_known = fresh.config->user(user_) != nullptr && fresh.databases.contains(database_->config().name);
    return is_known || !is_only_pinned() ? void() : leave();
  }
  outdated_ = false;
  if (is_held) leave_gate();
  last_.shard = 0;
  last_.is_gone = true;
  generation_ = worker_.generation();
  const auto before = database_;
  if (generation_->config->user(user_) != nullptr && choose_database(before->config().name)) {
    marks_.carry_over(before->backend(), database_->backend());
    if (is_held) ask_at_new_gate();
    return;
  }
  leave();
}

// The client has closed its side. A command it did not wait for still runs to its end.
void Session::end_of_client() {
  if (pass_remaining_ > 0 || payload_goes_on_) return close();  // the server waits for the rest of it
  if (busy() && !sends_file_ && stream_.is_open() && input_.empty()) {
    if (!deaf_) turn_deaf();
    return;
  }
  close();
}

// Whatever is open or left behind on them ends with them.
void Session::abandon_links() {
  abandon_commit();
  spread_.reset();
  held_.reset();
  transaction_.reset();
  next_begun_.reset();
  end_error_.reset();
  if (link_) give_back(/*clean=*/false);
  release_parked(false);
}

void Session::close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  stop_waiting();
  abandon_links();
  worker_.loop().remove(stream_.fd());
  worker_.loop().cancel(timer_);
  timer_ = 0;
  stream_.close();
  worker_.remove(*this);
}

}  // namespace shardway::proxy::mysql
