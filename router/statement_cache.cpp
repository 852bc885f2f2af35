#define XXH_INLINE_ALL
#include "router/statement_cache.hpp"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <unordered_map>

#include "router/language.hpp"

namespace shardway::router {

namespace {

constexpr std::size_t kMostRemembered = std::size_t{1} << 18;  // texts thrown out: 1 MiB

enum class KeyKind : std::uint8_t { kNormalised, kExact };

struct Entry {
  std::uint64_t hash = 0;
  KeyKind kind = KeyKind::kExact;
  bool standard_conforming_strings = true;
  MysqlMode mysql;
  bool wants_literals = false;
  std::string search_path, user;
  std::string key;
  std::shared_ptr<const Query> query;  // null: statements of this shape are kept under their exact text
  std::size_t bytes = 0;
  bool proven = false;  // used a second time
  Entry* newer = nullptr;
  Entry* older = nullptr;
};

// Entries by their last use, and what they weigh.
struct Queue {
  Entry* newest = nullptr;
  Entry* oldest = nullptr;
  std::size_t bytes = 0;

  void push(Entry& entry) noexcept {
    entry.older = newest;
    entry.newer = nullptr;
    if (newest != nullptr) newest->newer = &entry;
    newest = &entry;
    if (oldest == nullptr) oldest = &entry;
    bytes += entry.bytes;
  }

  void remove(Entry& entry) noexcept {
    (entry.newer != nullptr ? entry.newer->older : newest) = entry.older;
    (entry.older != nullptr ? entry.older->newer : oldest) = entry.newer;
    bytes -= entry.bytes;
  }
};

// Which texts were thrown out lately: 24 bits of each one's hash, in the place the others choose.
class Evicted {
 public:
  explicit Evicted(std::size_t places) : marks_(std::bit_ceil(places)) {}
  std::size_t bytes() const noexcept { return marks_.size() * sizeof(marks_[0]); }
  void add(std::uint64_t hash) noexcept { marks_[hash & (marks_.size() - 1)] = mark(hash); }
  bool has(std::uint64_t hash) const noexcept { return marks_[hash & (marks_.size() - 1)] == mark(hash); }

 private:
  static std::uint32_t mark(std::uint64_t hash) noexcept { return static_cast<std::uint32_t>(hash >> 40) | 1U << 24; }

  std::vector<std::uint32_t> marks_;
};

std::size_t bytes_of(const Query& query) {
  std::size_t bytes = sizeof(Query);
  for (const auto& statement : query.statements) {
    bytes += sizeof(Statement) + statement.name.size() + statement.not_scatterable.size() +
             statement.not_repeatable.size() + statement.hint.value.size();
    for (const auto& use : statement.sharded)
      bytes += sizeof(TableUse) + use.keys.size() * sizeof(ValueRef) + use.why_not.size();
    for (const auto& setting : statement.settings)
      bytes += sizeof(Setting) + setting.name.size() + setting.value_sql.size();
    if (statement.fault) bytes += statement.fault->message.size() + statement.fault->hint.size();
    if (statement.numbered) bytes += statement.numbered->values.size() * sizeof(ValueRef) + 64;
    for (const auto& list : statement.column_lists) bytes += sizeof(ColumnList) + list.sql.size();
    bytes +=
        4 * statement.now_calls.size() + statement.hidden_clock.size() + 256 * statement.clock_defaults.size() + 64;
  }
  return bytes;
}

}  // namespace

// A text comes in on probation, where it stands for a while beside others that are used once. One that is used again,
// or that comes back soon after it had to go, is proven; the proven have three quarters of the bytes to themselves. So
// a flood of texts that are never seen again takes nothing from those that are.
struct StatementCache::Impl {
  explicit Impl(std::size_t max)
      : evicted(std::min(max / 256, kMostRemembered)), max_bytes(max - std::min(max, evicted.bytes())) {}

  Evicted evicted;
  const std::size_t max_bytes;
  std::unordered_map<std::uint64_t, std::unique_ptr<Entry>> entries;
  Queue probation, proven;
  std::string key;  // reused for every text

  static std::uint64_t hash(std::string_view text, const ParseSettings& settings, KeyKind kind) noexcept {
    std::uint64_t seed = static_cast<std::uint64_t>(kind) << 1 | (settings.standard_conforming_strings ? 1U : 0U);
    seed ^= settings.mysql.bits() << 8;
    if (!settings.search_path.empty()) seed ^= XXH3_64bits(settings.search_path.data(), settings.search_path.size());
    if (!settings.user.empty()) seed += XXH3_64bits(settings.user.data(), settings.user.size());
    return XXH3_64bits_withSeed(text.data(), text.size(), seed);
  }

  Entry* find(std::uint64_t hash, std::string_view text, const ParseSettings& settings, KeyKind kind) {
    const auto found = entries.find(hash);
    if (found == entries.end()) return nullptr;
    auto* entry = found->second.get();
    if (entry->kind != kind || entry->key != text || entry->search_path != settings.search_path ||
        entry->user != settings.user || entry->standard_conforming_strings != settings.standard_conforming_strings ||
        entry->mysql != settings.mysql)
      return nullptr;
    if (entry != proven.newest) use(*entry);
    return entry;
  }

  Queue& queue_of(const Entry& entry) noexcept { return entry.proven ? proven : probation; }

  void use(Entry& entry) noexcept {
    queue_of(entry).remove(entry);
    entry.proven = true;
    proven.push(entry);
    make_room_among_proven();
  }

  void make_room_among_proven() noexcept {
    while (proven.bytes > max_bytes / 4 * 3) {
      auto& oldest = *proven.oldest;
      proven.remove(oldest);
      oldest.proven = false;
      probation.push(oldest);
    }
  }

  void erase(Entry& entry, Counters& counters) {
    queue_of(entry).remove(entry);
    counters.bytes -= entry.bytes;
    --counters.entries;
    entries.erase(entry.hash);
  }

  void evict(Counters& counters) {
    auto& entry = *(probation.oldest != nullptr ? probation.oldest : proven.oldest);
    evicted.add(entry.hash);
    erase(entry, counters);
    ++counters.evictions;
  }

  void insert(std::uint64_t hash, std::string_view text, const ParseSettings& settings, KeyKind kind,
              std::shared_ptr<const Query> query, bool wants_literals, Counters& counters) {
    // 160: the map's node, the allocations' heads, the shared_ptr's block.
    const auto bytes = sizeof(Entry) + 160 + text.size() + settings.search_path.size() + settings.user.size() +
                       (query ? bytes_of(*query) : 0);
    if (bytes > max_bytes / 4) return;
    if (const auto same = entries.find(hash); same != entries.end()) erase(*same->second, counters);
    while (counters.bytes + bytes > max_bytes) evict(counters);
    auto entry = std::make_unique<Entry>();
    entry->hash = hash;
    entry->kind = kind;
    entry->standard_conforming_strings = settings.standard_conforming_strings;
    entry->mysql = settings.mysql;
    entry->wants_literals = wants_literals;
    entry->search_path = settings.search_path;
    entry->user = settings.user;
    entry->key = text;
    entry->query = std::move(query);
    entry->bytes = bytes;
    entry->proven = evicted.has(hash);
    queue_of(*entry).push(*entry);
    counters.bytes += bytes;
    ++counters.entries;
    entries.emplace(hash, std::move(entry));
    make_room_among_proven();
  }
};

StatementCache::StatementCache(std::shared_ptr<const Topology> topology, std::size_t max_bytes)
    : topology_(std::move(topology)), impl_(std::make_unique<Impl>(max_bytes)) {}

StatementCache::~StatementCache() = default;

std::shared_ptr<const Query> StatementCache::find(std::string_view text, const ParseSettings& given,
                                                  Literals& literals) {
  auto settings = given;
  if (!topology_->catalog || !topology_->catalog->has_own_path(std::string(given.user))) settings.user = {};
  auto& cache = *impl_;
  const auto& language = *topology_->language;
  bool normalised = text.size() <= kMaxAnalysedBytes && language.normalise(text, settings, cache.key, literals);
  std::uint64_t normalised_hash = 0;
  bool known_exact = false;
  if (normalised) {
    normalised_hash = Impl::hash(cache.key, settings, KeyKind::kNormalised);
    if (const auto* entry = cache.find(normalised_hash, cache.key, settings, KeyKind::kNormalised)) {
      known_exact = entry->query == nullptr;
      if (!known_exact) {
        ++counters_.hits;
        return entry->query;
      }
    }
  }
  std::uint64_t exact_hash = 0;
  if (!normalised || known_exact) {
    exact_hash = Impl::hash(text, settings, KeyKind::kExact);
    if (const auto* entry = cache.find(exact_hash, text, settings, KeyKind::kExact)) {
      ++counters_.hits;
      if (!normalised) {
        literals.clear();
        if (entry->wants_literals) language.collect_literals(text, settings, literals);
      }
      return entry->query;
    }
  }
  ++counters_.misses;
  if (!normalised) {
    literals.clear();
    if (text.size() <= kMaxAnalysedBytes) language.collect_literals(text, settings, literals);
  }
  bool depends_on_literals = false;
  auto query = language.analyze(text, settings, *topology_, literals, depends_on_literals);
  if (query->syntax_error || text.size() > kMaxAnalysedBytes) return query;
  if (normalised && !depends_on_literals) {
    cache.insert(normalised_hash, cache.key, settings, KeyKind::kNormalised, query, true, counters_);
    return query;
  }
  if (normalised && !known_exact)
    cache.insert(normalised_hash, cache.key, settings, KeyKind::kNormalised, nullptr, true, counters_);
  cache.insert(Impl::hash(text, settings, KeyKind::kExact), text, settings, KeyKind::kExact, query, !literals.empty(),
               counters_);
  return query;
}

}  // namespace shardway::router
