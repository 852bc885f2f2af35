// Answers as libpq would hand them out, made without a server: one PGresult of text columns. Null is std::nullopt.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "proxy/control/control_link.hpp"

namespace shardway::proxy::control {

using Row = std::vector<std::optional<std::string>>;

inline Result make_result(const std::vector<Row>& rows, int columns) {
  Result result(PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK));
  std::string name = "column";
  std::vector<PGresAttDesc> attributes(static_cast<std::size_t>(columns),
                                       PGresAttDesc{name.data(), 0, 0, 0, 25, -1, -1});
  PQsetResultAttrs(result.get(), columns, attributes.data());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < rows[i].size(); ++j) {
      auto value = rows[i][j];
      PQsetvalue(result.get(), static_cast<int>(i), static_cast<int>(j), value ? value->data() : nullptr,
                 value ? static_cast<int>(value->size()) : -1);
    }
  }
  return result;
}

}  // namespace shardway::proxy::control
