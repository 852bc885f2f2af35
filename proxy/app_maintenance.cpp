// PAUSE and RESUME of a database, a shard or a node, DRAIN NODE and UNDRAIN NODE, each with its wait and its end.

#include "proxy/app.hpp"
#include "proxy/log.hpp"

namespace shardway::proxy {
namespace {

constexpr auto kPoll = std::chrono::milliseconds(20);

void set_gate(backend::Gate& gate, backend::Gate::Reason reason, bool closed) {
  if (closed)
    gate.close(reason);
  else
    gate.open(reason);
}

}  // namespace

// ---- what is out of service, as every thread sees it

void App::apply_maintenance(const Generation& generation) {
  for (const auto& [name, database] : generation.databases) {
    for (const auto& shard : database->backend->shards) {
      set_gate(shard->gate, backend::Gate::Reason::kPaused, maintenance_.holds(name, shard->name));
      set_gate(shard->gate, backend::Gate::Reason::kSwitchover, maintenance_.is_switched_over(name, shard->name));
      for (const auto& node : shard->nodes) {
        node->rests = maintenance_.rests(node->address.text);
        node->paused = maintenance_.is_paused({"", "", node->address.text});
      }
      shard->heed_paused_node();
    }
  }
}

// Clients of an older generation wait at its gates.
std::vector<std::shared_ptr<const Generation>> App::generations() {
  const std::lock_guard lock(mutex_);
  std::erase_if(generations_, [](const auto& one) { return one.expired(); });
  std::vector<std::shared_ptr<const Generation>> alive;
  for (const auto& one : generations_)
    if (auto generation = one.lock()) alive.push_back(std::move(generation));
  return alive;
}

void App::maintenance_changed() {
  for (const auto& generation : generations()) {
    apply_maintenance(*generation);
    for (const auto& [name, database] : generation->databases) gates_changed(name);
  }
}

std::vector<Maintenance::Shard> App::shards_led_by(const std::string& node) const {
  std::vector<Maintenance::Shard> shards;
  for (const auto& [name, database] : generation()->databases) {
    for (const auto& shard : database->backend->shards) {
      const auto primary = shard->primary.load();
      if (primary >= 0 && shard->nodes[static_cast<std::size_t>(primary)]->address.text == node)
        shards.emplace_back(name, shard->name);
    }
  }
  return shards;
}

// Of a part that is no node.
std::vector<Maintenance::Shard> App::shards_of(const admin::Part& part) const {
  std::vector<Maintenance::Shard> shards;
  if (!part.shard.empty()) return {{part.database, part.shard}};
  for (const auto& database : databases_named(part.database))
    for (const auto& shard : database->backend->shards)
      shards.emplace_back(database->backend->config.name, shard->name);
  return shards;
}

// The nodes where nothing may be under way once the part is paused: the primaries of the shards, or the node itself.
std::vector<std::string> App::nodes_of(const admin::Part& part) const {
  if (!part.node.empty()) return {part.node};
  std::vector<std::string> nodes;
  for (const auto& database : databases_named(part.database)) {
    for (const auto& shard : database->backend->shards) {
      const auto primary = shard->primary.load();
      if (shard->name == part.shard && primary >= 0)
        nodes.push_back(shard->nodes[static_cast<std::size_t>(primary)]->address.text);
    }
  }
  return nodes;
}

// ---- waiting for what is under way

// Links to these nodes in use, for whichever database (of one name, unless it is empty); idle ones are closed.
void App::count_lent(std::vector<std::string> nodes, std::string database, std::function<void(std::size_t)> done) {
  auto lent = std::make_shared<std::atomic<std::size_t>>(0);
  gather(
      [nodes = std::move(nodes), database = std::move(database), lent](Worker& worker) {
        for (const auto& node : nodes) lent->fetch_add(worker.leave_node(database, node));
      },
      [lent, done = std::move(done)] { done(lent->load()); });
}

void App::when_unused(const admin::Part& part, std::function<bool()> still_wanted,
                      std::function<void(std::string)> done) {
  count_lent(nodes_of(part), part.database, [this, part, still_wanted, done](std::size_t lent) {
    if (!still_wanted()) return done("resumed before it was paused");
    if (lent == 0) return done({});
    after(kPoll, [this, part, still_wanted, done] { when_unused(part, still_wanted, done); });
  });
}

void App::after(std::chrono::milliseconds delay, std::function<void()> action) {
  auto& loop = workers_.front()->loop();
  loop.post([&loop, delay, action = std::move(action)] { loop.at(net::Clock::now() + delay, action); });
}

// ---- PAUSE, RESUME

void App::pause(const admin::Part& part, config::Milliseconds timeout, std::function<void(std::string)> done) {
  const bool whole = part.shard.empty() && part.node.empty(), has_end = timeout.count() > 0;
  if (whole && databases_named(part.database).empty()) return done(unknown(part.database));
  const bool was_paused = maintenance_.is_paused(part) || (whole && maintenance_.is_paused({}));
  const auto ticket = maintenance_.pause(part, has_end);
  if (ticket == 0 && !whole) return done(Maintenance::name_of(part) + " is already paused");
  if (has_end) after(timeout, [this, part, ticket] { end_pause(part, ticket); });
  if (whole) return pause_databases(part.database, has_end || (was_paused && ticket != 0), std::move(done));
  maintenance_changed();
  when_unused(
      part, [this, part] { return maintenance_.is_paused(part); }, std::move(done));
}

// The time of its PAUSE is over. Of all databases those stay paused that are so by a PAUSE of their own.
void App::end_pause(const admin::Part& part, std::uint64_t ticket) {
  if (!maintenance_.resume(part, ticket)) return;
  log::info("event=resumed part=\"{}\" reason=\"the time of its PAUSE is over\"", Maintenance::name_of(part));
  if (!part.database.empty() || !part.node.empty()) {
    let_go(part);
    return;
  }
  for (const auto& database : databases_named({})) {
    const auto& name = database->backend->config.name;
    if (!maintenance_.is_paused({name, "", ""})) resume_databases(name);
  }
}

std::string App::resume(const admin::Part& part) {
  const bool is_all = part.database.empty() && part.node.empty();
  const bool was_paused = is_all ? maintenance_.resume_all() : maintenance_.resume(part, 0);
  if (is_all) maintenance_changed();
  const auto problem = let_go(part);
  const bool was_held = release_switchovers(part);
  return was_paused || was_held ? std::string() : problem;
}

// What a pause held goes on; also what KILL left paused.
std::string App::let_go(const admin::Part& part) {
  if (part.shard.empty() && part.node.empty()) return resume_databases(part.database);
  maintenance_changed();
  return Maintenance::name_of(part) + " is not paused";
}

// ---- DRAIN NODE, UNDRAIN NODE

void App::drain_node(const std::string& node, std::function<void(std::string)> done) {
  const admin::Part part{"", "", node};
  if (const auto led = shards_led_by(node); !led.empty()) {
    const auto shard = led.front().first + "." + led.front().second;
    return done("node " + node + " is the primary of " + shard + ": first SWITCHOVER " + shard +
                " TO another of its nodes, or PAUSE NODE it");
  }
  if (!maintenance_.drain(node)) return done("node " + node + " is already drained");
  log::info("event=drain node={}", node);
  maintenance_changed();
  when_unused(
      part, [this, node] { return maintenance_.is_drained(node); }, std::move(done));
}

std::string App::undrain_node(const std::string& node) {
  if (!maintenance_.undrain(node)) return "node " + node + " is not drained";
  log::info("event=undrain node={}", node);
  maintenance_changed();
  return {};
}

}  // namespace shardway::proxy
