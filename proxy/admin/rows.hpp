// Rows: how a value becomes a cell of a console answer: text as it is, numbers in decimal, booleans 1 and 0 (as
// PgBouncer prints `paused`), nullopt and nullptr as NULL.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shardway::proxy::admin {

using Cell = std::optional<std::string>;
using Row = std::vector<Cell>;
using Rows = std::vector<Row>;

inline Cell cell(std::nullptr_t) { return std::nullopt; }
inline Cell cell(Cell value) { return value; }
inline Cell cell(std::string value) { return value; }
inline Cell cell(std::string_view value) { return std::string(value); }
inline Cell cell(const char* value) { return std::string(value); }
inline Cell cell(bool value) { return value ? "1" : "0"; }
template <std::integral Number>
Cell cell(Number value) {
  return std::to_string(value);
}

template <typename... Values>
Row row(Values&&... values) {
  Row cells;
  cells.reserve(sizeof...(values));
  (cells.push_back(cell(std::forward<Values>(values))), ...);
  return cells;
}

// "2026-11-24 21:40:00 UTC"; NULL for 0, which means never.
Cell time_cell(std::int64_t unix_seconds);
// Seconds as PgBouncer's settings have them: "120", "0.5".
std::string seconds_text(std::chrono::milliseconds time);

}  // namespace shardway::proxy::admin
