#include "proxy/config/codec.hpp"

#include <charconv>

#include "proxy/config/command_words.hpp"

namespace shardway::proxy::config {
namespace {

constexpr char kFileModes[] = R"(modes look like "0777", "0770" or "0700")";
constexpr char kDurations[] = R"(durations look like "500ms", "10s", "5m" or "1h")";

std::optional<std::string> read_text(const Value& value, const Scope& scope) {
  if (!expect(Value::Kind::kString, value, scope)) return std::nullopt;
  if (value.text.find('\0') == std::string::npos) return value.text;
  scope.error(value.at, "must not contain a NUL byte");
  return std::nullopt;
}

std::optional<std::string> read_name(const Value& value, const Scope& scope) {
  auto out = read_text(value, scope);
  if (out && (out->empty() || out->size() > kLongestName)) {
    scope.error(value.at, quote(*out) + " is not a name", "names have 1 to 63 bytes");
    return std::nullopt;
  }
  return out;
}

// A value between two bounds, with the sentence for one that is not.
template <class V, class Print>
std::optional<V> bounded(V found, V min, V max, const Value& value, const Scope& scope, const Print& print) {
  if (found >= min && found <= max) return found;
  scope.error(value.at, print(found) + " is out of range", "from " + print(min) + " to " + print(max));
  return std::nullopt;
}

std::optional<Address> read_address(const Value& value, const Scope& scope) {
  if (!expect(Value::Kind::kString, value, scope)) return std::nullopt;
  auto parsed = parse_address(value.text);
  if (auto* found = std::get_if<Address>(&parsed)) return std::move(*found);
  auto& wrong = std::get<Wrong>(parsed);
  scope.error(value.at, wrong.message, wrong.hint);
  return std::nullopt;
}

void append_slots(const Value& value, const Scope& scope, std::vector<SlotRange>& out) {
  if (!expect(Value::Kind::kString, value, scope, R"(write slots as "0-8191" or "0-99,200-299")")) return;
  const auto ranges = parse_slots(value.text);
  if (!ranges)
    scope.error(value.at, quote(value.text) + " is not a list of slots", R"(write "0-8191", "0-99,200-299" or "5")");
  else
    out.insert(out.end(), ranges->begin(), ranges->end());
}

}  // namespace

bool expect(Value::Kind kind, const Value& value, const Scope& scope, std::string hint) {
  if (value.is(kind)) return true;
  scope.error(value.at, "expected " + std::string(name_of(kind)) + ", found " + std::string(name_of(value.kind)),
              std::move(hint));
  return false;
}

std::optional<std::size_t> read_word(const Value& value, const Scope& scope,
                                     const std::vector<std::string_view>& words) {
  const std::string hint = "one of " + one_of(words);
  if (!expect(Value::Kind::kString, value, scope, hint)) return std::nullopt;
  for (std::size_t i = 0; i < words.size(); ++i)
    if (words[i] == value.text) return i;
  const std::string_view near = nearest(value.text, words);
  scope.error(value.at, quote(value.text) + " is not known here",
              near.empty() ? hint : "did you mean " + quote(near) + "? It is " + hint);
  return std::nullopt;
}

Codec<std::string> text() {
  return {read_text, [](const std::string& s) { return s; }};
}
Codec<std::string> name() {
  return {read_name, [](const std::string& s) { return s; }};
}
Codec<std::string> command() {
  return {[](const Value& value, const Scope& scope) -> std::optional<std::string> {
            auto read = read_text(value, scope);
            if (!read) return read;
            const auto words = split_command(*read);
            const std::vector<std::string_view> known{"host", "port", "new_host", "new_port"};
            const auto wrong = unknown_placeholder(*read, known);
            if (!words)
              scope.error(value.at, "a quote is not closed", "quotes only say where a word ends: no shell reads it");
            else if (words->empty())
              scope.error(value.at, "names no program", "leave it out, or name one");
            else if (!wrong.empty())
              scope.error(value.at, "{" + wrong + "} stands for nothing", "one of " + one_of(known));
            else
              return read;
            return std::nullopt;
          },
          [](const std::string& s) { return s; }};
}
Codec<std::string> label() {
  return {[](const Value& value, const Scope& scope) -> std::optional<std::string> {
            auto read = read_name(value, scope);
            const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.'; };
            if (!read || std::all_of(read->begin(), read->end(), fits)) return read;
            scope.error(value.at, quote(*read) + " is no label", "use letters, digits, '-', '_' and '.'");
            return std::nullopt;
          },
          [](const std::string& s) { return s; }};
}
Codec<std::string> secret() {
  return {read_text, [](const std::string& s) { return std::string(s.empty() ? "" : "***"); }};
}

Codec<std::vector<std::string>> names() {
  return {[](const Value& value, const Scope& scope) -> std::optional<std::vector<std::string>> {
            if (!expect(Value::Kind::kArray, value, scope, R"(write ["one", "two"])")) return std::nullopt;
            std::vector<std::string> out;
            for (const Value& item : value.items)
              if (auto each = read_name(item, scope)) out.push_back(std::move(*each));
            return out;
          },
          [](const std::vector<std::string>& all) {
            std::string out;
            for (const std::string& each : all) out += (out.empty() ? "" : ", ") + each;
            return out;
          }};
}

Codec<bool> flag() {
  return {[](const Value& value, const Scope& scope) -> std::optional<bool> {
            if (!expect(Value::Kind::kBoolean, value, scope, "true or false, without quotes")) return std::nullopt;
            return value.flag;
          },
          [](const bool& on) { return std::string(on ? "true" : "false"); }};
}

Codec<std::uint32_t> number(std::uint32_t min, std::uint32_t max) {
  return {[min, max](const Value& value, const Scope& scope) -> std::optional<std::uint32_t> {
            if (!expect(Value::Kind::kInteger, value, scope)) return std::nullopt;
            const auto print = [](std::int64_t n) { return std::to_string(n); };
            const auto found = bounded<std::int64_t>(value.integer, min, max, value, scope, print);
            if (!found) return std::nullopt;
            return static_cast<std::uint32_t>(*found);
          },
          [](const std::uint32_t& n) { return std::to_string(n); }};
}

Codec<std::uint32_t> file_mode() {
  return {[](const Value& value, const Scope& scope) -> std::optional<std::uint32_t> {
            constexpr std::uint32_t kMost = 0777;
            if (!expect(Value::Kind::kString, value, scope, kFileModes)) return std::nullopt;
            const std::string_view digits = value.text;
            std::uint32_t mode = 0;
            const auto end = digits.data() + digits.size();
            const auto read = std::from_chars(digits.data(), end, mode, 8);
            if (read.ec == std::errc() && read.ptr == end && mode <= kMost) return mode;
            scope.error(value.at, quote(value.text) + " is not the mode of a file", kFileModes);
            return std::nullopt;
          },
          [](const std::uint32_t& mode) {
            std::string out = "0000";
            for (std::size_t i = 0; i < 3; ++i) out[3 - i] = static_cast<char>('0' + ((mode >> (3 * i)) & 7));
            return out;
          }};
}

Codec<std::size_t> bytes(std::size_t min, std::size_t max) {
  return {[min, max](const Value& value, const Scope& scope) -> std::optional<std::size_t> {
            std::optional<std::uint64_t> found;
            if (value.is(Value::Kind::kInteger) && value.integer >= 0)
              found = static_cast<std::uint64_t>(value.integer);
            else if (value.is(Value::Kind::kString))
              found = parse_bytes(value.text);
            if (found) return bounded<std::size_t>(*found, min, max, value, scope, print_bytes);
            scope.error(value.at, "not a number of bytes", R"(sizes look like "64KiB", "16MiB", "1GiB" or 4096)");
            return std::nullopt;
          },
          [](const std::size_t& n) { return print_bytes(n); }};
}

Codec<Milliseconds> duration(Milliseconds min, Milliseconds max) {
  return {[min, max](const Value& value, const Scope& scope) -> std::optional<Milliseconds> {
            if (value.is(Value::Kind::kInteger)) {
              const std::string n = std::to_string(value.integer);
              scope.error(value.at, "the number " + n + " has no unit",
                          "write the unit: \"" + n + "s\" or \"" + n + "ms\"");
              return std::nullopt;
            }
            if (!expect(Value::Kind::kString, value, scope, kDurations)) return std::nullopt;
            if (const auto found = parse_duration(value.text))
              return bounded(*found, min, max, value, scope, print_duration);
            scope.error(value.at, quote(value.text) + " is not a duration", kDurations);
            return std::nullopt;
          },
          [](const Milliseconds& d) { return print_duration(d); }};
}

Codec<Address> address() {
  return {read_address, [](const Address& a) { return a.text; }};
}
Codec<std::optional<Address>> optional_address() {
  return {[](const Value& value, const Scope& scope) -> std::optional<std::optional<Address>> {
            if (auto found = read_address(value, scope)) return found;
            return std::nullopt;
          },
          [](const std::optional<Address>& a) { return a ? a->text : std::string(); }};
}

Codec<std::vector<SlotsOfShard>> slot_map() {
  return {[](const Value& value, const Scope& scope) -> std::optional<std::vector<SlotsOfShard>> {
            if (!expect(Value::Kind::kTable, value, scope, R"(write { shop_0 = "0-8191", shop_1 = "8192-16383" })"))
              return std::nullopt;
            std::vector<SlotsOfShard> out;
            for (const Member& member : value.members) {
              const Scope here = scope.below(member.key);
              SlotsOfShard& entry = out.emplace_back(SlotsOfShard{member.key, {}});
              if (!member.value.is(Value::Kind::kArray)) append_slots(member.value, here, entry.ranges);
              for (const Value& item : member.value.items) append_slots(item, here, entry.ranges);
            }
            return out;
          },
          [](const std::vector<SlotsOfShard>& map) {
            std::string out;
            for (const SlotsOfShard& entry : map)
              out += (out.empty() ? "" : " ") + entry.shard + "=" + print_slots(entry.ranges);
            return out;
          }};
}

}  // namespace shardway::proxy::config
