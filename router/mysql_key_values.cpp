#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "router/key_values.hpp"
#include "router/mysql_lexer.hpp"
#include "router/shard_hash.hpp"
#include "router/table_names.hpp"

// https://mariadb.com/kb/en/type-conversion/: what is compared otherwise than as the key's own type is no key.
namespace shardway::router {

namespace {

// The protocol's type codes, https://mariadb.com/kb/en/result-set-packets/#field-types; 0x8000: unsigned.
enum FieldType : std::uint32_t {
  kTiny = 1,
  kShort = 2,
  kLong = 3,
  kFloat = 4,
  kDouble = 5,
  kNull = 6,
  kLongLong = 8,
  kInt24 = 9,
  kYear = 13,
  kVarchar = 15,
  kTinyBlob = 249,
  kMediumBlob = 250,
  kLongBlob = 251,
  kBlob = 252,
  kVarString = 253,
  kString = 254
};
constexpr std::uint32_t kUnsigned = 0x8000;
// Above it a comparison as double no longer tells two integers apart.
constexpr double kExactDouble = 9007199254740992.0;

bool is_integer_key(KeyType type) noexcept {
  return type == KeyType::kBigint || type == KeyType::kInteger || type == KeyType::kSmallint;
}

bool is_string_type(std::uint32_t type) noexcept { return type == kVarchar || (type >= kTinyBlob && type <= kString); }

std::optional<std::string> integer_text(std::uint32_t type, std::string_view bytes) {
  const auto code = type & 0xff;
  const std::size_t size = code == kTiny                     ? 1
                           : code == kShort || code == kYear ? 2
                           : code == kLong || code == kInt24 ? 4
                                                             : 8;
  if (bytes.size() != size) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  if ((type & kUnsigned) != 0) return std::to_string(value);
  const auto unused = 64 - 8 * size;
  return std::to_string(static_cast<std::int64_t>(value << unused) >> unused);
}

std::optional<std::string> double_text(std::uint32_t type, std::string_view bytes) {
  double value = 0;
  if (type == kFloat && bytes.size() == sizeof(float)) {
    float small = 0;
    std::memcpy(&small, bytes.data(), sizeof small);
    value = static_cast<double>(small);
  } else if (type == kDouble && bytes.size() == sizeof value) {
    std::memcpy(&value, bytes.data(), sizeof value);
  } else {
    return std::nullopt;
  }
  if (!(std::fabs(value) < kExactDouble) || std::trunc(value) != value) return std::nullopt;
  return std::to_string(static_cast<std::int64_t>(value));
}

std::string literal_digits(const ValueRef& given, std::string_view source) {
  while (source.size() > 1 && source.front() == '0') source.remove_prefix(1);
  return (given.negated && source != "0" ? "-" : "") + std::string(source);
}

// A text that is an integer as a server would write it, and that no server reads as a floating-point number.
std::string text_digits(std::string_view text) {
  constexpr std::size_t kSurelyExact = 15;
  return mysql_hash_text_form(KeyType::kBigint, text) && text.size() <= kSurelyExact ? std::string(text)
                                                                                     : std::string();
}

// Of a parameter that is no text; nothing: no integer, exactly.
std::optional<std::string> parameter_digits(std::uint32_t type, std::string_view bytes) {
  switch (type & 0xff) {
    case kFloat:
    case kDouble: return double_text(type & 0xff, bytes);
    case kTiny:
    case kShort:
    case kYear:
    case kLong:
    case kLongLong:
    case kInt24: return integer_text(type, bytes);
    default: return std::nullopt;
  }
}

class Collector {
 public:
  Collector(const TableUse& use, const Values& values, const Topology& topology, const SessionView& session)
      : use_(use), table_(topology.tables.all()[use.table]), values_(values), topology_(topology), session_(session) {}

  KeyShards collect() {
    for (const auto& key : use_.keys) {
      add(key);
      if (found_.fault) break;
    }
    std::sort(found_.shards.begin(), found_.shards.end());
    found_.shards.erase(std::unique(found_.shards.begin(), found_.shards.end()), found_.shards.end());
    return std::move(found_);
  }

 private:
  void add(const ValueRef& key) {
    switch (key.source) {
      case ValueRef::Source::kNull: return is_null();
      case ValueRef::Source::kLiteral: return add_literal(key);
      case ValueRef::Source::kParameter: return add_parameter(key);
    }
  }

  void add_literal(const ValueRef& key) {
    if (values_.literals == nullptr || key.index >= values_.literals->size()) return inexact("a literal");
    const auto& literal = (*values_.literals)[key.index];
    if (literal.is_string) {
      const auto text = mysql::unquote(literal.source, session_.mysql);
      if (!text) return inexact("a string in this character set");
      return add_string(*text);
    }
    if (literal.source.find_first_not_of("0123456789") != std::string_view::npos) {
      if (table_.key_type != KeyType::kBinary) return inexact(std::string(literal.source));
      const auto bytes = mysql::unhex(literal.source);
      return bytes ? add_bytes(*bytes) : inexact(std::string(literal.source));
    }
    add_integer(literal_digits(key, literal.source));
  }

  void add_parameter(const ValueRef& key) {
    const auto* all = values_.parameters;
    const auto* types = values_.parameter_types;
    if (all == nullptr || types == nullptr || key.index == 0 || key.index > all->size() || key.index > types->size())
      return inexact("parameter " + std::to_string(key.index));
    const auto& value = (*all)[key.index - 1].value;
    const auto type = (*types)[key.index - 1], code = type & 0xff;
    if (!value || code == kNull) return is_null();
    if (is_string_type(code)) return add_string(*value);
    const auto text = parameter_digits(type, *value);
    if (!text) return inexact("parameter " + std::to_string(key.index));
    add_integer(*text);
  }

  // No row has it. Where one is to be inserted that is an error; but of several rows, with IGNORE, and in a column that
  // may be NULL or counts by itself, the server has another answer.
  void is_null() {
    if (!use_.inserts) return;
    const auto* known = column();
    const bool plain = known != nullptr && known->not_null && !known->auto_increment && use_.keys.size() == 1;
    if (plain && !use_.ignores) return fault(FaultReason::kNullKey, "Column '" + table_.key + "' cannot be null", "");
    fault(FaultReason::kNeedsKey, "the shard key " + shown_key(table_) + " of a row to insert is NULL",
          "give it a value");
  }

  void add_integer(const std::string& text) {
    if (!is_integer_key(table_.key_type)) {
      if (!use_.inserts || table_.key_type == KeyType::kUuid) return inexact(text + " (a number)");
      return add_bytes(text);
    }
    if (use_.inserts && text == "0" && asks_for_number())
      return fault(FaultReason::kNeedsKey,
                   "the shard key " + shown_key(table_) +
                       " of a row to insert is 0: the server would give it a number, and its shard is not known before",
                   "give it a value");
    if (use_.inserts && !fits_column(text))
      return fault(FaultReason::kBadKey, "Out of range value for column '" + table_.key + "': " + text,
                   "the key column " + shown_key(table_) + " must hold it as it is written");
    if (const auto hash = mysql_hash_text_form(KeyType::kBigint, text)) add_hash(*hash);
    // An integer of more digits is in no row.
  }

  void add_string(std::string_view text) {
    if (!is_integer_key(table_.key_type)) return add_bytes(text);
    const auto digits = text_digits(text);
    if (digits.empty()) return inexact("'" + std::string(text) + "'");
    add_integer(digits);
  }

  void add_bytes(std::string_view bytes) {
    const bool ascii =
        std::all_of(bytes.begin(), bytes.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (!ascii && table_.key_type != KeyType::kBinary && session_.mysql.charset != MysqlMode::Charset::kUtf8)
      return inexact("a text outside of ASCII in another character set than utf8mb4");
    if (use_.inserts && !fits_length(bytes)) return inexact("longer than its column");
    const auto hash = mysql_hash_text_form(table_.key_type, bytes);
    if (hash) return add_hash(*hash);
    inexact("'" + std::string(bytes) + "'");
  }

  const Column* column() const {
    const auto* columns = topology_.catalog ? topology_.catalog->columns(table_.schema, table_.name) : nullptr;
    if (columns == nullptr) return nullptr;
    for (const auto& known : *columns)
      if (known.name == table_.key) return &known;
    return nullptr;
  }

  bool asks_for_number() const {
    const auto* known = column();
    return known != nullptr && known->auto_increment && !session_.mysql.zero_is_number;
  }

  // Out of its range a column stores something else unless the sql_mode is strict.
  bool fits_column(const std::string& text) const {
    const auto* known = column();
    const bool is_unsigned = known != nullptr && known->type.find("unsigned") != std::string::npos;
    const bool negative = text.front() == '-';
    if (negative && is_unsigned) return false;
    const auto bits = (table_.key_type == KeyType::kBigint    ? 63U
                       : table_.key_type == KeyType::kInteger ? 31U
                                                              : 15U) +
                      (is_unsigned ? 1U : 0U);
    const auto largest = (bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1) + (negative ? 1U : 0U);
    std::uint64_t value = 0;
    const auto* digits = text.data() + (negative ? 1 : 0);
    const auto parsed = std::from_chars(digits, text.data() + text.size(), value);
    return parsed.ec == std::errc{} && value <= largest;
  }

  // varchar(n) cuts unless the sql_mode is strict.
  bool fits_length(std::string_view bytes) const {
    const auto* known = column();
    const auto open = known == nullptr ? std::string::npos : known->type.find('(');
    if (open == std::string::npos) return true;
    std::size_t limit = 0;
    for (auto i = open + 1; i < known->type.size() && known->type[i] >= '0' && known->type[i] <= '9'; ++i)
      limit = limit * 10 + static_cast<std::size_t>(known->type[i] - '0');
    // A binary(n) is filled up with zeros, which are part of it.
    return known->type.compare(0, 7, "binary(") == 0 ? bytes.size() == limit : bytes.size() <= limit;
  }

  void add_hash(std::uint64_t hash) { found_.shards.push_back(topology_.map.shard_of(hash)); }

  void inexact(std::string what) {
    fault(FaultReason::kNeedsKey,
          "the value of the shard key " + shown_key(table_) + " is not one of its type, exactly: " + std::move(what),
          "write it as the column's type: a plain integer for an integer column, a string for a text");
  }

  void fault(FaultReason reason, std::string message, std::string hint) {
    if (!found_.fault) found_.fault = make_fault(reason, std::move(message), std::move(hint));
  }

  const TableUse& use_;
  const Table& table_;
  const Values& values_;
  const Topology& topology_;
  const SessionView& session_;
  KeyShards found_;
};

}  // namespace

KeyShards mysql_shards_of(const TableUse& use, const Values& values, const Topology& topology,
                          const SessionView& session) {
  return Collector(use, values, topology, session).collect();
}

GivenInteger mysql_integer(const ValueRef& given, const Values& values, const SessionView& session) {
  if (given.source == ValueRef::Source::kNull) return {true, {}};
  if (given.source == ValueRef::Source::kLiteral) {
    if (values.literals == nullptr || given.index >= values.literals->size()) return {};
    const auto& literal = (*values.literals)[given.index];
    if (literal.is_string) {
      const auto text = mysql::unquote(literal.source, session.mysql);
      return {false, text ? text_digits(*text) : std::string()};
    }
    const bool is_integer = literal.source.find_first_not_of("0123456789") == std::string_view::npos;
    return {false, is_integer ? literal_digits(given, literal.source) : std::string()};
  }
  const auto* all = values.parameters;
  const auto* types = values.parameter_types;
  if (all == nullptr || types == nullptr || given.index == 0 || given.index > all->size() ||
      given.index > types->size())
    return {};
  const auto& bytes = (*all)[given.index - 1].value;
  const auto type = (*types)[given.index - 1], code = type & 0xff;
  if (!bytes || code == kNull) return {true, {}};
  if (is_string_type(code)) return {false, text_digits(*bytes)};
  return {false, parameter_digits(type, *bytes).value_or("")};
}

}  // namespace shardway::router
