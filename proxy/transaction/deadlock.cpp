#include "proxy/transaction/deadlock.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace shardway::proxy::transaction {

namespace {

// A transaction, or a server process of which nothing else is known; and what it waits for.
struct Waiter {
  const Waiting* known = nullptr;
  std::set<std::size_t> blockers;
  bool stuck = true;
};

class Graph {
 public:
  Graph(const std::vector<Waiting>& waiting, const std::vector<Blocked>& blocked) {
    for (const auto& one : waiting) {
      const auto number = nodes_.size();
      nodes_.emplace_back().known = &one;
      for (const auto& backend : one.backends) node_of_[backend] = number;
    }
    for (const auto& edge : blocked) {
      const auto waiter = node(edge.waiter), blocker = node(edge.blocker);
      nodes_[waiter].blockers.insert(blocker);
    }
    while (set_free()) {}
  }

  // The way from one that is stuck to what it waits for ends in a circle, as whatever that is, is stuck, too.
  std::vector<Waiting> circle_behind(std::size_t start) const {
    std::vector<std::size_t> way;
    while (std::find(way.begin(), way.end(), start) == way.end()) {
      way.push_back(start);
      start = next(start);
    }
    std::vector<Waiting> members;
    for (auto at = std::find(way.begin(), way.end(), start); at != way.end(); ++at)
      if (nodes_[*at].known != nullptr) members.push_back(*nodes_[*at].known);
    return members;
  }

  std::size_t size() const noexcept { return nodes_.size(); }
  bool is_stuck(std::size_t number) const { return nodes_[number].stuck; }

 private:
  std::size_t node(const Backend& backend) {
    const auto [found, is_new] = node_of_.try_emplace(backend, nodes_.size());
    if (is_new) nodes_.emplace_back();
    return found->second;
  }

  static bool holds(const Waiter& node, const void* pool) {
    return node.known != nullptr && std::count(node.known->pools.begin(), node.known->pools.end(), pool) > 0;
  }

  bool still_waits(const Waiter& node) const {
    if (node.known != nullptr && node.known->wanted != nullptr) {
      const auto held = std::count_if(nodes_.begin(), nodes_.end(), [&](const Waiter& other) {
        return other.stuck && &other != &node && holds(other, node.known->wanted);
      });
      return held >= static_cast<std::ptrdiff_t>(node.known->wanted_size);
    }
    return std::any_of(node.blockers.begin(), node.blockers.end(),
                       [&](std::size_t blocker) { return nodes_[blocker].stuck; });
  }

  // True if somebody turned out to be free, so that those who wait for him may be.
  bool set_free() {
    bool any = false;
    for (auto& node : nodes_) {
      if (!node.stuck || still_waits(node)) continue;
      node.stuck = false;
      any = true;
    }
    return any;
  }

  std::size_t next(std::size_t number) const {
    const auto& node = nodes_[number];
    if (node.known != nullptr && node.known->wanted != nullptr) {
      std::size_t other = 0;
      while (other == number || !nodes_[other].stuck || !holds(nodes_[other], node.known->wanted)) ++other;
      return other;
    }
    return *std::find_if(node.blockers.begin(), node.blockers.end(),
                         [&](std::size_t blocker) { return nodes_[blocker].stuck; });
  }

  std::vector<Waiter> nodes_;
  std::map<Backend, std::size_t> node_of_;
};

}  // namespace

void WaitBoard::put(Waiting waiting) {
  const std::lock_guard lock(mutex_);
  auto& known = waiting_[waiting.client];
  in_line_ += (waiting.wanted != nullptr ? 1u : 0u) - (known.wanted != nullptr ? 1u : 0u);
  known = std::move(waiting);
}

void WaitBoard::remove(std::uint64_t client) {
  const std::lock_guard lock(mutex_);
  const auto known = waiting_.find(client);
  if (known == waiting_.end()) return;
  if (known->second.wanted != nullptr) --in_line_;
  waiting_.erase(known);
}

std::vector<Waiting> WaitBoard::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<Waiting> all;
  for (const auto& [client, waiting] : waiting_) all.push_back(waiting);
  return all;
}

std::vector<Waiting> find_circle(const std::vector<Waiting>& waiting, const std::vector<Blocked>& blocked) {
  const Graph graph(waiting, blocked);
  for (std::size_t start = 0; start < graph.size(); ++start) {
    if (!graph.is_stuck(start)) continue;
    auto members = graph.circle_behind(start);
    if (members.empty()) continue;  // of processes that one server sees all of
    std::sort(members.begin(), members.end(), [](const Waiting& a, const Waiting& b) {
      return std::make_tuple(!a.is_pinned, a.wanted != nullptr, a.transaction_since) >
             std::make_tuple(!b.is_pinned, b.wanted != nullptr, b.transaction_since);
    });
    return members;
  }
  return {};
}

}  // namespace shardway::proxy::transaction
