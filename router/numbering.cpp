#include "router/numbering.hpp"

#include <algorithm>
#include <charconv>

namespace shardway::router {

namespace {

struct Number {
  bool negative = false;
  std::uint64_t magnitude = 0;
};

std::optional<Number> number_of(std::string_view digits) {
  Number number;
  number.negative = digits.starts_with('-');
  if (number.negative) digits.remove_prefix(1);
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number.magnitude);
  if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size()) return std::nullopt;
  return number;
}

unsigned bits_of(std::string_view type) noexcept {
  const auto name = type.substr(0, type.find_first_of("( "));
  if (name == "tinyint") return 8;
  if (name == "smallint") return 16;
  if (name == "mediumint") return 24;
  if (name == "int") return 32;
  return name == "bigint" ? 64 : 0;
}

// "1 on those of "shop_0", 2 on those of "shop_1", …"
std::string offsets(const std::vector<std::string>& shards) {
  constexpr std::size_t kShown = 4;
  std::string list;
  for (std::size_t i = 0; i < shards.size() && i < kShown; ++i)
    list += (i == 0 ? "" : ", ") + std::to_string(i + 1) + " on those of \"" + shards[i] + '"';
  return list + (shards.size() > kShown ? ", …" : "");
}

std::string said(const std::string& shard, const Numbering& numbering) {
  return "shard \"" + shard + "\" has " + shown(numbering);
}

}  // namespace

const Column* numbered_column(const Table& table, const std::vector<Column>& columns) {
  if (table.kind != TableKind::kSharded) return nullptr;
  const auto found =
      std::find_if(columns.begin(), columns.end(), [](const Column& column) { return column.auto_increment; });
  if (found == columns.end() || found->name == table.key) return nullptr;
  const auto& accepted = table.unenforced;
  return std::find(accepted.begin(), accepted.end(), found->name) == accepted.end() ? &*found : nullptr;
}

const Table* numbered_table(const Topology& topology) {
  for (const auto& table : topology.tables.all()) {
    const auto* columns = topology.catalog ? topology.catalog->columns(table.schema, table.name) : nullptr;
    if (columns != nullptr && numbered_column(table, *columns) != nullptr) return &table;
  }
  return nullptr;
}

std::string shown(const Numbering& numbering) {
  return "auto_increment_increment = " + std::to_string(numbering.increment) +
         ", auto_increment_offset = " + std::to_string(numbering.offset);
}

std::optional<Refusal> collision(const std::vector<Numbering>& numberings, const std::vector<std::string>& shards) {
  const auto cure = "set auto_increment_increment to one number of at least " + std::to_string(shards.size()) +
                    " on every server, and auto_increment_offset to " + offsets(shards) +
                    ": by SET GLOBAL and in the servers' configuration";
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const auto numbering = i < numberings.size() ? numberings[i] : Numbering{};
    if (numbering.increment == 0)
      return Refusal{"how shard \"" + shards[i] + "\" counts is not known",
                     "see that it has a primary: SHOW NODES on the console"};
    // A server takes no notice of an offset above the increment.
    if (numbering.increment < shards.size() || numbering.offset == 0 || numbering.offset > numbering.increment)
      return Refusal{said(shards[i], numbering), cure};
    for (std::size_t j = 0; j < i; ++j)
      if (numberings[j].increment != numbering.increment || numberings[j].offset == numbering.offset)
        return Refusal{said(shards[j], numberings[j]) + ", " + said(shards[i], numbering), cure};
  }
  return std::nullopt;
}

bool gives(const Numbering& numbering, std::string_view digits) {
  const auto number = number_of(digits);
  if (!number || numbering.increment == 0) return false;
  const auto rest = number->magnitude % numbering.increment, offset = numbering.offset % numbering.increment;
  return number->negative ? (rest + offset) % numbering.increment == 0 : rest == offset;
}

bool holds(std::string_view type, std::string_view digits) {
  const auto number = number_of(digits);
  const auto bits = bits_of(type);
  if (!number || bits == 0) return false;
  const bool is_unsigned = type.find("unsigned") != std::string_view::npos;
  if (number->negative && is_unsigned) return number->magnitude == 0;
  const auto largest = (is_unsigned ? ~std::uint64_t{0} >> (64 - bits) : ~std::uint64_t{0} >> (65 - bits));
  return number->magnitude <= largest + (number->negative ? 1U : 0U);
}

}  // namespace shardway::router
