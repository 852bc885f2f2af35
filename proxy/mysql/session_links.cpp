// Borrowing a link and giving it back: waiting in line, the session's state on the link, and what keeps it.

#include <ctime>
#include <random>

#include "proxy/log.hpp"
#include "proxy/mysql/fault_code.hpp"
#include "proxy/mysql/session.hpp"
#include "proxy/worker.hpp"
#include "router/numbering.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;

namespace {

constexpr std::uint16_t kDeadlock = 1213;

std::chrono::milliseconds retry_pause() {
  static thread_local std::minstd_rand random{std::random_device{}()};
  return std::chrono::milliseconds(std::uniform_int_distribution<int>(50, 150)(random));
}

std::string seconds_text(net::Clock::duration waited) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(waited).count();
  return std::to_string(ms / 1000) + "." + std::to_string(ms % 1000 / 100) + " s";
}

KeptError kept_fault(const protocol::Fault& fault) {
  const auto code = code_of(fault.reason);
  return {code.number, std::string(code.sqlstate), text_of(fault)};
}

}  // namespace

// True if link_ is there and ready for the command; else the session waits, or the client has been told why not.
bool Session::borrow() {
  if (waiting_ && waiting_->fault) {
    const auto fault = *std::move(waiting_->fault);
    stop_waiting();
    if (fault.code == kDeadlock) drop_transaction();
    answer_error(fault.code, fault.sqlstate, fault.message);
    told_ = true;
    return false;
  }
  if (const bool waits_here = waiting_ && waiting_->shard == target_shard_; waits_here && waiting_->link) {
    link_ = std::move(waiting_->link);
    stop_waiting();
  } else if (waits_here) {
    return false;
  }
  if (!link_ && !take_link()) return false;
  link_->lend_to(this);
  if (!std::exchange(link_->version_told, true)) worker_.surroundings().mysql_version.set(link_->server_version());
  if ((capabilities_ & ~link_->capabilities() & my::capability::kExtendedMetadata) != 0) {
    // It was offered when the server was not known, or another one was. The next greeting is right.
    fatal(1235, "42000", link_->server_version() + " has no extended metadata, which was agreed on: connect again");
    return false;
  }
  if (database_->config().pool.mode == config::PoolMode::kSession && pin_ == router::PinReason::kNone)
    pin_to(router::PinReason::kSessionMode, "pool.mode = session", /*carries=*/false);
  return bring_up_to_state();
}

// False: it waits, in a pool's line or before the shard's gate.
bool Session::take_link() {
  bool replica = false;
  auto& pool = choose_pool(target_shard_, replica_ok_, replica);
  if (!replica && !pool.node().takes_writes()) {
    wait_before_gate(target_shard_);
    return false;
  }
  link_ = pool.take();
  if (!link_) wait_for(pool);
  return link_ != nullptr;
}

Pool& Session::choose_pool(router::ShardIndex shard, bool replica_ok, bool& replica) {
  auto& nodes = *database_->backend().shards[shard];
  const auto choice = marks_.choose(nodes, shard, database_->config().reads, replica_ok, backend::next_random(),
                                    backend::nanos_of(worker_.loop().now()));
  if (choice.fell_back) {
    ++database_->counters.replica_fallbacks;
    if (!nodes.sample_wanted.exchange(true) && worker_.surroundings().sample_wanted)
      worker_.surroundings().sample_wanted();
  }
  replica = choice.replica;
  return database_->mysql.pool(*pools_, shard, choice.node);
}

// The session's state goes ahead in a round trip of its own: nothing of the client's runs under another one's.
bool Session::bring_up_to_state() {
  if (link_->owes()) return false;
  if (has_other_user_variables(*link_->state, *state_)) link_->ask_reset();
  link_is_ready_ = !link_->owes() && (link_->state == state_ || *link_->state == *state_);
  const bool hears_others = link_->late_report_of != 0 && link_->late_report_of != id_;
  const bool brings = asks_for_insert_id_ && brings_insert_id(*link_);
  // Of its own session before a reset, too.
  const bool was_here = link_->last_user == id_ && (last_.link != 0 || last_.swept == link_->id());
  const bool sees_others = asks_of_nothing_ && (!was_here || has_diagnostics_of_another(*link_));
  if (link_is_ready_ && !brings && !hears_others && !sees_others && !restores_row_count_ &&
      !link_->insert_id_is_partial)
    return true;
  if (sees_others) sweep();
  if (hears_others) link_->ask(my::Command::kQuery, "SET session_track_schema = 1");
  link_->late_report_of = 0;
  if (std::exchange(link_->insert_id_is_partial, false)) {
    link_->ask(my::Command::kQuery, "SET @@last_insert_id = 0");
    link_->has_insert_id = false;
    link_->insert_id_of = 0;
  }
  if (asks_for_insert_id_ && brings_insert_id(*link_)) bring_insert_id();
  if (link_->state->schema != state_->schema && !state_->schema.empty())
    link_->ask(my::Command::kInitDb, state_->schema);
  if (const auto sql = difference(*link_->state, *state_, link_->base()); !sql.empty()) {
    link_->ask(my::Command::kQuery, sql);
    if (sql.find("auto_increment_") != std::string::npos) link_->numbering = {};
  }
  if (const auto sql = user_variables_difference(*link_->state, *state_); !sql.empty())
    link_->ask(my::Command::kQuery, sql);
  link_->state = state_;
  if (std::exchange(restores_row_count_, false)) restore_row_count();
  link_is_ready_ = !link_->owes();
  return link_is_ready_;
}

// The link counts by this, whatever its server was set to when it was opened; once it was told, without this it goes on
// as its shard is known to count. A number it was given and did not use is taken back. False: it is being told; the
// command comes again.
bool Session::count_by(const router::Numbering& numbering) {
  const auto& catalog = database_->topology().catalog;
  auto wanted = numbering;
  if (wanted.increment == 0 && link_->numbering.increment != 0 && catalog && !counts_by_itself())
    wanted = catalog->numberings[link_->target().shard];
  const bool counts_so = wanted.increment == 0 || link_->numbering == wanted;
  if (counts_so && !link_->holds_number) return true;
  if (link_->holds_number) link_->ask(my::Command::kQuery, "SET insert_id = DEFAULT");
  if (!counts_so) link_->ask(my::Command::kQuery, "SET " + router::shown(wanted));
  link_->holds_number = false;
  if (!counts_so) link_->numbering = wanted;
  link_is_ready_ = false;
  return false;
}

void Session::wait_for(Pool& pool) {
  waiting_ = std::make_unique<Waiting>();
  waiting_->pool = &pool;
  waiting_->shard = target_shard_;
  waiting_->since = worker_.loop().now();
  waiting_->ticket = pool.wait([this](std::unique_ptr<Link> link, const backend::OpenFailure& failure) {
    on_granted(std::move(link), failure);
  });
  const auto limit = database_->config().pool.queue_timeout;
  if (limit.count() > 0) waiting_->deadline = worker_.loop().after(limit, [this] { on_wait_deadline(); });
  watch_line();
}

void Session::on_granted(std::unique_ptr<Link> link, const backend::OpenFailure& failure) {
  const auto waited =
      std::chrono::duration_cast<std::chrono::microseconds>(net::Clock::now() - waiting_->since).count();
  waiting_->ticket = 0;
  if (link) {
    database_->counters.wait_us += static_cast<std::uint64_t>(waited);
    database_->counters.wait.add(static_cast<std::uint64_t>(waited));
    ++database_->counters.server_assignments;
    link->lend_to(this);
    waiting_->link = std::move(link);
    return resume();
  }
  ++database_->counters.server_connect_failures;
  if (failure.from_server) {
    waiting_->fault = KeptError{static_cast<std::uint16_t>(std::stoi(failure.sqlstate)), "HY000", failure.message};
    return resume();
  }
  if (!database_->backend().shards[waiting_->shard]->gate.is_open()) {
    stop_waiting();
    return resume();
  }
  waiting_->retry = worker_.loop().after(retry_pause(), [this] {
    waiting_->retry = 0;
    bool replica = false;
    auto& pool = choose_pool(waiting_->shard, false, replica);  // a replica that cannot be reached is left
    if (!pool.node().takes_writes()) {
      stop_waiting();
      return resume();
    }
    waiting_->pool = &pool;
    waiting_->ticket = pool.wait([this](std::unique_ptr<Link> granted, const backend::OpenFailure& again) {
      on_granted(std::move(granted), again);
    });
  });
}

// Nothing of what is asked has been sent: it waits until the shard has a primary again, or may be used.
void Session::wait_before_gate(router::ShardIndex shard) {
  const auto& bounds = database_->config().hold;
  waiting_ = std::make_unique<Waiting>();
  waiting_->shard = shard;
  const auto now = worker_.loop().now();
  const bool waited_before = waits_since_ != net::Time{};
  waiting_->since = waited_before ? waits_since_ : now;
  waiting_->ticket = database_->held(shard).join(at_hand_, bounds, [this] {
    waiting_->ticket = 0;
    stop_waiting();
    resume();
  });
  if (waiting_->ticket == 0) {
    ++database_->counters.hold_refusals;
    waiting_->fault = kept_fault(backend::too_many_held(*database_->backend().shards[shard], bounds));
    return worker_.resume_later(*this);
  }
  if (!waited_before) ++database_->counters.holds;
  waiting_->held = &database_->held(shard);
  const auto longest = backend::longest_hold(database_->config(), generation_->config->login_timeout, is_logging_in());
  waiting_->deadline =
      worker_.loop().after(backend::rest_of(longest, now - waiting_->since), [this] { on_hold_deadline(); });
  if (outdated_) worker_.adopt_later(*this);
}

void Session::on_hold_deadline() {
  waiting_->deadline = 0;
  waiting_->held->leave(std::exchange(waiting_->ticket, 0));
  ++database_->counters.hold_refusals;
  const auto waited = std::chrono::round<config::Milliseconds>(worker_.loop().now() - waiting_->since);
  waiting_->fault = kept_fault(backend::held_too_long(*database_->backend().shards[waiting_->shard], waited));
  resume();
}

void Session::on_wait_deadline() {
  waiting_->deadline = 0;
  const auto& config = database_->config();
  auto& pool = *waiting_->pool;
  if (waiting_->ticket != 0) pool.cancel(waiting_->ticket);
  waiting_->ticket = 0;
  worker_.loop().cancel(waiting_->retry);
  waiting_->retry = 0;
  const auto waited = seconds_text(net::Clock::now() - waiting_->since);
  const auto& shard = config.shards[waiting_->shard].name;
  if (pool.shared().open() <= pool.opening() && !pool.last_failure().message.empty()) {
    waiting_->fault = KeptError{2003, "HY000", {}};
    waiting_->fault->message = "no server of shard '" + shard + "' could be reached for " + waited + ": " +
                               pool.last_failure().message +
                               "; check that the node is up and that its address is right";
  } else if (database_->backend().paused.load()) {
    waiting_->fault = KeptError{1040, "08004", {}};
    waiting_->fault->message = "database '" + config.name + "' is paused, for more than " + waited + "; RESUME " +
                               config.name + " on the console ends it";
  } else {
    waiting_->fault = KeptError{1040, "08004", {}};
    waiting_->fault->message = "pool of database '" + config.name + "', shard '" + shard +
                               "': " + std::to_string(pool.shared().open()) + " of " +
                               std::to_string(config.pool.size) + " server connections busy for " + waited +
                               "; raise pool.size, or shorten transactions";
  }
  resume();
}

void Session::stop_waiting() {
  if (!waiting_) return;
  stop_watching();
  auto waiting = std::move(waiting_);
  worker_.loop().cancel(waiting->deadline);
  worker_.loop().cancel(waiting->retry);
  if (waiting->ticket != 0 && waiting->held != nullptr) waiting->held->leave(waiting->ticket);
  if (waiting->ticket != 0 && waiting->held == nullptr) waiting->pool->cancel(waiting->ticket);
  if (waiting->link) waiting->pool->give_back(std::move(waiting->link));
}

void Session::give_back(bool clean) {
  auto link = std::move(link_);
  link_is_ready_ = locks_tables_ = finds_all_rows_ = false;
  insert_id_packets_ = 0;
  last_.is_insert_id_lost = last_.is_insert_id_lost || link->has_insert_id;
  for (const auto number : std::exchange(with_data_, {}))
    if (const auto found = statements_->find(number); found != statements_->end()) found->second.has_long_data = false;
  lose_cursors(*link);
  // A prepared XA branch outlives its connection, but not a reset.
  if (pin_detail_ == "xa") link->mark_broken();
  unpin();
  if (pass_remaining_ > 0 || payload_goes_on_ || sends_file_) link->mark_broken();
  hand_back(std::move(link), clean);
  if (outdated_) worker_.adopt_later(*this);
}

// `clean`: nothing but the session's state is left on it. Else it is reset before anybody else has it.
void Session::hand_back(std::unique_ptr<Link> link, bool clean) {
  auto& pool = link->pool();
  link->lend_to(nullptr);
  clean = !std::exchange(link->keeps_rows, false) && clean && !link->xa_begun && !link->has_insert_id;
  if (link->readable && !link->is_broken()) {  // the server has said more: its farewell
    char more;
    const auto got = link->read(&more, 1);
    if (got.bytes > 0 || got.closed) link->mark_broken();
    link->readable = false;
  }
  const bool idle = !link->owes() && !link->is_broken() && link->held.empty() && link->pass_remaining == 0 &&
                    !link->payload_goes_on && !link->has_backlog();
  if (!idle) {
    worker_.loop().defer([&pool, parcel = std::make_shared<std::unique_ptr<Link>>(std::move(link))] {
      pool.discard(std::move(*parcel));
    });
  } else if (clean && (link->target().login.has_schema || link->state->schema.empty())) {
    pool.give_back(std::move(link));
  } else {
    if (!link->target().login.has_schema && !link->state->schema.empty()) link->close_when_returned();
    pool.reset(std::move(link), {});
  }
}

// What must stay prepared on the link: it has an open cursor, or values that came ahead of their execution.
std::vector<std::uint64_t> Session::open_statements() const {
  std::vector<std::uint64_t> open;
  const auto add = [&](std::uint32_t number) {
    if (const auto found = statements_->find(number); found != statements_->end())
      open.push_back(found->second.text->id);
  };
  for (const auto& [number, shard] : cursors_) add(number);
  for (const auto number : with_data_) add(number);
  return open;
}

void Session::pin_to(router::PinReason reason, std::string detail, bool carries) {
  carries_ = carries_ || carries;
  if (pin_ != router::PinReason::kNone) return;
  pin_ = reason;
  pin_detail_ = std::move(detail);
  pin_since_ = std::time(nullptr);
  ++database_->counters.pins[static_cast<std::size_t>(reason)];
  log::debug("event=pinned client={} reason={} detail=\"{}\"", id_, router::name_of(reason), pin_detail_);
}

void Session::unpin() noexcept {
  pin_ = router::PinReason::kNone;
  carries_ = false;
  pin_detail_.clear();
  pin_since_ = 0;
}

}  // namespace shardway::proxy::mysql
