#include "proxy/control/inspection.hpp"

#include <poll.h>

#include <algorithm>

#include "proxy/control/database_watch.hpp"

namespace shardway::proxy::control {
namespace {

std::string quoted(const std::string& name) { return "\"" + name + "\""; }

bool is_done(const std::vector<std::unique_ptr<DatabaseWatch>>& databases) {
  return std::all_of(databases.begin(), databases.end(), [](const auto& d) { return d->first_round_done(); });
}

void look_once(std::vector<std::unique_ptr<DatabaseWatch>>& databases, SteadyNanos now, SteadyNanos end) {
  std::vector<pollfd> polled;
  auto next = end;
  for (const auto& database : databases) {
    database->pursue(now);
    database->add_to(polled);
    next = std::min(next, database->next_timer());
  }
  const auto wait = std::clamp<SteadyNanos>((next - now) / kMillisecond + 1, 0, 1000);
  if (::poll(polled.data(), polled.size(), static_cast<int>(wait)) < 0)
    for (auto& one : polled) one.revents = 0;
  std::size_t used = 0;
  for (const auto& database : databases) used += database->advance(polled.data() + used, steady_now());
}

class Findings {
 public:
  Findings(const DatabaseWatch& watch, Inspection& into)
      : watch_(watch), config_(watch.backend()->config), into_(into) {}

  void take() {
    for (std::size_t i = 0; i < watch_.shard_count(); ++i) {
      const auto& nodes = *watch_.backend()->shards[i];
      take_shard(watch_.shard(i), nodes);
      if (nodes.primary >= 0 && !watch_.has_catalog(i))
        take_unread(nodes, watch_.shard(i).node(static_cast<std::size_t>(nodes.primary)));
    }
    take_tables();
    take_numbers();
  }

 private:
  void problem(std::string message, std::string hint, bool is_error = true) {
    into_.problems.push_back(
        {"database " + quoted(config_.name) + ": " + std::move(message), std::move(hint), is_error});
  }

  void take_shard(const ShardWatch& shard, const backend::ShardNodes& nodes) {
    for (std::size_t i = 0; i < shard.size(); ++i) take_node(shard.node(i), nodes);
    for (const auto& finding : shard.findings()) {
      const auto& address = nodes.nodes[static_cast<std::size_t>(finding.node)]->address.text;
      problem("shard " + quoted(nodes.name) + ", node " + address + " " + explain(finding.suspicion), {});
    }
    if (nodes.primary < 0)
      problem("shard " + quoted(nodes.name) + " has no primary",
              "start one of its nodes as the primary, or promote one");
  }

  void take_node(const NodeWatch& watch, const backend::ShardNodes& shard) {
    const auto& node = watch.node();
    const bool answered = watch.status().has_value();
    into_.nodes.push_back({config_.name, shard.name, node.address.text, node.role, node.lag_us, answered});
    const auto where = "shard " + quoted(shard.name) + ", node " + node.address.text + ": ";
    if (!answered) {
      const auto& error = watch.error();
      return problem(where + (error.empty() ? "no answer in time" : error),
                     "see that the server runs, that it lets user " + quoted(config_.control.user) +
                         " of [database.control] in, and that the address is right");
    }
    if (config_.shards.size() < 2 || node.role != backend::Role::kPrimary) return;
    if (node.max_prepared == 0)
      problem(where + "max_prepared_transactions = 0: what is written on several shards is refused",
              "set max_prepared_transactions there and restart it", false);
  }

  void take_unread(const backend::ShardNodes& shard, const NodeWatch& primary) {
    const auto& error = primary.error();
    problem("shard " + quoted(shard.name) + ", node " + primary.node().address.text +
                ": its catalogue could not be read: " + (error.empty() ? "no answer in time" : error),
            "see what user " + quoted(config_.control.user) + " of [database.control] may read");
  }

  void take_tables() {
    const auto topology = watch_.backend()->topology();
    for (const auto& table : watch_.problems()) {
      const bool refused = topology->catalog && topology->catalog->refused.contains(table.table);
      problem("table " + quoted(table.table) + ": " + table.message, table.hint, refused);
    }
  }

  void take_numbers() {
    for (const auto& found : watch_.miscounting_nodes()) {
      const auto& shard = *watch_.backend()->shards[found.shard];
      problem("shard " + quoted(shard.name) + ", node " + shard.nodes[found.node]->address.text + ": " + found.message,
              found.hint, false);
    }
  }

  const DatabaseWatch& watch_;
  const config::Database& config_;
  Inspection& into_;
};

}  // namespace

Inspection inspect(const std::vector<std::shared_ptr<backend::Backend>>& backends, config::Milliseconds deadline) {
  Inspection inspection;
  std::vector<std::unique_ptr<DatabaseWatch>> databases;
  for (const auto& backend : backends) {
    if (!backend->config.control.user.empty()) {
      databases.push_back(std::make_unique<DatabaseWatch>(backend));
      continue;
    }
    inspection.problems.push_back({"database " + quoted(backend->config.name) + ": its servers were not looked at",
                                   "set user and password in [database.control]", false});
  }
  const auto end = steady_now() + deadline / std::chrono::nanoseconds(1);
  for (auto now = steady_now(); now < end && !is_done(databases); now = steady_now()) look_once(databases, now, end);
  for (const auto& database : databases) Findings(*database, inspection).take();
  return inspection;
}

}  // namespace shardway::proxy::control
