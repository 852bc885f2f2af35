// Switchover: one planned change of a shard's primary, from the checks to the last replica, on a thread of its own that
// waits as long as it must. What it does next is switchover.hpp's to say, what that is on a kind of server
// switchover_recipe.hpp's; the program around it holds and releases clients. Destroying it stops it, and joins: what
// was begun is undone first, if it still may be.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "proxy/control/switchover_recipe.hpp"

namespace shardway::proxy::control::switchover {

struct Request {
  Cast cast;
  const std::shared_ptr<const void> keeps;  // what cast.database points into
  config::Milliseconds timeout{0};          // from the hold to the promotion
  bool force = false;                       // pinned clients are ended
};

// One step that is over, or still under way (state "waiting").
struct Progress {
  std::string step, state, detail;
  std::int64_t milliseconds = 0;
};

struct Report {
  Ending ending = Ending::kRefused;
  std::int64_t pause_ms = 0;  // how long the shard was held
  std::string detail;         // of what did not go well; empty: it did
};

// A client in the way: pinned to a link of the old primary, or (pin empty) in a transaction on it.
struct Holder {
  std::uint64_t id = 0;
  std::string user, pin;
};

// What the program does for it. Called on the switchover's thread; none may wait for long.
struct Around {
  std::function<void()> hold, release;
  std::function<std::optional<std::size_t>()> lent;  // links to the old primary; nullopt: nobody answered
  std::function<std::vector<Holder>()> holders;      // who has them
  std::function<void(std::uint64_t client)> end_client;
  std::function<void()> look;  // the control lane asks all nodes now
  // The control lane, of a node: statements may begin there, once nothing else holds them.
  std::function<bool(const config::Address&)> is_primary;
  std::function<bool()> is_released;  // an operator has opened the gate himself
  std::function<void(const Progress&)> tell;
  std::function<void(const Report&)> done;  // once; the switchover may be over later, if it is held
};

using backend::SteadyNanos;

class Switchover {
 public:
  Switchover(Request request, Around around);
  ~Switchover();
  Switchover(const Switchover&) = delete;
  Switchover& operator=(const Switchover&) = delete;

  bool is_over() const noexcept { return over_; }
  const config::Address& old_primary() const noexcept { return request_.cast.old_primary; }
  // A promotion that was sent and is not verified: somebody must look.
  bool is_alarmed() const noexcept { return alarmed_; }
  std::string standing() const;  // "drain", "verify", …

 private:
  void run();
  Outcome run_step(Step step, bool& sent);
  Outcome restore();
  Outcome follow();
  Outcome check();
  Outcome drain();
  void end_pinned() const;
  std::string with_holders(const std::string& open) const;
  Outcome verify();
  void raise_alarm(const std::string& why);
  std::string holders_text(bool pinned_only) const;
  void tell(Step step, std::string_view state, SteadyNanos began, const std::string& detail);
  void report(Ending ending, const std::string& detail);
  Patience patience(SteadyNanos time) const;
  Patience until_promotion() const;

  const Request request_;
  const Around around_;
  std::unique_ptr<Recipe> recipe_;
  std::atomic<bool> stopping_{false}, over_{false}, alarmed_{false};
  bool reported_ = false;
  SteadyNanos held_at_ = 0, released_at_ = 0, deadline_ = 0;
  mutable std::mutex mutex_;  // standing_
  Step standing_ = Step::kCheck;
  std::thread thread_;
};

}  // namespace shardway::proxy::control::switchover
