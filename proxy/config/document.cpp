#include "proxy/config/document.hpp"

#include <algorithm>
#include <utility>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace shardway::proxy::config {
namespace {

Position position(const toml::source_position& p) { return {p.line, p.column}; }

Value convert(const toml::node& node);

void convert_members(const toml::table& table, Value& out) {
  out.members.reserve(table.size());
  for (const auto& [key, node] : table)
    out.members.push_back({std::string(key.str()), position(key.source().begin), convert(node)});
  std::stable_sort(out.members.begin(), out.members.end(), [](const Member& a, const Member& b) {
    return std::pair(a.at.line, a.at.column) < std::pair(b.at.line, b.at.column);
  });
}

Value convert(const toml::node& node) {
  Value out;
  out.at = position(node.source().begin);
  if (const auto* text = node.as_string()) {
    out.kind = Value::Kind::kString;
    out.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    out.kind = Value::Kind::kInteger;
    out.integer = integer->get();
  } else if (const auto* flag = node.as_boolean()) {
    out.kind = Value::Kind::kBoolean;
    out.flag = flag->get();
  } else if (node.is_floating_point()) {
    out.kind = Value::Kind::kFloat;
  } else if (const auto* array = node.as_array()) {
    out.kind = Value::Kind::kArray;
    out.items.reserve(array->size());
    for (const toml::node& item : *array) out.items.push_back(convert(item));
  } else if (const auto* table = node.as_table()) {
    out.kind = Value::Kind::kTable;
    convert_members(*table, out);
  } else {
    out.kind = Value::Kind::kDate;
  }
  return out;
}

// toml++ follows a dotted key one call a part, on the stack. A key cannot span lines, so this bounds its parts; a line
// of a real configuration, a list of many nodes, stays far below.
constexpr std::size_t kMostDotsInLine = 1000;

std::uint32_t line_with_too_many_dots(std::string_view text) {
  std::uint32_t line = 1;
  std::size_t dots = 0;
  for (char c : text) {
    if (c == '.' && ++dots > kMostDotsInLine) return line;
    if (c != '\n') continue;
    dots = 0;
    ++line;
  }
  return 0;
}

}  // namespace

const Value* Value::find(std::string_view key) const noexcept {
  for (const Member& member : members)
    if (member.key == key) return &member.value;
  return nullptr;
}

std::string_view name_of(Value::Kind kind) noexcept {
  switch (kind) {
    case Value::Kind::kString: return "a string";
    case Value::Kind::kInteger: return "a whole number";
    case Value::Kind::kFloat: return "a decimal number";
    case Value::Kind::kBoolean: return "a boolean";
    case Value::Kind::kDate: return "a date or time";
    case Value::Kind::kArray: return "an array";
    case Value::Kind::kTable: return "a table";
  }
  return "a value";
}

Position where(const Value& from, std::initializer_list<std::string_view> path) noexcept {
  const Value* at = &from;
  for (std::string_view step : path) {
    const Value* next = at->find(step);
    if (!next) break;
    at = next;
  }
  return at->at;
}

std::variant<Value, SyntaxError> parse_document(std::string_view text) {
  if (const std::uint32_t line = line_with_too_many_dots(text); line != 0)
    return SyntaxError{{line, 1}, "more than " + std::to_string(kMostDotsInLine) + " dots in a line"};
  toml::parse_result result = toml::parse(text);
  if (!result) return SyntaxError{position(result.error().source().begin), std::string(result.error().description())};
  return convert(result.table());
}

}  // namespace shardway::proxy::config
