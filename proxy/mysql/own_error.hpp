// What SHOW WARNINGS says behind an error of Shardway's own, as a server would of one of its own.
// https://mariadb.com/kb/en/show-warnings/
#pragma once

#include <cstdint>
#include <string_view>

#include "protocol/mysql/constants.hpp"
#include "proxy/mysql/last_statement.hpp"

namespace shardway::proxy::mysql {

Diagnostics diagnostics_of(std::uint16_t code, std::string_view message, std::uint8_t collation,
                           protocol::mysql::Capabilities capabilities);

}  // namespace shardway::proxy::mysql
