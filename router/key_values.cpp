#include "router/key_values.hpp"

#include <algorithm>

#include "protocol/common/bytes.hpp"
#include "router/shard_hash.hpp"
#include "router/statement_lexer.hpp"
#include "router/table_names.hpp"

namespace shardway::router {

namespace {

std::string_view type_name(KeyType type) noexcept {
  switch (type) {
    case KeyType::kBigint: return "bigint";
    case KeyType::kInteger: return "integer";
    case KeyType::kSmallint: return "smallint";
    case KeyType::kText: return "text";
    case KeyType::kUuid: return "uuid";
    case KeyType::kBinary: return "binary";
  }
  return "text";
}

bool is_of_family(std::uint32_t oid, KeyType type) noexcept {
  switch (type) {
    case KeyType::kBinary: return false;
    case KeyType::kText: return oid == 25 || oid == 1043;
    case KeyType::kUuid: return oid == 2950;
    default: return oid == 20 || oid == 21 || oid == 23;
  }
}

// The element type of an array type: int2[], int4[], int8[], text[], varchar[], uuid[].
std::uint32_t element_type(std::uint32_t array) noexcept {
  switch (array) {
    case 1005: return 21;
    case 1007: return 23;
    case 1016: return 20;
    case 1009: return 25;
    case 1015: return 1043;
    case 2951: return 2950;
    default: return array == 0 ? 0 : 1;
  }
}

std::size_t number_in(std::string_view text, std::size_t at) noexcept {
  std::size_t number = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9' && number < 100'000'000; ++at)
    number = number * 10 + static_cast<std::size_t>(text[at] - '0');
  return number;
}

// Collects one use's shards, value by value.
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
    stores_ = use_.inserts || key.is_new;
    switch (key.source) {
      case ValueRef::Source::kNull: return written_null();
      case ValueRef::Source::kLiteral: return add_literal(key);
      case ValueRef::Source::kParameter: return add_parameter(key);
    }
  }

  void add_literal(const ValueRef& key) {
    if (values_.literals == nullptr || key.index >= values_.literals->size()) return unknown("a literal");
    const auto& literal = (*values_.literals)[key.index];
    if (!key.is_string) return add_text((key.negated ? "-" : "") + std::string(literal.source));
    const auto text = unquote(literal.source, session_.standard_conforming_strings);
    if (!text) return unknown("a string with escapes that are not understood");
    if (key.is_array) return add_array(*text);
    add_text(*text);
  }

  void add_parameter(const ValueRef& key) {
    const auto* all = values_.parameters;
    if (all == nullptr || key.index == 0 || key.index > all->size())
      return unknown("parameter $" + std::to_string(key.index));
    const auto& parameter = (*all)[key.index - 1];
    std::uint32_t declared = 0;
    if (values_.parameter_types != nullptr && key.index <= values_.parameter_types->size())
      declared = (*values_.parameter_types)[key.index - 1];
    if (declared == 705) declared = 0;  // unknown: the server infers it
    if (declared == 0 && key.shared_type) return shared_type(key.index);
    const auto effective = key.is_array ? element_type(declared) : declared;
    // A cast in the statement is where an undeclared parameter gets its type from.
    const auto type = effective != 0 ? effective : key.cast_oid;
    if (type != 0 && !is_of_family(type, table_.key_type) && !(is_text(type) && key.cast_oid != 0))
      return not_a_key_type(key.index);
    if (!parameter.value) return is_null();
    if (!parameter.binary) return key.is_array ? add_array(*parameter.value) : add_text(*parameter.value);
    if (key.is_array) return add_binary_array(*parameter.value);
    add_binary(type, *parameter.value);
  }

  static bool is_text(std::uint32_t oid) noexcept { return oid == 25 || oid == 1043; }

  void written_null() {
    if (stores_ || !session_.transform_null_equals) return is_null();
    fault(FaultReason::kNotSupported,
          "the shard key " + shown_key(table_) + " = NULL is not supported where transform_null_equals may be on",
          "SET transform_null_equals TO off, or write IS NULL");
  }

  // No row has it; where one is to be inserted, the server says so, if it is sure to.
  void is_null() {
    if (stores_ && !use_.inserts && !is_not_null())
      return fault(FaultReason::kNotSupported,
                   "changing the shard key " + shown_key(table_) + " to NULL is not supported",
                   "leave the column out of SET");
    if (use_.inserts && !use_.ignores && !is_not_null())
      fault(FaultReason::kNeedsKey,
            "null value in column \"" + table_.key + "\" of relation \"" + table_.name +
                "\": the shard key cannot be NULL",
            "");
  }

  bool is_not_null() const {
    const auto* columns = topology_.catalog ? topology_.catalog->columns(table_.schema, table_.name) : nullptr;
    if (columns == nullptr) return false;
    return std::any_of(columns->begin(), columns->end(),
                       [this](const Column& column) { return column.name == table_.key && column.not_null; });
  }

  // An integer out of the key's range is in no row: any shard finds none, or has the error that is due.
  void add_text(std::string_view text) {
    if (stores_) {
      if (auto altered = altered_when_stored(table_, topology_, text)) return fault(std::move(altered));
    }
    if (const auto hash = hash_text_form(table_.key_type, text)) return add_hash(*hash);
    if (is_integer_key() && is_integer_text(text)) return;
    fault(
        FaultReason::kBadKey,
        "invalid input syntax for type " + std::string(type_name(table_.key_type)) + ": \"" + std::string(text) + "\"",
        "it is compared with or stored in the shard key " + shown_key(table_));
  }

  // Neither is one of a wrong size: the server refuses the Bind.
  void add_binary(std::uint32_t type, std::string_view bytes) {
    if (is_text(type) || table_.key_type == KeyType::kText) return add_text(bytes);
    if (const auto hash = hash_binary_form(table_.key_type, type, bytes)) add_hash(*hash);
  }

  bool is_integer_key() const noexcept {
    return table_.key_type != KeyType::kText && table_.key_type != KeyType::kUuid;
  }

  void add_array(std::string_view text) {
    std::size_t nulls = 0;
    const auto elements = array_elements(text, &nulls);
    if (!elements)
      return fault(FaultReason::kBadKey, "malformed array literal: \"" + std::string(text) + "\"",
                   "it is compared with the shard key " + shown_key(table_));
    if (nulls > 0 && !session_.array_nulls && table_.key_type == KeyType::kText)
      return fault(
          FaultReason::kNotSupported,
          "NULL in an array of the shard key " + shown_key(table_) + " is not supported where array_nulls may be off",
          "write it in double quotes, or SET array_nulls TO on");
    for (const auto& element : *elements) {
      add_text(element);
      if (found_.fault) return;
    }
  }

  void add_binary_array(std::string_view bytes) {
    protocol::Reader reader(bytes);
    const auto dimensions = reader.u32(), has_nulls = reader.u32(), type = reader.u32();
    if (!dimensions || !has_nulls || !type || *dimensions > 1 || !is_of_family(*type, table_.key_type))
      return fault(FaultReason::kBadKey, "a binary array that is no list of keys of " + shown_key(table_), "");
    if (*dimensions == 0) return;
    const auto size = reader.u32();
    if (!size || !reader.u32()) return unknown("a binary array");
    for (std::uint32_t i = 0; i < *size; ++i) {
      const auto length = reader.u32();
      if (length && *length == 0xffffffffU) continue;
      const auto value = length ? reader.bytes(*length) : std::nullopt;
      if (!value) return unknown("a binary array");
      add_binary(*type, *value);
      if (found_.fault) return;
    }
  }

  void add_hash(std::uint64_t hash) { found_.shards.push_back(topology_.map.shard_of(hash)); }

  void shared_type(std::uint32_t index) {
    fault(FaultReason::kNeedsKey,
          "the type of parameter $" + std::to_string(index) + " is not certain: it is used for the shard key " +
              shown_key(table_) + " and elsewhere",
          "declare the parameter's type, or use another parameter elsewhere");
  }

  void not_a_key_type(std::uint32_t index) {
    fault(FaultReason::kNeedsKey,
          "parameter $" + std::to_string(index) + " is of a type that is not compared exactly with the shard key " +
              shown_key(table_) + " (" + std::string(type_name(table_.key_type)) + ")",
          "cast it: $" + std::to_string(index) + "::" + std::string(type_name(table_.key_type)) +
              " with the type left to the server, or declare it so");
  }

  void unknown(std::string what) {
    fault(FaultReason::kNeedsKey,
          "the value of the shard key " + shown_key(table_) + " is not known: " + std::move(what), "");
  }

  void fault(FaultReason reason, std::string message, std::string hint) {
    fault(make_fault(reason, std::move(message), std::move(hint)));
  }

  void fault(std::unique_ptr<Fault> made) {
    if (!found_.fault) found_.fault = std::move(made);
  }

  const TableUse& use_;
  const Table& table_;
  const Values& values_;
  const Topology& topology_;
  const SessionView& session_;
  bool stores_ = false;
  KeyShards found_;
};

}  // namespace

std::unique_ptr<Fault> make_fault(FaultReason reason, std::string message, std::string hint) {
  auto fault = std::make_unique<Fault>();
  fault->reason = reason;
  fault->message = std::move(message);
  fault->hint = std::move(hint);
  return fault;
}

// character(n) pads; varchar(n) cuts off the spaces behind its n letters, and refuses anything else there.
std::unique_ptr<Fault> altered_when_stored(const Table& table, const Topology& topology, std::string_view text) {
  const auto* columns = topology.catalog ? topology.catalog->columns(table.schema, table.name) : nullptr;
  if (columns == nullptr || table.key_type != KeyType::kText) return nullptr;
  for (const auto& column : *columns) {
    if (column.name != table.key || column.type == "text" || column.type == "character varying") continue;
    const auto open = column.type.find('(');
    const bool varying = column.type.compare(0, 17, "character varying") == 0 && open != std::string::npos;
    if (varying && (text.size() <= number_in(column.type, open + 1) || !text.ends_with(' '))) continue;
    return make_fault(
        FaultReason::kNotSupported,
        "the shard key " + shown_key(table) + " is a " + column.type + ": it might not be stored as it was written",
        varying ? "leave out the spaces behind the value, or make the column text" : "make the column text");
  }
  return nullptr;
}

KeyShards postgres_shards_of(const TableUse& use, const Values& values, const Topology& topology,
                             const SessionView& session) {
  return Collector(use, values, topology, session).collect();
}

}  // namespace shardway::router
