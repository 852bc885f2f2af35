// Answers as servers would give them, made without one: text columns. Null is std::nullopt.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "proxy/control/rows.hpp"

namespace shardway::proxy::control {

using Row = std::vector<std::optional<std::string>>;

inline Rows make_result(const std::vector<Row>& rows, std::size_t columns) {
  Rows result;
  result.names.assign(columns, "column");
  result.rows = rows;
  for (auto& row : result.rows) row.resize(columns);
  return result;
}

}  // namespace shardway::proxy::control
