// document: a TOML text as a tree of values, each of which remembers where it was written.
// It exists so that exactly one file includes toml++ (a heavy header) and everybody else reads plain structs.
// Tables keep their members in the order of the text. A syntax error is a position and a sentence, never an exception.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace shardway::proxy::config {

struct Position {
  std::uint32_t line = 0, column = 0;
};

struct Member;
struct Value {
  enum class Kind : std::uint8_t { kString, kInteger, kFloat, kBoolean, kDate, kArray, kTable };
  Kind kind = Kind::kTable;
  Position at;
  std::string text;             // kString
  std::int64_t integer = 0;     // kInteger
  bool flag = false;            // kBoolean
  std::vector<Value> items;     // kArray
  std::vector<Member> members;  // kTable

  bool is(Kind k) const noexcept { return kind == k; }
  const Value* find(std::string_view key) const noexcept;  // null: not a table, or no such member
};
struct Member {
  std::string key;
  Position at;  // of the key
  Value value;
};

std::string_view name_of(Value::Kind kind) noexcept;  // "a string", "a whole number", …

// The position of the value at `path` below `from`, or of the last table on the way that exists.
Position where(const Value& from, std::initializer_list<std::string_view> path) noexcept;

struct SyntaxError {
  Position at;
  std::string message;
};
std::variant<Value, SyntaxError> parse_document(std::string_view text);

}  // namespace shardway::proxy::config
