// The types a shard key may have, and why the others may not (ARCHITECTURE.md: slots).
#include <algorithm>
#include <array>
#include <cctype>

#include "proxy/config/report.hpp"
#include "proxy/config/words.hpp"

namespace shardway::proxy::config {
namespace {

struct Allowed {
  std::string_view name;
  router::KeyType type;
};
constexpr std::array<Allowed, 10> kAllowed{{{"bigint", router::KeyType::kBigint},
                                            {"int8", router::KeyType::kBigint},
                                            {"integer", router::KeyType::kInteger},
                                            {"int", router::KeyType::kInteger},
                                            {"int4", router::KeyType::kInteger},
                                            {"smallint", router::KeyType::kSmallint},
                                            {"int2", router::KeyType::kSmallint},
                                            {"text", router::KeyType::kText},
                                            {"varchar", router::KeyType::kText},
                                            {"uuid", router::KeyType::kUuid}}};

// Of MySQL's integers those whose range is known to the router; how a text is padded is its collation's.
constexpr std::array<Allowed, 7> kAllowedMysql{{{"bigint", router::KeyType::kBigint},
                                                {"int", router::KeyType::kInteger},
                                                {"integer", router::KeyType::kInteger},
                                                {"smallint", router::KeyType::kSmallint},
                                                {"varchar", router::KeyType::kText},
                                                {"varbinary", router::KeyType::kBinary},
                                                {"binary", router::KeyType::kBinary}}};

struct Refused {
  std::string_view name, why;
};
constexpr std::string_view kPadded =
    "spaces at its end do not count when it is compared, so one key would have several hashes";
constexpr std::string_view kNumeric =
    "1.0 and 1.00 are one key with several spellings, which are not hashed alike here";
constexpr std::string_view kFloating = "a rounded number does not name a row";
constexpr std::string_view kTime = "what it means depends on the session's DateStyle and TimeZone";
constexpr std::string_view kCase = "it ignores case, so one key would have several hashes";
constexpr std::array<Refused, 16> kRefused{{{"char", kPadded},
                                            {"character", kPadded},
                                            {"bpchar", kPadded},
                                            {"numeric", kNumeric},
                                            {"decimal", kNumeric},
                                            {"money", kNumeric},
                                            {"real", kFloating},
                                            {"float4", kFloating},
                                            {"float8", kFloating},
                                            {"double precision", kFloating},
                                            {"date", kTime},
                                            {"timestamp", kTime},
                                            {"timestamptz", kTime},
                                            {"citext", kCase},
                                            {"boolean", "two values cannot be spread over the slots"},
                                            {"bytea", "its text form depends on the session's bytea_output"}}};

// "Character  Varying(20)" -> "varchar"
std::string normalised(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, text.find('('))) {
    const bool space = c == ' ' || c == '\t';
    if (space && (out.empty() || out.back() == ' ')) continue;
    out += space ? ' ' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out == "character varying" ? "varchar" : out;
}

// "bigint(20) unsigned" -> "bigint"
std::variant<router::KeyType, Wrong> parse_mysql_key_type(std::string_view text) {
  constexpr std::string_view kUnsigned = " unsigned";
  auto name = normalised(text.ends_with(kUnsigned) ? text.substr(0, text.size() - kUnsigned.size()) : text);
  for (const Allowed& allowed : kAllowedMysql)
    if (allowed.name == name) return allowed.type;
  return Wrong{quote(text) + " is not a type a shard key can have",
               "a shard key is bigint, int, smallint, varchar (of a collation that ends in _bin), varbinary or binary; "
               "for a text of a _nopad_bin collation write varbinary"};
}

}  // namespace

std::variant<router::KeyType, Wrong> parse_key_type(std::string_view text, Protocol protocol) {
  if (protocol == Protocol::kMysql) return parse_mysql_key_type(text);
  constexpr char kUse[] = "a shard key is bigint, integer, smallint, text, varchar or uuid";
  const std::string name = normalised(text);
  const bool has_modifier = text.find('(') != std::string_view::npos;
  for (const Allowed& allowed : kAllowed)
    if (allowed.name == name && (!has_modifier || name == "varchar")) return allowed.type;
  for (const Refused& refused : kRefused)
    if (refused.name == name)
      return Wrong{quote(text) + " cannot be a shard key's type: " + std::string(refused.why), kUse};
  if (name == "bigserial" || name == "serial" || name == "smallserial")
    return Wrong{quote(text) + " is not a type but a default",
                 "a bigserial column is a bigint, a serial one an integer, a smallserial one a smallint"};
  return Wrong{quote(text) + " is not a type a shard key can have", kUse};
}

}  // namespace shardway::proxy::config
