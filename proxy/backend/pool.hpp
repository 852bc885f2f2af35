// Pool: one thread's part of the server connections to one node for one login. A thread lends and takes back its own
// idle links without a lock. The cap and the queue are shared (shared_pool.hpp): whoever cannot be served at once waits
// in one line, and a link that comes free goes to the longest waiter, on whichever thread it is.
//
// The two sides of that promise meet like this: a waiter first joins the line, then looks for idle links elsewhere; a
// thread that lays a link down first counts it as idle, then looks at the line. One of the two always sees the other.
// So it is between the pools of two configurations (permits.hpp).
//
// Link is a connection class with: void attach(EventLoop&), void detach(), bool reusable(now), net::Stream
// take_leave(), and it reports the end of its opening through Pool::opened() and Pool::open_failed(). Pools outlive
// their links.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "proxy/backend/node.hpp"
#include "proxy/backend/shared_pool.hpp"
#include "proxy/net/event_loop.hpp"
#include "proxy/net/farewell.hpp"

namespace shardway::proxy::backend {

// Why no link could be lent. `from_server`: the server answered and refused (wrong password, no such database …):
// waiting does not help. `full`: the server is up and takes no more connections for now. Otherwise it could not be
// reached.
struct OpenFailure {
  bool from_server = false;
  std::string sqlstate, message;
  bool full = false;
};

template <class Link>
class Pool {
 public:
  // A link, or nullptr and the reason.
  using Granted = std::function<void(std::unique_ptr<Link>, const OpenFailure&)>;
  using Open = std::function<std::unique_ptr<Link>(Pool&)>;  // begins to open one; it reports to opened()/open_failed()

  Pool(net::EventLoop& loop, std::shared_ptr<SharedPool<Link>> shared, const Backend& backend, Node& node, Open open)
      : loop_(loop), shared_(std::move(shared)), backend_(backend), node_(node), open_(std::move(open)) {
    shared_->add(this);
  }
  ~Pool() {
    loop_.cancel(retry_timer_);
    shared_->remove(this);
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // For Shardway's own business: it obeys no PAUSE, and is nobody's pool.
  void set_beside() noexcept { is_beside_ = true; }
  bool is_beside() const noexcept { return is_beside_; }

  // An idle link of this thread, if nobody waits; the most recently used one.
  std::unique_ptr<Link> take() {
    if (idle_.empty() || shared_->somebody_waits() || paused()) return nullptr;
    ++lent_;
    return pop_idle();
  }

  // The idle link of this thread that is the wanted one; null if it is not idle here any more.
  template <class Wanted>
  std::unique_ptr<Link> take_if(Wanted wanted) {
    if (shared_->somebody_waits() || paused()) return nullptr;
    for (std::size_t i = idle_.size(); i-- > 0;) {
      if (!wanted(*idle_[i])) continue;
      auto link = std::move(idle_[i]);
      idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
      idle_count_.store(static_cast<std::uint32_t>(idle_.size()));
      ++lent_;
      return link;
    }
    return nullptr;
  }

  // Joins the line. `granted` is called once, later, on this thread, unless the ticket is cancelled before.
  std::uint64_t wait(Granted granted) {
    const std::uint64_t ticket = ++last_ticket_;
    granted_.emplace(ticket, std::move(granted));
    shared_->join_line({this, ticket, loop_.now()});
    if (!paused()) find_links();
    return ticket;
  }
  void cancel(std::uint64_t ticket) {
    if (granted_.erase(ticket) == 0 || !shared_->leave_line(this, ticket)) return;
    if (shared_->shares_permits()) poke_line();
  }

  // A link comes back clean: to the longest waiter, else it lies idle here.
  void give_back(std::unique_ptr<Link> link) {
    --lent_;
    lay_down(std::move(link));
  }
  // A link is not to be used again.
  void discard(std::unique_ptr<Link> link) {
    --lent_;
    destroy(std::move(link));
  }

  // A link that comes back with something left behind: `statements` clean it first, one by one, and it counts as lent
  // until then. `then` is called when that is over, well or not.
  void reset(std::unique_ptr<Link> link, const std::vector<std::string>& statements, std::function<void()> then = {}) {
    auto& kept = *resetting_.emplace_back(Resetting{std::move(link), std::move(then)}).link;
    kept.begin_reset(statements);
  }
  // Called by a link when its reset has ended, well or not.
  void reset_done(Link& link) {
    for (auto it = resetting_.begin(); it != resetting_.end(); ++it) {
      if (it->link.get() != &link) continue;
      auto done = std::move(*it);
      resetting_.erase(it);
      give_back(std::move(done.link));
      if (done.then) done.then();
      return;
    }
  }

  // Called by a link that was opening.
  void opened(Link& link) {
    failures_ = 0;
    node_.up.store(true, std::memory_order_relaxed);
    lay_down(take_opening(link));
  }
  void open_failed(Link& link, const OpenFailure& failure) {
    destroy(take_opening(link), /*serve=*/false);
    last_failure_ = failure;
    ++failures_;
    if (!failure.from_server && !failure.full) node_.lost();
    if (shared_->open() == 0 || failure.from_server) {
      fail_waiters(failure);
    } else {
      retry_later();
    }
    poke_line();
  }
  // Called by an idle link that the server closed.
  void lost(Link& link) {
    if (node_.shard != nullptr) node_.shard->look();
    for (auto it = idle_.begin(); it != idle_.end(); ++it) {
      if (it->get() != &link) continue;
      auto gone = std::move(*it);
      idle_.erase(it);
      idle_count_.store(static_cast<std::uint32_t>(idle_.size()));
      destroy(std::move(gone));
      return;
    }
  }

  // Once a second: closes what was idle or alive for too long, or belongs to an older configuration.
  void sweep(bool close_all) {
    for (std::size_t i = idle_.size(); i-- > 0;) {
      if (!close_all && idle_[i]->reusable(loop_.now())) continue;
      auto old = std::move(idle_[i]);
      idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
      idle_count_.store(static_cast<std::uint32_t>(idle_.size()));
      destroy(std::move(old));
    }
  }
  // Its configuration is an old one: links are closed as they come back.
  void retire() {
    retired_ = true;
    sweep(true);
  }
  // The gate of its shard is closed: those who wait here are to wait before it.
  void send_waiters_away() {
    fail_waiters({false, {}, kNoPrimary});
    if (shared_->shares_permits()) poke_line();
  }
  // Connections that are being made, all of them, or those to what their node is not any more: nobody may get them.
  void drop_openings(bool all) {
    for (std::size_t i = opening_.size(); i-- > 0;) {
      if (!all && !opening_[i]->is_stale()) continue;
      auto stale = std::move(opening_[i]);
      opening_.erase(opening_.begin() + static_cast<std::ptrdiff_t>(i));
      shared_->end_opening();
      destroy(std::move(stale), /*serve=*/false);
    }
  }
  // After RESUME, and when another thread asks for idle links.
  void serve_line() {
    if (paused()) return;
    while (!idle_.empty() && shared_->somebody_waits()) {
      typename SharedPool<Link>::Waiter waiter;
      if (!shared_->next_in_line(waiter)) break;
      hand_over(pop_idle(), waiter);
    }
    if (!shared_->somebody_waits()) return;
    open_more();
    poke_line();  // the idle link that was seen here is taken meanwhile: there may still be permits
  }

  net::EventLoop& loop() noexcept { return loop_; }
  Node& node() noexcept { return node_; }
  std::size_t idle() const noexcept { return idle_.size(); }
  std::size_t lent() const noexcept { return lent_; }
  std::size_t opening() const noexcept { return opening_.size(); }
  std::size_t waiting() const noexcept { return granted_.size(); }
  // Everybody who waits here gets a connection that is being made already, if nothing fails.
  bool opens_for_all() const noexcept { return !paused() && opening_.size() >= granted_.size(); }
  const std::vector<std::unique_ptr<Link>>& idle_links() const noexcept { return idle_; }
  const std::vector<std::unique_ptr<Link>>& opening_links() const noexcept { return opening_; }
  SharedPool<Link>& shared() noexcept { return *shared_; }
  const OpenFailure& last_failure() const noexcept { return last_failure_; }

 private:
  static constexpr const char* kNoPrimary = "the shard has no usable primary";

  // Nothing may begin here: it would not be counted among what runs, when a switchover looks.
  bool is_shut() const noexcept {
    return !is_beside_ && node_.shard != nullptr && node_.role.load() != Role::kReplica && !node_.shard->gate.is_open();
  }
  bool paused() const noexcept { return !is_beside_ && backend_.paused.load(); }

  std::unique_ptr<Link> pop_idle() {
    auto link = std::move(idle_.back());
    idle_.pop_back();
    idle_count_.store(static_cast<std::uint32_t>(idle_.size()));
    return link;
  }

  void lay_down(std::unique_ptr<Link> link) {
    link->rest(loop_.now());
    if (!link->reusable(loop_.now()) || paused() || shared_->must_yield()) {
      destroy(std::move(link));
      return;
    }
    typename SharedPool<Link>::Waiter waiter;
    if (shared_->next_in_line(waiter)) {
      hand_over(std::move(link), waiter);
      return;
    }
    if (retired_ || backend_.paused.load()) {
      destroy(std::move(link));
      return;
    }
    idle_.push_back(std::move(link));
    idle_count_.store(static_cast<std::uint32_t>(idle_.size()));
    if (shared_->somebody_waits()) serve_line();
    yield_idle();
  }

  // For the waiters of another configuration: the link that was used least recently.
  void yield_idle() {
    if (idle_.empty() || !shared_->should_yield()) return;
    auto link = std::move(idle_.front());
    idle_.erase(idle_.begin());
    idle_count_.store(static_cast<std::uint32_t>(idle_.size()));
    destroy(std::move(link));
  }

  void destroy(std::unique_ptr<Link> link, bool serve = true) {
    link->detach();
    auto stream = link->take_leave();
    loop_.bury(std::shared_ptr<Link>(std::move(link)));
    if (stream.is_open()) return leave(std::move(stream));
    shared_->return_permit();
    if (serve) poke_line();
  }
  // The server has it until it has closed its side: so long it counts.
  void leave(net::Stream stream) {
    net::Farewell::begin(loop_, std::move(stream), [shared = shared_] {
      shared->return_permit();
      poke_line_of(*shared);
    });
  }

  void hand_over(std::unique_ptr<Link> link, const typename SharedPool<Link>::Waiter& waiter) {
    if (waiter.pool == this) {
      receive(std::move(link), waiter.ticket);
      return;
    }
    link->detach();
    auto parcel = std::make_shared<std::unique_ptr<Link>>(std::move(link));
    // After the events at hand: one of them may be this link's.
    loop_.defer([pool = waiter.pool, parcel, ticket = waiter.ticket] {
      pool->loop_.post([pool, parcel, ticket] {
        (*parcel)->attach(*pool);
        pool->receive(std::move(*parcel), ticket);
      });
    });
  }

  // On this thread: the link is for `ticket`, after the events at hand; if that one has given up meanwhile, for the
  // next.
  void receive(std::unique_ptr<Link> link, std::uint64_t ticket) {
    auto parcel = std::make_shared<std::unique_ptr<Link>>(std::move(link));
    loop_.defer([this, ticket, parcel] {
      const auto found = granted_.find(ticket);
      if (found == granted_.end()) {
        lay_down(std::move(*parcel));
        return;
      }
      if (paused()) {  // PAUSE came while it was on its way
        shared_->rejoin_line({this, ticket, loop_.now()});
        lay_down(std::move(*parcel));
        return;
      }
      auto granted = std::move(found->second);
      granted_.erase(found);
      if ((*parcel)->is_stale() || is_shut()) {  // so did the end of its node's epoch, or the closing of the gate
        lay_down(std::move(*parcel));
        return granted(nullptr, {false, {}, kNoPrimary});
      }
      ++lent_;
      granted(std::move(*parcel), {});
    });
  }

  void find_links() {
    bool elsewhere = false;
    shared_->visit_pools([&](Pool& pool) {
      if (&pool == this || pool.idle_count_.load() == 0) return;
      elsewhere = true;
      pool.loop_.post([other = &pool] { other->serve_line(); });
    });
    if (!idle_.empty()) {
      loop_.defer([this] { serve_line(); });
    } else if (!elsewhere) {
      open_more();
    }
  }

  // A permit came free: the thread of the longest waiter may open a link for it.
  void poke_line() { poke_line_of(*shared_); }
  static void poke_line_of(SharedPool<Link>& shared) {
    shared.visit_first_in_line([](Pool& first) { first.loop_.post([&first] { first.open_more(); }); });
  }

  // One for every waiter of this thread, at once, as far as there are permits.
  void open_more() {
    if (paused() || retry_timer_ != 0 || opening_.size() >= granted_.size()) return;
    const auto wanted = granted_.size() - opening_.size();
    auto missing = wanted;
    for (; missing > 0 && shared_->begin_opening(); --missing) start_opening();
    if (missing < wanted && shared_->shares_permits()) poke_line();  // a newer configuration's were held back for these
    if (missing == 0) return;
    shared_->visit_others([](Pool& other) {
      if (other.idle_count_.load() > 0) other.loop_.post([&other] { other.yield_idle(); });
    });
  }
  void start_opening() {
    opening_.push_back(open_(*this));
    opening_.back()->connect();
  }

  std::unique_ptr<Link> take_opening(Link& link) {
    for (auto it = opening_.begin(); it != opening_.end(); ++it) {
      if (it->get() != &link) continue;
      auto found = std::move(*it);
      opening_.erase(it);
      shared_->end_opening();
      return found;
    }
    return nullptr;
  }

  // Every waiter of this thread learns that there is no hope here; the caller decides whether to come again.
  void fail_waiters(const OpenFailure& failure) {
    for (const auto& [ticket, granted] : granted_) {
      if (!shared_->leave_line(this, ticket)) continue;  // a link is on its way to this one
      loop_.defer([this, ticket = ticket, failure] {
        const auto found = granted_.find(ticket);
        if (found == granted_.end()) return;
        auto hopeless = std::move(found->second);
        granted_.erase(found);
        hopeless(nullptr, failure);
      });
    }
  }

  void retry_later() {
    if (retry_timer_ != 0) return;
    const auto ceiling = std::min<std::uint64_t>(2000, std::uint64_t{50} << std::min(failures_, 5u));
    const auto delay =
        std::chrono::milliseconds(std::uniform_int_distribution<std::uint64_t>(ceiling / 2, ceiling)(random_));
    retry_timer_ = loop_.after(delay, [this] {
      retry_timer_ = 0;
      open_more();
    });
  }

  net::EventLoop& loop_;
  std::shared_ptr<SharedPool<Link>> shared_;
  const Backend& backend_;
  Node& node_;
  Open open_;
  struct Resetting {
    std::unique_ptr<Link> link;
    std::function<void()> then;
  };
  std::vector<std::unique_ptr<Link>> idle_, opening_;
  std::vector<Resetting> resetting_;
  std::atomic<std::uint32_t> idle_count_{0};
  std::size_t lent_ = 0;
  std::uint64_t last_ticket_ = 0;
  std::unordered_map<std::uint64_t, Granted> granted_;
  OpenFailure last_failure_;
  unsigned failures_ = 0;
  net::EventLoop::TimerId retry_timer_ = 0;
  bool retired_ = false, is_beside_ = false;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace shardway::proxy::backend
