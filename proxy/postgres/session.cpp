#include "proxy/postgres/session.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <ctime>

#include "protocol/postgres/messages.hpp"
#include "proxy/log.hpp"
#include "proxy/postgres/fault_code.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;

namespace {

constexpr std::size_t kKeptReplyBytes = 64;
constexpr std::size_t kLinkBacklog = 256 * 1024;     // and the other way round
constexpr std::size_t kInspectBytes = 1 << 20;       // a bigger message is passed on in pieces, if it may be
constexpr std::size_t kRetryBytes = 64 * 1024;       // kept of a read where replicas are read, to ask it again
constexpr std::size_t kRetryBytesUnread = 8 * 1024;  // and where they are not
constexpr std::size_t kHeldMessageBytes = 16 << 20;  // a bigger one that must be looked at is refused

bool is_copy(char type) noexcept { return type == 'd' || type == 'c' || type == 'f'; }

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
}

void Session::on_events(std::uint32_t events) {
  if (phase_ == Phase::kClosed) return;
  stream_.note_events(events);
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
    readable_ = true;
    last_message_ = worker_.loop().now();
  }
  // Nobody is there to be answered: out of the line. But a batch that has begun goes on: all of it was sent.
  const auto over = EPOLLHUP | EPOLLERR | (waiting_ && waiting_->held != nullptr ? EPOLLRDHUP : 0U);
  if ((events & over) != 0 && waiting_ && !script_) return close();
  if (phase_ == Phase::kTls) {
    continue_tls();
    if (phase_ == Phase::kTls || phase_ == Phase::kClosed) return;
  }
  if ((events & EPOLLOUT) != 0 && !out_.empty()) {
    if (!out_.flush(stream_)) return end_of_client();
    if (!backlogged()) read_links();
    if (phase_ == Phase::kClosed) return;
  }
  pump();
}

void Session::resume() {
  if (operation_ && !operation_->has_started() && !awaits_cancel()) start_operation();
  if (held_ready_ && phase_ == Phase::kReady) finish_simple();
  if (phase_ == Phase::kWelcome) welcome();
  if (script_ && !operation_ && phase_ == Phase::kReady) continue_script();
  if (copy_ && copy_->shard && !copy_->sent && phase_ == Phase::kReady) start_copy_on_shard();
  pump();
}

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
    if (backlogged()) {  // what can be written now is: no event would tell of it later
      flush_all();
      held_up = phase_ != Phase::kClosed && backlogged();
      if (phase_ == Phase::kClosed || held_up) break;
    }
    char* buffer = worker_.client_buffer();
    const auto got = stream_.read(buffer, Worker::kClientBuffer);
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
  if (phase_ == Phase::kTls && !input_.empty())
    return close();  // sent in clear behind SSLRequest: it is not waited for
  if (phase_ != Phase::kClosed) flush_all();
  if (waiting_) watch_client();
  // What held it up may just have been written after all: then no event tells of it.
  if (held_up && phase_ != Phase::kClosed && !backlogged()) worker_.resume_later(*this);
  if (draining_ && !waiting_) drain("shutdown");  // a transaction's end that was answered here is one, too
}

// Takes as many whole messages as it can; returns how many bytes of `in` are done with. Sets blocked_ if it has to
// wait.
std::size_t Session::consume(std::string_view in) {
  std::size_t used = 0;
  while (used < in.size() && !blocked_ && phase_ != Phase::kClosed) {
    const auto taken = phase_ < Phase::kLogin ? consume_startup(in.substr(used)) : consume_ready(in.substr(used));
    if (taken == 0) break;
    used += taken;
  }
  return used;
}

std::size_t Session::consume_ready(std::string_view in) {
  if (pass_remaining_ > 0) {
    const auto piece = in.substr(0, pass_remaining_);
    pass_remaining_ -= piece.size();
    if (pass_to_ != nullptr && !pass_to_->write_through(piece)) link_lost(*pass_to_);
    if (pass_remaining_ == 0) pass_to_ = nullptr;
    return piece.size();
  }
  pg::FrameHead head;
  const auto state = pg::peek_head(in, head);
  if (state == pg::HeadState::kBad) {
    fatal(protocol::FaultReason::kProtocol, "invalid message length");
    return 0;
  }
  if (state == pg::HeadState::kNeedMore) return 0;
  if (phase_ != Phase::kReady && head.body_size() > 65'535) {
    fatal(protocol::FaultReason::kProtocol, "invalid message length");
    return 0;
  }
  if (awaits_cancel()) {
    blocked_ = true;
    return 0;
  }
  if (in.size() < head.size()) {
    std::size_t used = 0;
    if (head.size() > kInspectBytes && stream_message(in, head, used)) return used;
    if (head.size() > kHeldMessageBytes) {
      fatal(protocol::FaultReason::kTooLarge, "a message of " + std::to_string(head.size()) +
                                                  " bytes has to be read whole and is over the bound of " +
                                                  std::to_string(kHeldMessageBytes));
    }
    return used;
  }
  if (!busy() && !in_segment_ && (!transaction_ || is_in_block()) && branches_.empty()) {
    if (!retry_.empty()) std::string().swap(retry_);
    retry_open_ = phase_ == Phase::kReady;
  }
  if (dispatch(head.type, in.substr(0, head.size())) == Step::kBlocked) {
    blocked_ = true;
    return 0;
  }
  if (std::exchange(cancel_next_, false)) cancel_running();
  if (retry_open_) keep_for_retry(in.substr(0, head.size()), in.size());
  return head.size();
}

// Of a write nothing is kept but its Parse, whose shard nobody knows yet. `at_hand`: what else has come is for the
// same.
void Session::keep_for_retry(Frame frame, std::size_t at_hand) {
  const auto most = most_kept_for_retry();
  retry_open_ = !operation_ && retry_.size() + frame.size() <= most &&
                (branches_.size() != 1 || is_repeatable(branches_.front()));
  if (!retry_open_) return std::string().swap(retry_);
  if (retry_.empty()) retry_.reserve(std::min(at_hand, most));
  retry_.append(frame);
}

std::size_t Session::most_kept_for_retry() const noexcept {
  return database_->config().reads.from == config::ReadFrom::kPrimary ? kRetryBytesUnread : kRetryBytes;
}

// A message too big to be held: CopyData, and on an unsharded database a Query, passes on in pieces.
bool Session::stream_message(std::string_view in, const pg::FrameHead& head, std::size_t& used) {
  if (phase_ != Phase::kReady) return false;
  Link* to = nullptr;
  if (is_copy(head.type)) {
    if (copy_ || is_spread_copy()) return false;
    if (copy_link_ == nullptr && copy_may_begin()) {
      blocked_ = true;
      return true;
    }
    to = copy_link_;
  } else if (head.type == 'Q' && !database_->topology().sharded()) {
    if (busy()) {
      blocked_ = true;
      return true;
    }
    const auto enlisted = enlist(0, false);
    if (enlisted.blocked) {
      blocked_ = true;
      return true;
    }
    if (enlisted.branch == nullptr) {
      fatal(protocol::FaultReason::kNoServer, enlisted.fault ? enlisted.fault->message : "no server");
      return true;
    }
    to = enlisted.branch->link.get();
    to->owe(Reply::kQuery);
    awaiting_ready_ = true;
    note_kind(router::StatementKind::kOther);
    statement_since_ = worker_.loop().now();
    pin_after_ = router::PinReason::kUninspected;
    pin_detail_ = "a statement of " + std::to_string(head.body_size()) + " bytes";
  } else {
    return false;
  }
  pass_to_ = to;
  pass_remaining_ = head.size();
  used = consume_ready(in);
  return true;
}

Session::Step Session::dispatch(char type, Frame frame) {
  if (phase_ == Phase::kLogin) {
    if (type == 'p') {
      on_password(frame);
    } else {
      fatal(protocol::FaultReason::kProtocol, "expected a password response");
    }
    return Step::kConsumed;
  }
  if (phase_ == Phase::kWelcome) return Step::kBlocked;
  if (type == 'X') {
    if (busy() && !takes_copy_data()) return Step::kBlocked;  // in a COPY: no CopyDone will come
    close();
    return Step::kConsumed;
  }
  if (phase_ == Phase::kConsole) {
    if (busy()) return Step::kBlocked;
    on_console_message(type, frame);
    return Step::kConsumed;
  }
  if (takes_copy_data() && std::string_view("QPBDECF").find(type) != std::string_view::npos) {
    end_by_message_in_copy(type);
    return Step::kConsumed;
  }
  switch (type) {
    case 'Q': return on_query(frame);
    case 'P': return on_parse(frame);
    case 'B': return on_bind(frame);
    case 'D': return on_describe(frame);
    case 'E': return on_execute(frame);
    case 'C': return on_close(frame);
    case 'H': return on_flush(frame);
    case 'S': return on_sync(frame);
    case 'F': return on_function_call(frame);
    case 'd':
    case 'c':
    case 'f': return on_copy_message(type, frame);
    default: break;
  }
  fatal(protocol::FaultReason::kProtocol,
        "invalid frontend message type " + std::to_string(static_cast<unsigned char>(type)));
  return Step::kConsumed;
}

void Session::send(std::string_view bytes) {
  retry_open_ = false;
  if (database_) database_->counters.sent_bytes += bytes.size();
  if (deaf_) return;
  if (!out_.write(stream_, bytes)) turn_deaf();
}

// Nobody is there to be told; what runs on is read all the same, and by no event: its readers wait for the client.
void Session::turn_deaf() {
  eof_ = deaf_ = true;
  out_.release();
  worker_.with_client<Session>(id_, [](Session& session) { session.read_links(); });
}

// As by a server, which cannot tell any more where the next message begins.
void Session::end_by_message_in_copy(char type) {
  char message[64];
  std::snprintf(message, sizeof message, "unexpected message type 0x%02X during COPY from stdin",
                static_cast<unsigned char>(type));
  encode_fault(reply(), {protocol::FaultReason::kProtocol, message, {}, 0});
  fatal(protocol::FaultReason::kProtocol, "terminating connection because protocol synchronization was lost");
}

void Session::flush_all() {
  for (auto& branch : branches_) {
    if (branch.link && branch.link->has_backlog() && !branch.link->flush()) {
      link_lost(*branch.link);
      if (phase_ == Phase::kClosed) return;
      break;
    }
  }
  const bool was_backlogged = backlogged();
  if (!out_.empty() && !out_.flush(stream_)) return end_of_client();
  if (out_.empty() && out_.capacity() > kKeptReplyBytes) out_.release();  // an idle client holds no buffer
  if (was_backlogged && !backlogged()) read_links();
}

// True while one side is so far behind that the other one is not read.
bool Session::backlogged() const noexcept {
  if (out_.size() > kClientBacklog) return true;
  if (copy_link_ == nullptr && pass_remaining_ == 0 && !is_spread_copy()) return false;
  for (const auto& branch : branches_) {
    if (branch.link && branch.link->has_backlog() && branch.link->out().size() > kLinkBacklog) return true;
  }
  return false;
}

std::function<bool()> Session::may_emit() {
  return [this] { return out_.size() <= kClientBacklog; };
}

void Session::fatal(protocol::FaultReason reason, std::string message) {
  encode_fault(reply(), {reason, std::move(message), {}, 0}, "FATAL");
  out_.flush(stream_);
  close();
}

void Session::kill(std::string_view reason) {
  if (phase_ == Phase::kClosed) return;
  log::info("event=client_closed client={} reason=\"{}\"", id_, reason);
  if (phase_ >= Phase::kReady) {
    encode_fault(reply(),
                 {protocol::FaultReason::kShutdown, "terminating connection due to administrator command", {}, 0},
                 "FATAL");
    out_.flush(stream_);
  }
  close();
}

void Session::check_timeouts(net::Time now) {
  if (phase_ != Phase::kReady || waiting_ || copy_ || takes_copy_data()) return;
  const auto& pool = database_->config().pool;
  const auto over = [&](net::Time since, config::Milliseconds limit) {
    return limit.count() > 0 && since != net::Time{} && now - since > limit;
  };
  const auto end = [&](std::string_view sqlstate, std::string_view message) {
    log::info("event=client_closed client={} reason=\"{}\"", id_, message);
    pg::encode::error(reply(), {.severity = "FATAL", .sqlstate = sqlstate, .message = message});
    out_.flush(stream_);
    close();
  };
  if (busy()) {
    if (commit_ || !over(statement_since_, pool.query_timeout)) return;
    statement_since_ = now;  // asked once; again after another query_timeout
    is_timed_out_ = true;
    cancel_running();
  } else if (transaction_ || in_segment_) {
    if (over(last_message_, pool.idle_transaction_timeout))
      end("25P03", "terminating connection due to idle-in-transaction timeout");
  } else if (over(last_message_, generation_->config->client_idle_timeout)) {
    end("57P05", "terminating connection due to idle-session timeout");
  }
}

void Session::drain(std::string_view reason) {
  draining_ = true;
  if (phase_ >= Phase::kReady && !in_transaction() && !in_segment_ && !copy_ && input_.empty()) kill(reason);
}

void Session::close_links_when_returned() {
  for (auto& branch : branches_) branch.link->close_when_returned();
}

void Session::drop_stale_links() {
  for (auto& branch : branches_) {
    if (branch.link && branch.link->is_stale()) branch.link->cut_off();
  }
}

// It waits before the gate of a shard, and no server has heard of what it asks, or of its transaction.
bool Session::is_only_held() const noexcept {
  if (!waiting_ || waiting_->held == nullptr || waiting_->ticket == 0 || waiting_->fault) return false;
  if (busy() || copy_ || portals_ || (unnamed_portal_ && unnamed_portal_->shard)) return false;
  if (transaction_ && (!is_in_block() || transaction_->lost || !transaction_->cursors.empty())) return false;
  return std::all_of(branches_.begin(), branches_.end(), [](const Branch& branch) {
    return !branch.pinned && !branch.begun && !branch.syncing && !branch.dirty && !branch.link->owes();
  });
}

// What it has on its connections stays with them; nothing is under way.
bool Session::is_only_pinned() const noexcept {
  return !branches_.empty() && std::all_of(branches_.begin(), branches_.end(), [](const Branch& branch) {
    return branch.pinned && !branch.begun && !branch.syncing && !branch.dirty && !branch.link->owes();
  });
}

// From the gate of the old configuration to that of the new one, which may know a primary where the old one knows none.
// What it asks is asked again, and has waited for as long as it has.
void Session::leave_gate() {
  waits_since_ = waiting_->since;
  stop_waiting();
  for (auto& branch : branches_) release(branch);
  branches_.clear();
  worker_.with_client<Session>(id_, [](Session& session) {
    session.resume();
    session.waits_since_ = {};
  });
}

// The new configuration's database, as soon as nothing is open on the old one. Without such a database, or such a user,
// the client has to go, with whatever pins it.
void Session::adopt_generation() {
  outdated_ = true;
  const bool is_held = is_only_held();
  if (!database_ || (!is_held && (in_transaction() || in_segment_ || waiting_))) return;
  if (!is_held && !branches_.empty() && !is_only_pinned()) return;
  const auto* user = worker_.generation()->config->user(user_);
  auto fresh = worker_.database(database_name_);
  if (user == nullptr || !fresh) {
    worker_.with_client<Session>(
        id_, [](Session& session) { session.kill("its user or database is no longer configured"); });
    return;
  }
  if (!is_held && !branches_.empty()) return;  // what pins it is on the old one
  outdated_ = false;
  if (is_held) leave_gate();
  generation_ = worker_.generation();
  marks_.carry_over(database_->backend(), fresh->backend());
  database_ = std::move(fresh);
  hints_ = user->hints;
  pools_ = &database_->postgres.of_login({user->server_user.empty() ? user_ : user->server_user});
  if (!unnamed_portal_ || !unnamed_portal_->statement) return;
  unnamed_portal_->statement = analyzed_again(*unnamed_portal_->statement);
}

// The client has closed its side. What it sent before is done first: a statement it did not wait for still runs.
void Session::end_of_client() {
  if (busy() && input_.empty() && stream_.is_open() && !takes_copy_data()) {
    eof_ = true;
    if (!deaf_ && !out_.empty() && !out_.flush(stream_)) turn_deaf();
    if (!deaf_ || kind_ != router::StatementKind::kRead) return;  // a write goes on; rows for nobody do not
  }
  if (!deaf_ && !out_.empty() && out_.flush(stream_) && !out_.empty()) return;  // its side may still listen
  close();
}

void Session::close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  abandon_commit();
  stop_being_wide();
  stop_waiting();
  pass_to_ = nullptr;
  if (operation_) worker_.loop().bury(std::shared_ptr<Operation>(std::move(operation_)));
  for (auto& branch : branches_) release(branch);
  branches_.clear();
  worker_.loop().remove(stream_.fd());
  worker_.loop().cancel(timer_);
  timer_ = 0;
  stream_.close();
  if (is_spare_console_) worker_.surroundings().spare_consoles.fetch_sub(1);
  worker_.remove(*this);
}

bool Session::cancel(std::string_view secret) {
  if (!pg::equal_in_constant_time(secret, secret_)) return false;
  if (database_) ++database_->counters.cancels;
  if (waiting_) {
    waiting_->fault =
        protocol::Fault{protocol::FaultReason::kNotSupported, "canceling statement due to user request", {}, 0};
    waiting_->fault_sqlstate = "57014";
    if (waiting_->ticket != 0 && waiting_->held != nullptr) waiting_->held->leave(waiting_->ticket);
    if (waiting_->ticket != 0 && waiting_->held == nullptr) waiting_->pool->cancel(waiting_->ticket);
    waiting_->ticket = 0;
    resume();
    return true;
  }
  if (commit_) return true;  // too late: a cancelled COMMIT could be anything
  const bool is_to_begin = (blocked_ && !input_.empty()) || (operation_ && !operation_->has_started());
  cancel_next_ = awaits_cancel() && is_to_begin;
  cancel_running();
  return true;
}

// Where nothing of an operation runs yet, nothing is cancelled: it would hit what comes there later.
void Session::cancel_running() {
  for (auto& branch : branches_) {
    if (!branch.link || !branch.link->owes()) continue;
    const bool is_later = operation_ && operation_->involves(*branch.link) && !operation_->is_at_work(*branch.link);
    if (!is_later) worker_.cancel_on_server(*branch.link);
  }
}

}  // namespace shardway::proxy::postgres
