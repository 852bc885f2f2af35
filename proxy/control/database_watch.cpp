#include "proxy/control/database_watch.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace shardway::proxy::control {
namespace {

constexpr SteadyNanos kCatalogInterval = 60'000 * kMillisecond;
constexpr SteadyNanos kCatalogRetry = 5'000 * kMillisecond;
constexpr SteadyNanos kCatalogDebounce = 5'000'000;

}  // namespace

DatabaseWatch::DatabaseWatch(std::shared_ptr<backend::Backend> backend) : backend_(std::move(backend)) {
  for (const auto& shard : backend_->shards) shards_.push_back(std::make_unique<ShardWatch>(backend_->config, *shard));
  const auto home = topology()->home;
  if (home < shards_.size()) home_ = shards_[home].get();
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
  for (const auto& shard : shards_) {
    for (std::size_t i = 0; i < shard->size(); ++i) {
      const auto outcome = shard->advance(i, happened[used++].revents, now);
      if (outcome == NodeWatch::Outcome::kCatalog) publish_catalog(shard->node(i));
      if (outcome == NodeWatch::Outcome::kCatalogFailed) {
        catalog_asked_once_ = true;
        catalog_due_ = now + kCatalogRetry;
        spdlog::warn("event=catalog_unread {} error=\"{}\"", shard->node(i).label(), shard->node(i).error());
      }
    }
  }
  return used;
}

void DatabaseWatch::pursue(SteadyNanos now) {
  for (const auto& shard : shards_) shard->pursue(now);
  pursue_catalog(now);
}

void DatabaseWatch::pursue_catalog(SteadyNanos now) {
  if (is_stale_.exchange(false)) catalog_due_ = std::min(catalog_due_, now + kCatalogDebounce);
  if (now < catalog_due_ || home_ == nullptr) return;
  auto* primary = home_->idle_primary();
  if (primary == nullptr) return;
  catalog_due_ = now + kCatalogInterval;
  catalog_asking_for_ = backend_->catalog_wanted.load();
  primary->ask_catalog(kCatalogQuery);
}

SteadyNanos DatabaseWatch::next_timer() const noexcept {
  auto next = kNever;
  for (const auto& shard : shards_) next = std::min(next, shard->next_timer());
  // Without an idle primary at hand its next answer leads here.
  if (home_ != nullptr && home_->idle_primary() != nullptr) next = std::min(next, catalog_due_);
  return next;
}

bool DatabaseWatch::first_round_done() const noexcept {
  if (!std::all_of(shards_.begin(), shards_.end(), [](const auto& s) { return s->first_round_done(); })) return false;
  return catalog_asked_once_ || home_ == nullptr || !home_->has_primary();
}

void DatabaseWatch::publish_catalog(const NodeWatch& home) {
  catalog_asked_once_ = true;
  auto answer = read_catalog(home.link().results());
  const auto current = topology();
  report(check_tables(*current, answer));
  if (current->catalog && same(*current->catalog, answer.catalog)) {
    backend_->catalog_seen = catalog_asking_for_;
    return;
  }
  auto next = std::make_shared<router::Topology>(*current);
  const auto tables = answer.catalog.tables.size();
  next->catalog = std::make_shared<const router::Catalog>(std::move(answer.catalog));
  ++next->epoch;
  spdlog::info("event=catalog database={} epoch={} tables={}", backend_->config.name, next->epoch, tables);
  backend_->set_topology(std::move(next));
  backend_->catalog_seen = catalog_asking_for_;
}

// Each problem once, and again when it has been away.
void DatabaseWatch::report(const std::vector<TableProblem>& problems) {
  std::vector<std::string> lines;
  for (const auto& problem : problems) {
    lines.push_back("table=" + problem.table + " column=" + (problem.column.empty() ? "-" : problem.column) +
                    " message=\"" + problem.message + "\" hint=\"" + problem.hint + "\"");
    if (std::find(reported_.begin(), reported_.end(), lines.back()) != reported_.end()) continue;
    spdlog::error("event=table_mismatch database={} {}", backend_->config.name, lines.back());
  }
  reported_ = std::move(lines);
}

}  // namespace shardway::proxy::control
