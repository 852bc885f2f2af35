// Borrowing links and giving them back: which node, waiting in line, the session's settings on the link, BEGIN.

#include <random>

#include "protocol/postgres/messages.hpp"
#include "proxy/log.hpp"
#include "proxy/postgres/fault_code.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/transaction/ledger.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;
using backend::Role;

namespace {

constexpr std::chrono::milliseconds kApplyPoll{5};

// Between attempts at a primary that cannot be reached; no two waiters come at the same moment.
std::chrono::milliseconds retry_pause() {
  static thread_local std::minstd_rand random{std::random_device{}()};
  return std::chrono::milliseconds(std::uniform_int_distribution<int>(50, 150)(random));
}

std::string seconds_text(net::Clock::duration waited) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(waited).count();
  return std::to_string(ms / 1000) + "." + std::to_string(ms % 1000 / 100) + " s";
}

}  // namespace

Branch* Session::branch_on(router::ShardIndex shard) noexcept {
  for (auto& branch : branches_) {
    if (branch.shard == shard) return &branch;
  }
  return nullptr;
}

Branch* Session::branch_of(const Link& link) noexcept {
  for (auto& branch : branches_) {
    if (branch.link.get() == &link) return &branch;
  }
  return nullptr;
}

// The session's branch on `shard`, ready to be written to; else the session waits, or there is a fault to be told.
Session::Enlisted Session::enlist(router::ShardIndex shard, bool replica_ok) {
  if (exceeds_snapshot(shard)) {
    Enlisted refused;
    refused.fault = protocol::Fault{protocol::FaultReason::kSeveralShards,
                                    "a REPEATABLE READ or SERIALIZABLE transaction on a second shard is not "
                                    "supported: each shard would have a snapshot of its own",
                                    "use READ COMMITTED, or keep to one shard", 0};
    return refused;
  }
  if (waiting_ && waiting_->fault) {
    Enlisted refused;
    refused.fault = std::move(waiting_->fault);
    refused.sqlstate = std::move(waiting_->fault_sqlstate);
    stop_waiting();
    return refused;
  }
  if (auto* known = branch_on(shard); known != nullptr && is_spare(*known) && known->link->is_broken())
    drop_branch(*known);
  if (auto* known = branch_on(shard)) {
    if (known->on_replica && !replica_ok && !may_leave_replica(*known)) return refused_on_replica();
    known->only_reads = known->only_reads && replica_ok;
    if (known->syncing) return {nullptr, true, {}, {}};
    if (!known->on_replica || replica_ok) {
      if (!known->dirty && !known->link->owes() && !prepare_branch(*known)) return {nullptr, true, {}, {}};
      known->untouched = false;
      return {known, false, {}, {}};
    }
    drop_branch(*known);
  }
  if (waiting_ && waiting_->link && waiting_->shard == shard) {
    auto link = std::move(waiting_->link);
    const bool replica = waiting_->granted_on_replica;
    stop_waiting();
    return adopt(std::move(link), shard, replica, replica_ok);
  }
  if (waiting_ && waiting_->shard != shard) stop_waiting();  // what it was for has ended
  if (waiting_) return {nullptr, true, {}, {}};
  if (Enlisted refused; !has_applied(shard, refused)) return refused;
  bool replica = false;
  const auto node = choose_node(shard, replica_ok, replica);
  if (!replica && !database_->backend().shards[shard]->nodes[node]->takes_writes()) {
    wait_before_gate(shard);
    return {nullptr, true, {}, {}};
  }
  auto& pool = database_->postgres.pool(*pools_, shard, node);
  if (auto link = pool.take()) return adopt(std::move(link), shard, replica, replica_ok);
  wait_for(pool, shard, replica);
  return {nullptr, true, {}, {}};
}

bool Session::exceeds_snapshot(router::ShardIndex shard) const noexcept {
  if (!transaction_ || !(transaction_->one_snapshot || snapshot_default_)) return false;
  return std::any_of(branches_.begin(), branches_.end(),
                     [&](const Branch& branch) { return branch.begun && branch.shard != shard && !branch.untouched; });
}

// False while a transaction committed through this Shardway has not reached the shard: whoever was told of it must find
// it there. Then the session comes back, or `refused` has the fault.
bool Session::has_applied(router::ShardIndex shard, Enlisted& refused) {
  const auto& ledger = database_->backend().ledger;
  const auto& name = database_->config().shards[shard].name;
  if (!ledger || !ledger->awaits_apply(name)) {
    apply_deadline_ = {};
    return true;
  }
  const auto now = worker_.loop().now();
  if (apply_deadline_ == net::Time{}) apply_deadline_ = now + database_->config().pool.queue_timeout;
  refused.blocked = now < apply_deadline_;
  if (refused.blocked) {
    worker_.resume_after(*this, kApplyPoll);
  } else {
    apply_deadline_ = {};
    refused.fault = protocol::Fault{protocol::FaultReason::kNoServer,
                                    "shard \"" + name + "\" has not applied a transaction that is committed",
                                    "SHOW TRANSACTIONS on the console says what it waits for", 0};
  }
  return false;
}

Session::Enlisted Session::adopt(std::unique_ptr<Link> link, router::ShardIndex shard, bool replica, bool replica_ok) {
  ++database_->counters.server_assignments;
  link->lend_to(this);
  auto& branch = branches_.emplace_back();
  branch.shard = shard;
  branch.link = std::move(link);
  branch.on_replica = replica;
  branch.only_reads = replica_ok;
  if (database_->config().pool.mode == config::PoolMode::kSession) {
    branch.pinned = true;
    if (pin_ == router::PinReason::kNone) pin_to(router::PinReason::kSessionMode, "pool.mode = session");
  }
  if (!prepare_branch(branch)) return {nullptr, true, {}, {}};
  branch.untouched = false;
  return {&branch, false, {}, {}};
}

// Settings go ahead in a round trip of their own: nothing of the client's runs under another one's. BEGIN, which cannot
// fail, travels with the first statement.
bool Session::prepare_branch(Branch& branch) {
  auto& link = *branch.link;
  const auto& wanted = transaction_ ? transaction_->settings_before : settings_;
  if (link.settings != wanted && !branch.begun) {
    const auto sql = difference(*link.settings, *wanted);
    if (!sql.empty()) {
      branch.syncing = true;
      pg::encode::query(link.out(), sql);
      link.owe(Reply::kQuery, /*drop=*/true, /*swallow_error=*/true);
      return false;
    }
    link.settings = wanted;
  }
  if (transaction_ && !branch.begun) {
    branch.begun = true;
    if (branches_.size() > 1) widen();
    pg::encode::query(link.out(), transaction_->begin + "\n;" + transaction_->replay);
    link.owe(Reply::kQuery, /*drop=*/true);
    link.owed().back().begins = true;
  }
  return true;
}

std::size_t Session::choose_node(router::ShardIndex shard, bool replica_ok, bool& replica) {
  auto& nodes = *database_->backend().shards[shard];
  const bool is_off =
      off_replicas_ && nodes.primary >= 0 && nodes.nodes[static_cast<std::size_t>(nodes.primary)]->takes_writes();
  const bool may = replica_ok && pin_ == router::PinReason::kNone && !serializable_default_ && !is_off;
  const auto choice = marks_.choose(nodes, shard, database_->config().reads, may, backend::next_random(),
                                    backend::nanos_of(worker_.loop().now()), pools_->refused_until[shard]);
  replica = choice.replica;
  if (choice.fell_back) {
    ++database_->counters.replica_fallbacks;
    if (!nodes.sample_wanted.exchange(true) && worker_.surroundings().sample_wanted)
      worker_.surroundings().sample_wanted();
  }
  return choice.node;
}

void Session::stamp(const Branch& branch) {
  marks_.stamp(database_->backend(), branch.shard, branch.on_replica ? branch.link->target().node : nullptr,
               branch.use != Use::kRead);
}

void Session::wait_for(Pool& pool, router::ShardIndex shard, bool replica) {
  waiting_ = std::make_unique<Waiting>();
  waiting_->pool = &pool;
  waiting_->shard = shard;
  waiting_->replica = replica;
  waiting_->since = worker_.loop().now();
  if (!branches_.empty()) widen();
  waiting_->ticket = pool.wait([this](std::unique_ptr<Link> link, const backend::OpenFailure& failure) {
    on_granted(std::move(link), failure);
  });
  const auto limit = database_->config().pool.queue_timeout;
  if (limit.count() > 0) waiting_->deadline = worker_.loop().after(limit, [this] { on_wait_deadline(); });
}

void Session::on_granted(std::unique_ptr<Link> link, const backend::OpenFailure& failure) {
  const auto waited =
      std::chrono::duration_cast<std::chrono::microseconds>(net::Clock::now() - waiting_->since).count();
  waiting_->ticket = 0;
  if (link) {
    database_->counters.wait_us += static_cast<std::uint64_t>(waited);
    database_->counters.wait.add(static_cast<std::uint64_t>(waited));
    waiting_->granted_on_replica = waiting_->replica;
    link->lend_to(this);
    waiting_->link = std::move(link);
    resume();
    return;
  }
  ++database_->counters.server_connect_failures;
  if (waiting_->replica && (failure.from_server || failure.full)) {
    note_refusal_of_login(failure);
    stop_waiting();
    resume();
  } else if (failure.from_server) {
    waiting_->fault = protocol::Fault{protocol::FaultReason::kNoServer, failure.message, {}, 0};
    waiting_->fault_sqlstate = failure.sqlstate;
    resume();
  } else if (waiting_->replica || !database_->backend().shards[waiting_->shard]->gate.is_open()) {
    stop_waiting();  // marked down meanwhile: another node is chosen
    resume();
  } else {
    waiting_->retry = worker_.loop().after(retry_pause(), [this] {
      waiting_->retry = 0;
      if (!database_->backend().shards[waiting_->shard]->gate.is_open()) {
        stop_waiting();
        return resume();
      }
      auto since = waiting_->since;
      const auto deadline = std::exchange(waiting_->deadline, 0);
      const auto shard = waiting_->shard;
      bool replica = false;
      auto& pool = database_->postgres.pool(*pools_, shard, choose_node(shard, false, replica));
      wait_for(pool, shard, replica);
      worker_.loop().cancel(waiting_->deadline);
      waiting_->deadline = deadline;
      waiting_->since = since;
    });
  }
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
    waiting_->fault = backend::too_many_held(*database_->backend().shards[shard], bounds);
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
  waiting_->fault = backend::held_too_long(*database_->backend().shards[waiting_->shard], waited);
  resume();
}

void Session::on_wait_deadline() {
  waiting_->deadline = 0;
  const auto& config = database_->config();
  auto& pool = *waiting_->pool;
  if (waiting_->ticket != 0) pool.cancel(waiting_->ticket);
  waiting_->ticket = 0;
  const auto waited = seconds_text(net::Clock::now() - waiting_->since);
  const auto& shard = config.shards[waiting_->shard].name;
  protocol::Fault fault;
  const bool only_attempts = pool.shared().open() <= pool.opening();
  if (only_attempts && !pool.last_failure().message.empty()) {
    fault = {protocol::FaultReason::kNoServer,
             "no server of shard \"" + shard + "\" could be reached for " + waited + ": " + pool.last_failure().message,
             "check that the node is up and that its address is right", 0};
  } else if (database_->backend().paused.load()) {
    fault = {protocol::FaultReason::kPoolTimeout, "database \"" + config.name + "\" is paused, for more than " + waited,
             "RESUME " + config.name + " on the console ends it; pool.queue_timeout says how long to wait", 0};
  } else {
    fault = {protocol::FaultReason::kPoolTimeout,
             "pool of database \"" + config.name + "\", shard \"" + shard +
                 "\": " + std::to_string(pool.shared().open()) + " of " + std::to_string(config.pool.size) +
                 " server connections busy for " + waited,
             "raise pool.size, or shorten transactions; pool.queue_timeout says how long to wait", 0};
  }
  waiting_->fault = std::move(fault);
  resume();
}

void Session::stop_waiting() {
  if (!waiting_) return;
  auto waiting = std::move(waiting_);
  worker_.loop().cancel(waiting->deadline);
  worker_.loop().cancel(waiting->retry);
  if (waiting->ticket != 0 && waiting->held != nullptr) waiting->held->leave(waiting->ticket);
  if (waiting->ticket != 0 && waiting->held == nullptr) waiting->pool->cancel(waiting->ticket);
  if (waiting->link) waiting->pool->give_back(std::move(waiting->link));
}

// Gives a link back: clean it goes to the next in line; in a transaction it is rolled back first; busy it is closed.
void Session::release(Branch& branch) {
  if (!branch.link) return;
  auto link = std::move(branch.link);
  auto& pool = link->pool();
  auto& loop = worker_.loop();
  link->lend_to(nullptr);
  link->cancel_wanted = false;
  const bool idle = !link->owes() && !link->is_broken() && link->held.empty() && link->pass_remaining == 0 &&
                    !link->has_backlog() && !branch.dirty;
  if (!idle) {
    worker_.forget_cancel(*link);
    loop.defer([&pool, parcel = std::make_shared<std::unique_ptr<Link>>(std::move(link))] {
      pool.discard(std::move(*parcel));
    });
    return;
  }
  std::vector<std::string> cleaning;
  if (branch.pinned || branch.has_traces) {
    link->forget_all_statements();
    link->settings = no_settings();
    cleaning = {"ROLLBACK", "DISCARD ALL"};
  } else if (link->status != 'I') {
    cleaning = {"ROLLBACK"};
  }
  if (link->cancels_in_flight > 0) return worker_.park(std::move(link), std::move(cleaning));
  if (!cleaning.empty()) return pool.reset(std::move(link), cleaning);
  pool.give_back(std::move(link));
}

void Session::drop_branch(Branch& branch) {
  release(branch);
  branches_.erase(branches_.begin() + (&branch - branches_.data()));
}

// In a transaction, and nothing is there that a branch enlisted later would not hear again.
bool Session::is_spare(const Branch& branch) const noexcept {
  return branch.untouched && is_in_block() && !branch.pinned && !branch.syncing && !branch.dirty &&
         !branch.link->owes();
}

// Branches that described something, when the transaction comes to its work on another shard: it then ends on that one
// alone.
void Session::drop_spare(router::ShardIndex needed) {
  for (auto i = branches_.size(); i-- > 0;)
    if (branches_[i].shard != needed && is_spare(branches_[i])) drop_branch(branches_[i]);
}

// Outside a transaction nothing is kept but what is pinned.
void Session::release_idle() {
  for (std::size_t i = branches_.size(); i-- > 0;) {
    branches_[i].use = Use::kRead;
    branches_[i].unpreparable = branches_[i].tells_time = false;
    if (branches_[i].pinned && !branches_[i].link->is_broken()) continue;
    release(branches_[i]);
    branches_.erase(branches_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (!transaction_) stop_being_wide();
  if (outdated_) worker_.adopt_later(*this);
}

}  // namespace shardway::proxy::postgres
