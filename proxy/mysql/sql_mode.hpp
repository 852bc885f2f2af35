// mode_of: how a session's statements are to be read: its sql_mode, its character set, and which server reads them.
// https://mariadb.com/kb/en/sql-mode/
#pragma once

#include <string_view>

#include "protocol/mysql/constants.hpp"
#include "proxy/mysql/server_version.hpp"
#include "proxy/mysql/state.hpp"
#include "router/catalog.hpp"
#include "router/mysql_mode.hpp"

namespace shardway::proxy::mysql {

// `catalog`: what the servers' own sql_mode is, and which servers they are; null: not known. `collation`: the log-in's,
// for a session that has set no character set. `version`: of the servers, where the catalogue does not say.
router::MysqlMode mode_of(const State& state, std::uint8_t collation, const router::Catalog* catalog,
                          protocol::mysql::Capabilities capabilities, VersionNumber version);

// The character set of this collation if no client may speak it, for its letters hold NULs; else empty.
std::string_view unspeakable_charset(std::uint8_t collation) noexcept;

}  // namespace shardway::proxy::mysql
