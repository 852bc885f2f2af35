// The one table from a Fault's reason to the errno and SQLSTATE a MySQL client is told.
// https://mariadb.com/kb/en/mariadb-error-codes/
#pragma once

#include <string>
#include <string_view>

#include "protocol/common/fault.hpp"

namespace shardway::proxy::mysql {

struct ErrorCode {
  std::uint16_t number;
  std::string_view sqlstate;
};
ErrorCode code_of(protocol::FaultReason reason) noexcept;

// An error has one text: the cure stands behind what is wrong.
std::string text_of(const protocol::Fault& fault);

}  // namespace shardway::proxy::mysql
