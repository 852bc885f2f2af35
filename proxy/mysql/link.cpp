#include "proxy/mysql/link.hpp"

#include <sys/epoll.h>

#include <algorithm>

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;

bool ShownTracking::shows(std::string_view variable) const {
  if (variables == "*") return true;
  std::string_view rest = variables;
  while (!rest.empty()) {
    const auto name = rest.substr(0, rest.find(','));
    if (name.substr(std::min(name.find_first_not_of(' '), name.size())) == variable) return true;
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
  }
  return false;
}

Link::Link(std::shared_ptr<const LinkTarget> target, Pool& pool, std::uint64_t id)
    : target_(std::move(target)), pool_(&pool), id_(id), epoch_(target_->node->epoch.load()) {}

Link::~Link() {
  if (stream_.is_open() && state_ >= State::kPreparing && !broken_) say_goodbye();
}

void Link::say_goodbye() {
  std::string bye;
  my::encode_command(bye, my::Command::kQuit, {});
  stream_.write(bye.data(), bye.size());
}

net::Stream Link::take_leave() {
  if (!stream_.is_open() || state_ != State::kReady || broken_ || owes() || has_backlog() || payload_goes_on) return {};
  say_goodbye();
  return std::move(stream_);
}

void Link::attach(Pool& pool) {
  pool_ = &pool;
  pool.loop().add(stream_.fd(), *this);
}

void Link::detach() {
  if (stream_.is_open()) pool_->loop().remove(stream_.fd());
  disarm_timeout();
  owner_ = nullptr;
}

bool Link::reusable(net::Time now) const noexcept {
  const auto& pool = target_->backend->config.pool;
  const bool in_transaction = (status & my::status::kInTransaction) != 0;
  if (broken_ || retired_ || is_stale() || owes() || in_transaction || !held.empty() || payload_goes_on) return false;
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

void Link::owe(my::Command command, bool drop, std::uint64_t statement) {
  if (!my::is_answered(command)) return;
  owed_.push_back({command, my::ReplyTracker(command), drop, statement});
  if (target_->node->role.load(std::memory_order_relaxed) == backend::Role::kReplica)
    claim_.begin(target_->node->load, backend::nanos_of(pool_->loop().now()));
}

void Link::pop_owed() noexcept {
  owed_.pop_front();
  if (owed_.empty()) claim_.end(backend::nanos_of(pool_->loop().now()));
}

void Link::ask(my::Command command, std::string_view argument) {
  my::encode_command(out(), command, argument);
  owe(command, /*drop=*/true);
}

std::uint32_t Link::statement(std::uint64_t registered) {
  const auto found = statements_.find(registered);
  if (found == statements_.end()) return 0;
  found->second.last_use = ++use_clock_;
  return found->second.on_server;
}

// What is pushed out is closed on the server; that is not answered.
void Link::remember_statement(std::uint64_t registered, std::uint32_t on_server, std::uint32_t limit,
                              const std::vector<std::uint64_t>& needed) {
  const auto is_needed = [&](const auto& one) {
    return std::find(needed.begin(), needed.end(), one.first) != needed.end();
  };
  while (limit > 0 && statements_.size() >= limit) {
    const auto oldest = std::min_element(statements_.begin(), statements_.end(), [&](const auto& a, const auto& b) {
      return std::pair(is_needed(a), a.second.last_use) < std::pair(is_needed(b), b.second.last_use);
    });
    if (is_needed(*oldest)) break;
    std::string argument;
    protocol::Writer(argument).le32(oldest->second.on_server);
    my::encode_command(out(), my::Command::kStmtClose, argument);
    statements_.erase(oldest);
  }
  statements_[registered] = {on_server, ++use_clock_};
}

void Link::on_events(std::uint32_t events) {
  stream_.note_events(events);
  switch (state_) {
    case State::kConnecting: on_connected(); return;
    case State::kTlsHandshake: continue_tls(); return;
    case State::kLogin: read_login(); return;
    case State::kPreparing:
    case State::kResetting: read_own_answers(); return;
    case State::kReady: break;
  }
  if (owner_ != nullptr) {
    owner_->on_link_events(*this, events);
  } else if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
    read_idle();
  }
}

// An idle server says nothing but its farewell.
void Link::read_idle() {
  char chunk[4096];
  const auto got = read(chunk, sizeof chunk);
  if (got.bytes == 0 && !got.closed) return;
  broken_ = true;
  pool_->lost(*this);
}

void Link::begin_reset(const std::vector<std::string>& statements) {
  owner_ = nullptr;
  state_ = State::kResetting;
  arm_timeout();
  for (const auto& statement : statements) ask(my::Command::kQuery, statement);
  ask_reset();
  if (broken_) pool_->reset_done(*this);
}

void Link::ask_reset() {
  insert_id_of = late_report_of = last_user = diagnostics_of = rows_found_of = 0;
  has_insert_id = insert_id_is_partial = false;
  numbering = {};
  xa_begun = may_be_open = wrote = failed = rollback_failed = false;
  statements_.clear();
  state = state->schema.empty() ? no_state() : std::make_shared<const mysql::State>(mysql::State{state->schema, {}});
  ask(my::Command::kResetConnection, {});
  begin_preparing();
}

}  // namespace shardway::proxy::mysql
