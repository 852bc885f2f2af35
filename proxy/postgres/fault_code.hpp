// The one table from a Fault to a SQLSTATE, and the frame that tells the client.
// https://www.postgresql.org/docs/15/errcodes-appendix.html
#pragma once

#include <string>
#include <string_view>

#include "protocol/common/fault.hpp"

namespace shardway::proxy::postgres {

std::string_view sqlstate_of(protocol::FaultReason reason) noexcept;
// Appends an ErrorResponse; `severity` is ERROR, or FATAL if the connection ends with it.
void encode_fault(std::string& out, const protocol::Fault& fault, std::string_view severity = "ERROR");

// 40P01: the statement was one of several on several shards that waited for each other.
void encode_deadlock(std::string& out);
// 57014, as of a statement_timeout.
void encode_query_timeout(std::string& out);

}  // namespace shardway::proxy::postgres
