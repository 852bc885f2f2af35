#include "proxy/postgres/link.hpp"

#include <sys/epoll.h>

#include <algorithm>

#include "protocol/postgres/frame.hpp"
#include "protocol/postgres/messages.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;

namespace {
constexpr std::size_t kChunk = 16 * 1024;
}

std::string server_statement_name(std::uint64_t id) { return "shardway_" + std::to_string(id); }

Link::Link(std::shared_ptr<const LinkTarget> target, Pool& pool, std::uint64_t id)
    : target_(std::move(target)), pool_(&pool), id_(id), epoch_(target_->node->epoch.load()) {}

Link::~Link() {
  if (stream_.is_open() && state_ >= State::kLogin && !broken_) say_goodbye();
}

void Link::say_goodbye() {
  std::string bye;
  pg::encode::terminate(bye);
  stream_.write(bye.data(), bye.size());
}

net::Stream Link::take_leave() {
  if (!stream_.is_open() || state_ != State::kReady || broken_ || owes() || has_backlog()) return {};
  say_goodbye();
  return std::move(stream_);
}

void Link::attach(Pool& pool) {
  pool_ = &pool;
  pool.loop().add(stream_.fd(), *this);
}

void Link::detach() {
  if (stream_.is_open()) pool_->loop().remove(stream_.fd());
  pool_->loop().cancel(timeout_);
  timeout_ = 0;
  owner_ = nullptr;
}

bool Link::reusable(net::Time now) const noexcept {
  const auto& pool = target_->backend->config.pool;
  if (broken_ || retired_ || is_stale() || owes() || status != 'I' || cancels_in_flight != 0 || !held.empty())
    return false;
  if (pool.lifetime.count() > 0 && now - opened_at_ > pool.lifetime) return false;
  const bool idle_too_long = owner_ == nullptr && idle_since_ != net::Time{} && pool.idle_timeout.count() > 0 &&
                             now - idle_since_ > pool.idle_timeout;
  return !idle_too_long;
}

bool Link::flush() {
  if (!broken_ && !outbox_.empty() && !outbox_.flush(stream_)) broken_ = true;
  return !broken_;
}

bool Link::write_through(std::string_view bytes) {
  if (!broken_ && !outbox_.write(stream_, bytes)) broken_ = true;
  return !broken_;
}

bool Link::has_statement(std::uint64_t id) {
  const auto found = statements_.find(id);
  if (found == statements_.end()) return false;
  found->second.last_use = ++use_clock_;
  return true;
}

bool Link::is_older(std::uint64_t id, std::int64_t than) const {
  const auto found = statements_.find(id);
  return found != statements_.end() && found->second.prepared_at <= than;
}

void Link::forget_statement(std::uint64_t id) {
  pg::encode::close(out(), pg::Target::kStatement, server_statement_name(id));
  owe(Reply::kClose, /*drop=*/true, /*swallow_error=*/false, id);
  statements_.erase(id);
}

Described Link::described(std::uint64_t id, bool unnamed) const {
  if (unnamed)
    return unnamed_statement == id && unnamed_described_.first == id ? unnamed_described_.second : Described();
  const auto found = statements_.find(id);
  return found == statements_.end() ? Described() : found->second.described;
}

void Link::note_described(std::uint64_t id, bool unnamed, Described described) {
  if (unnamed) unnamed_described_ = {id, described};
  if (const auto found = statements_.find(id); !unnamed && found != statements_.end())
    found->second.described = described;
}

void Link::remember_statement(std::uint64_t id, std::uint32_t limit) {
  while (limit > 0 && statements_.size() >= limit) {
    const auto oldest = std::min_element(statements_.begin(), statements_.end(), [](const auto& a, const auto& b) {
      return a.second.last_use < b.second.last_use;
    });
    forget_statement(oldest->first);
  }
  statements_[id] = {++use_clock_, pool_->loop().now().time_since_epoch().count(), {}};
}

void Link::undo(const Owed& skipped) {
  if (skipped.reply == Reply::kParse && skipped.unnamed) {
    unnamed_statement = 0;  // what it held before, or nothing
  } else if (skipped.reply == Reply::kParse) {
    statements_.erase(skipped.statement);
  } else if (skipped.reply == Reply::kClose && skipped.statement != 0) {
    statements_[skipped.statement] = {++use_clock_, 0, {}};
  }
}

void Link::forget_all_statements() noexcept {
  statements_.clear();
  unnamed_statement = 0;
}

void Link::note_parameter(std::string_view name, std::string_view value) {
  for (auto& [known, current] : parameters_) {
    if (known != name) continue;
    current = value;
    return;
  }
  parameters_.emplace_back(name, value);
}

void Link::on_events(std::uint32_t events) {
  stream_.note_events(events);
  switch (state_) {
    case State::kConnecting: on_connected(); return;
    case State::kTlsAnswer:
    case State::kLogin: read_login(); return;
    case State::kTlsHandshake: continue_tls(); return;
    case State::kResetting: read_reset(); return;
    case State::kReady: break;
  }
  if (owner_ != nullptr) {
    owner_->on_link_events(*this, events);
  } else if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
    read_idle();
  }
}

// An idle server may send notices, parameters and its farewell (57P01); it is not lent on after anything else.
void Link::read_idle() {
  char chunk[kChunk];
  auto got = read(chunk, sizeof chunk);
  for (; !got.drained && held.size() < kChunk; got = read(chunk, sizeof chunk)) held.append(chunk, got.bytes);
  held.append(chunk, got.bytes);
  pg::FrameHead head;
  while (!got.closed && pg::peek_head(held, head) == pg::HeadState::kOk && held.size() >= head.size()) {
    const auto body = pg::body_of(held, head);
    if (head.type == 'S') {
      if (const auto parameter = pg::decode_parameter_status(body)) note_parameter(parameter->name, parameter->value);
    } else if (head.type != 'N') {
      broken_ = true;
    }
    held.erase(0, head.size());
  }
  if (got.closed || broken_) {
    broken_ = true;
    pool_->lost(*this);
  }
}

void Link::begin_reset(const std::vector<std::string>& statements) {
  owner_ = nullptr;
  state_ = State::kResetting;
  arm_timeout();
  for (const auto& statement : statements) {
    pg::encode::query(out(), statement);
    owe(Reply::kQuery, /*drop=*/true);
  }
  flush();
  if (broken_) pool_->reset_done(*this);
}

// Only the ReadyForQuery that ends it counts; an error in it means the connection is not clean.
void Link::read_reset() {
  char chunk[kChunk];
  bool done = false;
  while (!done) {
    const auto got = read(chunk, sizeof chunk);
    held.append(chunk, got.bytes);
    pg::FrameHead head;
    while (pg::peek_head(held, head) == pg::HeadState::kOk && held.size() >= head.size()) {
      const auto body = pg::body_of(held, head);
      if (head.type == 'E') broken_ = true;
      if (head.type == 'S') {
        if (const auto parameter = pg::decode_parameter_status(body)) note_parameter(parameter->name, parameter->value);
      }
      if (head.type == 'Z' && !owed_.empty()) {
        owed_.pop_front();
        status = body.empty() ? 'E' : body[0];
        done = owed_.empty();
      }
      held.erase(0, head.size());
    }
    if (got.closed) broken_ = true;
    if (broken_) done = true;
    if (got.drained) break;
  }
  if (!done) return;
  state_ = State::kReady;
  pool_->loop().cancel(timeout_);
  timeout_ = 0;
  pool_->reset_done(*this);
}

}  // namespace shardway::proxy::postgres
