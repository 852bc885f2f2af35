// What a server said of a prepared statement, each as one number: the types of its parameters, the names and types of
// its columns. Servers refuse a statement whose columns are not what they were when it was prepared; behind a pool it
// may have been prepared anew since, on another connection, and a client that was told of other columns would misread
// its rows. https://www.postgresql.org/docs/15/sql-prepare.html#SQL-PREPARE-NOTES
#pragma once

#include <cstdint>
#include <string_view>

#include "protocol/common/bytes.hpp"

namespace shardway::proxy::postgres {

// 0A000, as servers say it.
inline constexpr std::string_view kColumnsHaveChanged = "cached plan must not change result type";

struct Described {
  std::uint64_t parameters = 0, columns = 0;  // 0: nothing is known
  bool operator==(const Described&) const = default;
};

// Of a ParameterDescription's body. Never 0.
std::uint64_t fingerprint_of_parameters(protocol::Bytes body);
// Of a RowDescription's body; empty: NoData. Numbers of tables and columns, and formats, do not count. Never 0.
std::uint64_t fingerprint_of_columns(protocol::Bytes body);

}  // namespace shardway::proxy::postgres
