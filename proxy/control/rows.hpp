// Rows: one statement's answer on the slow lane, as text. Plain values: no client library behind them.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

namespace shardway::proxy::control {

struct Rows {
  std::vector<std::string> names;  // of the columns
  std::vector<std::vector<std::optional<std::string>>> rows;

  std::size_t size() const noexcept { return rows.size(); }
  bool has(std::size_t row, std::size_t column) const noexcept {
    return row < rows.size() && column < rows[row].size() && rows[row][column].has_value();
  }
  // NULL, and what is not there, is empty.
  const std::string& text(std::size_t row, std::size_t column) const noexcept {
    static const std::string empty;
    return has(row, column) ? *rows[row][column] : empty;
  }
  std::uint64_t number(std::size_t row, std::size_t column, int base = 10) const noexcept {
    return std::strtoull(text(row, column).c_str(), nullptr, base);
  }
  // The column of this name; one that does not exist if there is none.
  std::size_t column(const char* name) const noexcept {
    std::size_t i = 0;
    while (i < names.size() && names[i] != name) ++i;
    return i;
  }
};

}  // namespace shardway::proxy::control
