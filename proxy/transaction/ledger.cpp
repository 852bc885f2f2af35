#include "proxy/transaction/ledger.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace shardway::proxy::transaction {

namespace {

constexpr std::chrono::seconds kAppliedIsKept{30};

}  // namespace

std::string_view name_of(State state) noexcept {
  switch (state) {
    case State::kPreparing: return "preparing";
    case State::kDeciding: return "deciding";
    case State::kApplying: return "applying";
    case State::kInDoubt: return "in doubt";
    case State::kAborting: return "aborting";
  }
  return "";
}

Name Ledger::begin(std::uint64_t client, std::string agent, std::vector<std::string> parts) {
  auto name = next_name(std::move(agent));
  begin(name, client, std::move(parts));
  return name;
}

Name Ledger::next_name(std::string agent) {
  const std::lock_guard lock(mutex_);
  return {cluster_, incarnation(), ++last_number_, std::move(agent)};
}

void Ledger::begin(const Name& name, std::uint64_t client, std::vector<std::string> parts) {
  Entry entry;
  entry.name = name;
  entry.parts = std::move(parts);
  entry.client = client;
  entry.since = std::chrono::system_clock::now();
  const std::lock_guard lock(mutex_);
  entries_.emplace(name.text(), std::move(entry));
}

void Ledger::set_state(const Name& name, State state) {
  const std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(name.text()); found != entries_.end()) found->second.state = state;
}

void Ledger::finish(const Name& name, bool committed) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name.text());
  if (found == entries_.end()) return;
  auto& entry = found->second;
  if (committed) over_.push_back({found->first, entry.name.agent, entry.parts, std::chrono::steady_clock::now()});
  entries_.erase(found);
  recount();
}

void Ledger::hand_over(const Name& name, State state, std::string why) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name.text());
  if (found == entries_.end()) return;
  found->second.state = state;
  found->second.handed_over = true;
  found->second.why = std::move(why);
  recount();
  has_work_ = true;
  woken_.notify_all();
}

std::optional<bool> Ledger::outcome(const Name& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = outcomes_.find(name.text());
  return found == outcomes_.end() ? std::nullopt : std::optional(found->second);
}

void Ledger::recount() {
  unapplied_ = static_cast<std::uint32_t>(std::count_if(entries_.begin(), entries_.end(), [](const auto& entry) {
    return entry.second.handed_over && entry.second.state == State::kApplying;
  }));
}

bool Ledger::is_unapplied(const std::string& shard) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(entries_.begin(), entries_.end(), [&](const auto& known) {
    const auto& entry = known.second;
    return entry.handed_over && entry.state == State::kApplying && entry.name.agent != shard &&
           std::find(entry.parts.begin(), entry.parts.end(), shard) != entry.parts.end();
  });
}

std::vector<Entry> Ledger::handed_over() const {
  const std::lock_guard lock(mutex_);
  std::vector<Entry> entries;
  for (const auto& [text, entry] : entries_) {
    if (entry.handed_over) entries.push_back(entry);
  }
  return entries;
}

bool Ledger::is_live(const Name& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name.text());
  return found != entries_.end() && !found->second.handed_over;
}

void Ledger::decided(const Name& name, bool committed) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name.text());
  if (found == entries_.end()) return;
  if (found->second.state == State::kInDoubt) outcomes_[found->first] = committed;
  found->second.state = committed ? State::kApplying : State::kAborting;
  recount();
}

void Ledger::note_found(std::vector<Entry> entries) {
  const std::lock_guard lock(mutex_);
  found_ = std::move(entries);
}

void Ledger::note_why(const Name& name, std::string why) {
  const std::lock_guard lock(mutex_);
  if (const auto known = entries_.find(name.text()); known != entries_.end()) known->second.why = std::move(why);
}

std::vector<Ledger::Over> Ledger::take_decisions_to_delete() {
  const std::lock_guard lock(mutex_);
  return std::exchange(over_, {});
}

void Ledger::put_back(std::vector<Over> not_deleted) {
  const std::lock_guard lock(mutex_);
  std::move(not_deleted.begin(), not_deleted.end(), std::back_inserter(over_));
}

void Ledger::decisions_deleted(std::vector<Over> deleted) {
  const std::lock_guard lock(mutex_);
  for (auto& one : deleted) {
    outcomes_.erase(one.gtx);
    one.at = std::chrono::steady_clock::now();
    deleted_.push_back(std::move(one));
  }
}

std::vector<Ledger::Over> Ledger::take_applied_to_delete() {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  const auto old =
      std::partition(deleted_.begin(), deleted_.end(), [&](const Over& one) { return now - one.at < kAppliedIsKept; });
  std::vector<Over> taken(std::make_move_iterator(old), std::make_move_iterator(deleted_.end()));
  deleted_.erase(old, deleted_.end());
  return taken;
}

void Ledger::wait(std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, longest, [this] { return has_work_; });
  has_work_ = false;
}

void Ledger::wake() {
  const std::lock_guard lock(mutex_);
  has_work_ = true;
  woken_.notify_all();
}

std::vector<Entry> Ledger::entries() const {
  const std::lock_guard lock(mutex_);
  auto all = found_;
  for (const auto& [text, entry] : entries_) all.push_back(entry);
  return all;
}

}  // namespace shardway::proxy::transaction
