#include "proxy/control/database_watch.hpp"

#include <algorithm>

#include "proxy/log.hpp"
#include "router/numbering.hpp"

namespace shardway::proxy::control {
namespace {

constexpr SteadyNanos kCatalogInterval = 60'000 * kMillisecond;
constexpr SteadyNanos kCatalogRetry = 5'000 * kMillisecond;
constexpr SteadyNanos kCatalogDebounce = 5'000'000;
constexpr SteadyNanos kRoundPatience = 10'000 * kMillisecond;

}  // namespace

DatabaseWatch::DatabaseWatch(std::shared_ptr<backend::Backend> backend) : backend_(std::move(backend)) {
  for (const auto& shard : backend_->shards) shards_.push_back(std::make_unique<ShardWatch>(backend_->config, *shard));
  readings_.resize(shards_.size());
}

std::shared_ptr<const router::Topology> DatabaseWatch::topology() const {
  auto current = backend_->topology();
  return current ? current : std::make_shared<const router::Topology>(backend_->config.topology);
}

void DatabaseWatch::add_to(std::vector<pollfd>& polled) const {
  for (const auto& shard : shards_) {
    for (std::size_t i = 0; i < shard->size(); ++i) {
      const auto& node = shard->node(i);
      polled.push_back({node.link().fd(), node.events(), 0});  // poll() ignores what has no descriptor
    }
  }
}

std::size_t DatabaseWatch::advance(const pollfd* happened, SteadyNanos now) {
  std::size_t used = 0;
  for (std::size_t s = 0; s < shards_.size(); ++s) {
    auto& shard = *shards_[s];
    for (std::size_t i = 0; i < shard.size(); ++i) {
      const auto outcome = shard.advance(i, happened[used++].revents, now);
      if (outcome == NodeWatch::Outcome::kCatalog) {
        readings_[s].catalog = std::make_unique<ShardCatalog>(shard.node(i).catalog());
        readings_[s].state = Reading::kDone;
      } else if (outcome == NodeWatch::Outcome::kStatus && counts_anew(s, i)) {
        catalog_due_ = std::min(catalog_due_, now);
      } else if (outcome == NodeWatch::Outcome::kCatalogFailed) {
        readings_[s].state = Reading::kDone;
        catalog_due_ = now + kCatalogRetry;
        log::warn("event=catalog_unread {} error=\"{}\"", shard.node(i).label(), shard.node(i).error());
      }
    }
  }
  return used;
}

// A primary that counts AUTO_INCREMENT columns up otherwise than the catalogue has it.
bool DatabaseWatch::counts_anew(std::size_t shard, std::size_t node) const {
  const auto& watch = shards_[shard]->node(node);
  const auto& known = readings_[shard].catalog;
  return known && watch.node().role == backend::Role::kPrimary && watch.status()->numbering != known->numbering;
}

void DatabaseWatch::pursue(SteadyNanos now) {
  for (const auto& shard : shards_) shard->pursue(now);
  pursue_catalog(now);
}

void DatabaseWatch::pursue_catalog(SteadyNanos now) {
  if (is_stale_.exchange(false)) catalog_due_ = std::min(catalog_due_, now + kCatalogDebounce);
  if (round_ends_ == 0 && now >= catalog_due_) begin_catalog_round(now);
  if (round_ends_ == 0) return;
  bool waits = false;
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    auto& reading = readings_[i];
    if (reading.state == Reading::kToAsk && !shards_[i]->has_primary()) reading.state = Reading::kDone;
    if (auto* primary = shards_[i]->idle_primary(); primary != nullptr && reading.state == Reading::kToAsk) {
      primary->ask_catalog();
      reading.state = Reading::kAsked;
    }
    waits = waits || reading.state != Reading::kDone;
  }
  if (!waits || now >= round_ends_) end_catalog_round(now);
}

void DatabaseWatch::begin_catalog_round(SteadyNanos now) {
  if (!has_primaries()) return;
  catalog_due_ = now + kCatalogInterval;
  round_ends_ = now + kRoundPatience;
  catalog_asking_for_ = backend_->catalog_wanted.load();
  for (auto& reading : readings_) reading.state = Reading::kToAsk;
}

// True if the home shard has one, and every other shard too unless it was decided that it has none.
bool DatabaseWatch::has_primaries() const noexcept {
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    if (shards_[i]->has_primary()) continue;
    if (i == backend_->config.topology.home || !shards_[i]->first_round_done()) return false;
  }
  return true;
}

void DatabaseWatch::end_catalog_round(SteadyNanos now) {
  round_ends_ = 0;
  catalog_asked_once_ = true;
  for (const auto& reading : readings_) {
    if (reading.catalog == nullptr) catalog_due_ = std::min(catalog_due_, now + kCatalogRetry);
  }
  publish_catalog();
  report_miscounting_nodes();
}

SteadyNanos DatabaseWatch::next_timer() const noexcept {
  auto next = kNever;
  for (const auto& shard : shards_) next = std::min(next, shard->next_timer());
  // Without a primary at hand the next answer of a node leads here; so it does in a round.
  if (round_ends_ != 0) return std::min(next, round_ends_);
  return has_primaries() ? std::min(next, catalog_due_) : next;
}

bool DatabaseWatch::take_change() noexcept {
  bool any = false;
  for (const auto& shard : shards_) any = shard->take_change() || any;
  return any;
}

bool DatabaseWatch::first_round_done() const noexcept {
  if (!std::all_of(shards_.begin(), shards_.end(), [](const auto& s) { return s->first_round_done(); })) return false;
  return catalog_asked_once_ || !has_primaries();
}

void DatabaseWatch::publish_catalog() {
  const auto current = topology();
  std::vector<const ShardCatalog*> shards;
  for (const auto& reading : readings_) shards.push_back(reading.catalog.get());
  if (current->home >= shards.size() || shards[current->home] == nullptr) return;
  auto merged = merge_catalogs(*current, shards);
  // Until it is known what is made there by somebody else, it may be used without.
  if (merged.lacks_tables) catalog_due_ = std::min(catalog_due_, steady_now() + kCatalogRetry);
  report(merged.problems);
  if (!current->catalog || *current->catalog != merged.catalog) {
    auto next = std::make_shared<router::Topology>(*current);
    const auto tables = merged.catalog.tables.size();
    const auto refused = merged.catalog.refused.size();
    next->catalog = std::make_shared<const router::Catalog>(std::move(merged.catalog));
    ++next->epoch;
    log::info("event=catalog database={} epoch={} tables={} refused={}", backend_->config.name, next->epoch, tables,
              refused);
    backend_->set_topology(std::move(next));
  }
  backend_->catalog_seen = catalog_asking_for_;
}

std::vector<DatabaseWatch::NodeProblem> DatabaseWatch::miscounting_nodes() const {
  std::vector<NodeProblem> problems;
  const auto current = topology();
  const auto* table = router::numbered_table(*current);
  for (std::size_t s = 0; table != nullptr && s < shards_.size(); ++s) {
    const auto& wanted = current->catalog->numberings[s];
    for (std::size_t i = 0; i < shards_[s]->size(); ++i) {
      const auto& node = shards_[s]->node(i);
      if (wanted.increment == 0 || !node.status() || node.status()->numbering == wanted ||
          node.node().role == backend::Role::kPrimary)
        continue;
      problems.push_back({s, i,
                          "it has " + router::shown(node.status()->numbering) +
                              ", unlike its shard's primary: in its place it would not be given rows of \"" +
                              table->name + "\" and the like without their numbers",
                          "set " + router::shown(wanted) + " there, by SET GLOBAL and in its configuration"});
    }
  }
  return problems;
}

void DatabaseWatch::report_miscounting_nodes() {
  auto problems = miscounting_nodes();
  for (const auto& problem : problems) {
    if (std::find(reported_nodes_.begin(), reported_nodes_.end(), problem) != reported_nodes_.end()) continue;
    log::warn("event=node_miscounts {} message=\"{}\" hint=\"{}\"", shards_[problem.shard]->node(problem.node).label(),
              problem.message, problem.hint);
  }
  reported_nodes_ = std::move(problems);
}

// Each problem once, and again when it has been away.
void DatabaseWatch::report(const std::vector<TableProblem>& problems) {
  for (const auto& problem : problems) {
    if (std::find(reported_.begin(), reported_.end(), problem) != reported_.end()) continue;
    log::error("event=table_mismatch database={} table={} message=\"{}\" hint=\"{}\"", backend_->config.name,
               problem.table, problem.message, problem.hint);
  }
  reported_ = problems;
}

}  // namespace shardway::proxy::control
