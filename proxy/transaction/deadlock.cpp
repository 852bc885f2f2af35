#include "proxy/transaction/deadlock.hpp"

#include <algorithm>
#include <set>

namespace shardway::proxy::transaction {

namespace {

// Server processes and what each waits for; all processes of one transaction are one node, named by its first.
class Graph {
 public:
  Graph(const std::vector<Waiting>& waiting, const std::vector<Blocked>& blocked) {
    for (const auto& one : waiting) {
      for (const auto& backend : one.backends) node_of_[backend] = one.backends.front();
    }
    for (const auto& edge : blocked) next_[node(edge.waiter)].insert(node(edge.blocker));
  }

  Backend node(const Backend& backend) const {
    const auto found = node_of_.find(backend);
    return found == node_of_.end() ? backend : found->second;
  }

  // The nodes on a way from `start` back to itself; empty: there is none.
  std::vector<Backend> circle_through(const Backend& start) const {
    std::vector<Backend> way{start};
    std::set<Backend> seen;
    return walk(start, way, seen) ? way : std::vector<Backend>();
  }

 private:
  bool walk(const Backend& start, std::vector<Backend>& way, std::set<Backend>& seen) const {
    const auto found = next_.find(way.back());
    if (found == next_.end()) return false;
    for (const auto& next : found->second) {
      if (next == start) return true;
      if (!seen.insert(next).second) continue;
      way.push_back(next);
      if (walk(start, way, seen)) return true;
      way.pop_back();
    }
    return false;
  }

  std::map<Backend, Backend> node_of_;
  std::map<Backend, std::set<Backend>> next_;
};

}  // namespace

void WaitBoard::put(Waiting waiting) {
  const std::lock_guard lock(mutex_);
  const auto client = waiting.client;
  waiting_.insert_or_assign(client, std::move(waiting));
}

void WaitBoard::remove(std::uint64_t client) {
  const std::lock_guard lock(mutex_);
  waiting_.erase(client);
}

std::vector<Waiting> WaitBoard::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<Waiting> all;
  for (const auto& [client, waiting] : waiting_) all.push_back(waiting);
  return all;
}

std::vector<Waiting> find_circle(const std::vector<Waiting>& waiting, const std::vector<Blocked>& blocked) {
  const Graph graph(waiting, blocked);
  for (const auto& start : waiting) {
    if (start.backends.empty()) continue;
    const auto way = graph.circle_through(start.backends.front());
    if (way.empty()) continue;
    std::vector<Waiting> members;
    for (const auto& one : waiting) {
      if (!one.backends.empty() && std::find(way.begin(), way.end(), one.backends.front()) != way.end())
        members.push_back(one);
    }
    std::sort(members.begin(), members.end(),
              [](const Waiting& a, const Waiting& b) { return a.transaction_since > b.transaction_since; });
    return members;
  }
  return {};
}

}  // namespace shardway::proxy::transaction
