#include "proxy/config/words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace shardway::proxy::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr std::array<Unit, 4> kDurations{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 4> kSizes{{{"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"", 1}}};

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits, then one of the units.
template <std::size_t N>
std::optional<std::uint64_t> measure(std::string_view text, const std::array<Unit, N>& units) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const auto digits = static_cast<std::size_t>(end - text.begin());
  const std::optional<std::uint64_t> number = parse_number(text.substr(0, digits));
  if (!number) return std::nullopt;
  for (const Unit& unit : units) {
    if (unit.name != text.substr(digits)) continue;
    if (*number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / unit.factor)
      return std::nullopt;
    return *number * unit.factor;
  }
  return std::nullopt;
}

template <std::size_t N>
std::string print_measure(std::uint64_t value, const std::array<Unit, N>& units) {
  for (const Unit& unit : units)
    if (value >= unit.factor && value % unit.factor == 0)
      return std::to_string(value / unit.factor) + std::string(unit.name);
  return std::to_string(value);
}

bool is_identifier_byte(char c, bool first) {
  const auto byte = static_cast<unsigned char>(c);
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || byte >= 0x80;
  return letter || (!first && (is_digit(c) || c == '$'));
}

// Takes one identifier off the front of `text`.
std::optional<std::string> take_identifier(std::string_view& text) {
  std::string out;
  if (!text.empty() && text.front() == '"') {
    text.remove_prefix(1);
    for (;;) {
      const std::size_t quote = text.find('"');
      if (quote == std::string_view::npos) return std::nullopt;
      out += text.substr(0, quote);
      text.remove_prefix(quote + 1);
      if (text.empty() || text.front() != '"') break;
      out += '"';
      text.remove_prefix(1);
    }
  } else {
    while (!text.empty() && is_identifier_byte(text.front(), out.empty())) {
      const char c = text.front();
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      text.remove_prefix(1);
    }
  }
  if (out.empty() || out.size() > kLongestName || out.find('.') != std::string::npos) return std::nullopt;
  return out;
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return number;
}

std::optional<Milliseconds> parse_duration(std::string_view text) {
  const auto count = measure(text, kDurations);
  if (!count) return std::nullopt;
  return Milliseconds(static_cast<std::int64_t>(*count));
}

std::string print_duration(Milliseconds duration) {
  if (duration.count() == 0) return "0s";
  return print_measure(static_cast<std::uint64_t>(duration.count()), kDurations);
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) { return measure(text, kSizes); }
std::string print_bytes(std::uint64_t bytes) { return print_measure(bytes, kSizes); }

std::optional<std::vector<SlotRange>> parse_slots(std::string_view text) {
  std::vector<SlotRange> out;
  while (true) {
    const std::size_t comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    const std::size_t dash = part.find('-');
    const auto first = parse_number(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_number(part.substr(dash + 1));
    constexpr std::uint64_t kMax = std::numeric_limits<std::uint32_t>::max();
    if (!first || !last || *first > *last || *last > kMax) return std::nullopt;
    out.push_back({static_cast<std::uint32_t>(*first), static_cast<std::uint32_t>(*last)});
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

std::string print_slots(const std::vector<SlotRange>& ranges) {
  std::string out;
  for (const SlotRange& range : ranges) {
    if (!out.empty()) out += ",";
    out += std::to_string(range.first);
    if (range.last != range.first) out += "-" + std::to_string(range.last);
  }
  return out;
}

std::optional<QualifiedName> parse_table_name(std::string_view text) {
  auto first = take_identifier(text);
  if (!first) return std::nullopt;
  if (text.empty()) return QualifiedName{"public", std::move(*first)};
  if (text.front() != '.') return std::nullopt;
  text.remove_prefix(1);
  auto second = take_identifier(text);
  if (!second || !text.empty()) return std::nullopt;
  return QualifiedName{std::move(*first), std::move(*second)};
}

std::optional<std::string> parse_column_name(std::string_view text) {
  auto name = take_identifier(text);
  if (!name || !text.empty()) return std::nullopt;
  return name;
}

}  // namespace shardway::proxy::config
