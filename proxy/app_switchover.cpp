// Planned changes of primary: one at a time for each shard, each on a thread of its own (control/switchover_run.hpp).

#include <algorithm>
#include <future>

#include "proxy/app.hpp"
#include "proxy/log.hpp"

namespace shardway::proxy {
namespace {

namespace switchover = control::switchover;

constexpr std::chrono::seconds kWorkersAnswer{2};  // for all workers to answer

std::string shard_name(const admin::Part& part) { return part.database + "." + part.shard; }

// What whoever asked is told at the end; empty: it went well.
std::string text_of(const switchover::Report& report) {
  if (switchover::is_good(report.ending)) return {};
  return std::string(name_of(report.ending)) + ": " + report.detail;
}

std::string summary_of(const switchover::Report& report) {
  return (report.ending == switchover::Ending::kRehearsed ? "it would have held the shard for "
                                                          : "the shard was held for ") +
         std::to_string(report.pause_ms) + " ms";
}

// Why the client keeps its server connection when no transaction is open; empty: it does not.
std::string pin_of(const stats::ClientRow& client, bool by_session) {
  if (client.pin == router::PinReason::kNone) return by_session ? "pool.mode = session" : "";
  return client.pin_detail.empty() ? std::string(router::name_of(client.pin)) : client.pin_detail;
}

const backend::Node& at(const backend::ShardNodes& shard, std::int32_t node) {
  return *shard.nodes[static_cast<std::size_t>(node)];
}

std::int32_t index_of(const backend::ShardNodes& shard, const std::string& address) {
  for (std::size_t i = 0; i < shard.nodes.size(); ++i)
    if (shard.nodes[i]->address.text == address) return static_cast<std::int32_t>(i);
  return -1;
}

// Of those that an unfinished switchover may have taken the writes from, the one that is wanted, or the only one.
std::int32_t left_behind(const backend::ShardNodes& shard, std::int32_t wanted) {
  std::int32_t found = -1;
  for (std::size_t i = 0; i < shard.nodes.size(); ++i) {
    if (!shard.nodes[i]->left_behind) continue;
    if (static_cast<std::int32_t>(i) == wanted) return wanted;
    if (found >= 0) return -1;
    found = static_cast<std::int32_t>(i);
  }
  return found;
}

bool all_follow(const backend::ShardNodes& shard) {
  const auto primary = shard.primary.load();
  for (std::size_t i = 0; i < shard.nodes.size(); ++i)
    if (static_cast<std::int32_t>(i) != primary && !shard.nodes[i]->follows) return false;
  return true;
}

// Whom the new primary still lacks. One that is no replica is the old one.
void add_the_rest(const backend::ShardNodes& shard, switchover::Cast& cast) {
  for (const auto& node : shard.nodes) {
    if (node->address.text == cast.target.text) continue;
    const bool is_old = node->role != backend::Role::kReplica && cast.old_primary.text == cast.target.text;
    if (is_old && cast.database->protocol == config::Protocol::kPostgresql)
      cast.old_primary = node->address;
    else
      cast.others.push_back(node->address);
  }
}

std::string_view address_text(const backend::ShardNodes& shard, std::int32_t node) {
  return node < 0 ? std::string_view() : std::string_view(shard.nodes[static_cast<std::size_t>(node)]->address.text);
}

}  // namespace

// Of the generation of this moment: a reload may come in the middle.
std::shared_ptr<backend::Backend> App::backend_of(const std::string& database) const {
  const auto now = generation();
  const auto found = now->databases.find(database);
  return found == now->databases.end() ? nullptr : found->second->backend;
}

backend::ShardNodes* App::shard_of(backend::Backend& backend, const std::string& name) {
  for (const auto& shard : backend.shards)
    if (shard->name == name) return shard.get();
  return nullptr;
}

void App::set_switchover_gates(const std::vector<Maintenance::Shard>& shards, bool closed) {
  for (const auto& shard : shards) maintenance_.switch_over(shard, closed);
  maintenance_changed();
}

// The shard itself, and those of other databases whose primary is the same server: their clients must not be there
// either when it is stopped. Not those that do not know the target, or whose roles nobody watches.
std::vector<Maintenance::Shard> App::shards_switched_with(const admin::Part& part,
                                                          const config::Address& old_primary) const {
  std::vector<Maintenance::Shard> shards{{part.database, part.shard}};
  for (const auto& one : shards_led_by(old_primary.text)) {
    const auto backend = backend_of(one.first);
    const auto* shard = backend ? shard_of(*backend, one.second) : nullptr;
    if (one == shards.front() || shard == nullptr || !shard->is_watched) continue;
    if (std::any_of(shard->nodes.begin(), shard->nodes.end(),
                    [&](const auto& node) { return node->address.text == part.node; }))
      shards.push_back(one);
  }
  return shards;
}

// Who plays which part; an error text if the nodes are not as they must be.
std::variant<switchover::Cast, std::string> App::cast_of(const admin::SwitchoverOrder& order,
                                                         const backend::Backend& backend,
                                                         const backend::ShardNodes& shard) const {
  const auto& target = order.part.node;
  const auto wanted = index_of(shard, target);
  if (backend.config.control.user.empty())
    return "database \"" + backend.config.name + "\" has no [database.control]: nobody may ask its servers";
  if (wanted < 0) return "node " + target + " is none of " + shard_name(order.part);
  const auto left = left_behind(shard, wanted);
  const auto primary = left >= 0 ? left : shard.primary.load();
  if (primary < 0) return shard_name(order.part) + " has no primary now: a switchover needs one, SHOW NODES";
  switchover::Cast cast;
  cast.database = &backend.config;
  cast.shard = order.part.shard;
  cast.course = {order.rehearse, left >= 0, wanted == primary};
  if (order.rehearse && (left >= 0 || wanted == primary))
    return "node " + target + (wanted == primary ? " is the primary already" : " cannot be rehearsed") +
           (left >= 0 ? ": a switchover before was not finished, SHOW NODES" : "");
  cast.target = at(shard, wanted).address;
  cast.old_primary = at(shard, primary).address;
  if (cast.course.finishes) {
    if (left < 0 && all_follow(shard)) return "node " + target + " is the primary already";
    add_the_rest(shard, cast);
    return cast;
  }
  if (at(shard, wanted).role != backend::Role::kReplica)
    return "node " + target + " is no replica of the primary (or does not answer), SHOW NODES";
  for (const auto& node : shard.nodes) {
    const bool is_other = node->address.text != target && node->address.text != cast.old_primary.text;
    if (is_other && node->role == backend::Role::kReplica) cast.others.push_back(node->address);
  }
  return cast;
}

// A paused node would hold the shard as its primary, and a drained one is to be left.
std::string App::out_of_service(const std::string& node) const {
  const auto state = maintenance_.state_of(node);
  if (state.empty()) return {};
  return "node " + node + " is " + std::string(state) + ": first " + (state == "paused" ? "RESUME" : "UNDRAIN") +
         " NODE '" + node + "'";
}

std::optional<std::size_t> App::lent_now(const std::string& node) {
  auto answer = std::make_shared<std::promise<std::size_t>>();
  auto lent = answer->get_future();
  count_lent({node}, {}, [answer](std::size_t count) { answer->set_value(count); });
  if (lent.wait_for(kWorkersAnswer) != std::future_status::ready) return std::nullopt;
  return lent.get();
}

// Who has links of the old primary.
std::vector<switchover::Holder> App::holders_of(const config::Address& node) {
  auto answer = std::make_shared<std::promise<stats::Report>>();
  auto collected = answer->get_future();
  collect(true, [answer](stats::Report report) { answer->set_value(std::move(report)); });
  if (collected.wait_for(kWorkersAnswer) != std::future_status::ready) return {};
  const auto report = collected.get();
  const auto now = generation()->config;
  std::vector<switchover::Holder> holders;
  for (const auto& server : report.servers) {
    if (server.client_id == 0 || server.addr != node.host || server.port != node.port) continue;
    const auto* config = now->database(server.database);
    const bool by_session = config != nullptr && config->pool.mode == config::PoolMode::kSession;
    for (const auto& client : report.clients)
      if (client.id == server.client_id) holders.push_back({client.id, client.user, pin_of(client, by_session)});
  }
  return holders;
}

void App::switchover(const admin::SwitchoverOrder& order, std::function<void(admin::SwitchoverStep)> tell,
                     std::function<void(std::string)> done) {
  const auto backend = backend_of(order.part.database);
  auto* shard = backend ? shard_of(*backend, order.part.shard) : nullptr;
  if (shard == nullptr) return done(unknown(shard_name(order.part)));
  auto cast = cast_of(order, *backend, *shard);
  if (const auto* problem = std::get_if<std::string>(&cast)) return done(*problem);
  if (const auto problem = out_of_service(order.part.node); !problem.empty()) return done(problem);
  switchover::Request request{std::get<switchover::Cast>(std::move(cast)), backend,
                              order.timeout.count() > 0 ? order.timeout : backend->config.switchover.timeout,
                              order.force};
  const std::lock_guard lock(switchovers_mutex_);
  auto& under_way = switchovers_[shard_name(order.part)];
  if (under_way && !under_way->is_over())
    return done("a switchover of " + shard_name(order.part) + " is under way (" + under_way->standing() + ")");
  const auto same_server = [&](const auto& one) {
    return one.second && !one.second->is_over() && one.second->old_primary().text == request.cast.old_primary.text;
  };
  if (const auto other = std::find_if(switchovers_.begin(), switchovers_.end(), same_server);
      other != switchovers_.end())
    return done("a switchover of " + other->first + ", whose primary is the same server, is under way");
  auto around = around_of(order.part, request.cast.old_primary, std::move(tell), std::move(done));
  under_way = std::make_unique<switchover::Switchover>(std::move(request), std::move(around));
}

switchover::Around App::around_of(const admin::Part& part, const config::Address& old_primary,
                                  std::function<void(admin::SwitchoverStep)> tell,
                                  std::function<void(std::string)> done) {
  switchover::Around around;
  // On the switchover's thread only.
  auto held = std::make_shared<std::vector<Maintenance::Shard>>(1, Maintenance::Shard{part.database, part.shard});
  around.hold = [this, part, old_primary, held] {
    *held = shards_switched_with(part, old_primary);
    set_switchover_gates(*held, true);
  };
  around.release = [this, held] { set_switchover_gates(*held, false); };
  around.lent = [this, old_primary] { return lent_now(old_primary.text); };
  around.holders = [this, old_primary] { return holders_of(old_primary); };
  around.end_client = [this](std::uint64_t client) { kill_client(client, [](const std::string&) {}); };
  around.look = [this, held] { look_at(*held); };
  around.is_primary = [this, held](const config::Address& node) {
    return std::all_of(held->begin(), held->end(), [&](const Maintenance::Shard& one) {
      const auto backend = backend_of(one.first);
      const auto* shard = backend ? shard_of(*backend, one.second) : nullptr;
      if (shard == nullptr) return one != held->front();  // by a reload
      return address_text(*shard, shard->primary) == node.text &&
             !shard->gate.is_closed_for(backend::Gate::Reason::kNoPrimary);
    });
  };
  around.is_released = [this, part, held] {
    const bool is_released = !maintenance_.is_switched_over(part.database, part.shard);
    if (is_released) set_switchover_gates(*held, false);  // the other databases', too
    return is_released;
  };
  around.tell = [tell](const switchover::Progress& progress) {
    tell({progress.step, progress.state, progress.detail, progress.milliseconds});
  };
  around.done = [tell, done](const switchover::Report& report) {
    tell({"end", std::string(name_of(report.ending)), summary_of(report), report.pause_ms});
    done(text_of(report));
  };
  return around;
}

void App::look_at(const std::vector<Maintenance::Shard>& shards) {
  for (const auto& [database, name] : shards) {
    const auto backend = backend_of(database);
    if (auto* shard = backend ? shard_of(*backend, name) : nullptr) shard->look();
  }
}

// RESUME of shards that a switchover holds: only where it waits for a verification, else it is still at work.
bool App::release_switchovers(const admin::Part& part) {
  if (!part.node.empty()) return false;
  auto shards = shards_of(part);
  const std::lock_guard lock(switchovers_mutex_);
  std::erase_if(shards, [this](const Maintenance::Shard& shard) {
    const auto found = switchovers_.find(shard.first + "." + shard.second);
    return found == switchovers_.end() || !found->second || !found->second->is_alarmed();
  });
  if (!shards.empty()) set_switchover_gates(shards, false);
  return !shards.empty();
}

void App::add_switchovers(stats::Report& report) const {
  const std::lock_guard lock(switchovers_mutex_);
  for (const auto& [name, under_way] : switchovers_) {
    if (under_way && !under_way->is_over()) report.switchovers[name] = {under_way->standing(), under_way->is_alarmed()};
  }
}

}  // namespace shardway::proxy
