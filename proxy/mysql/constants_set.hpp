// SET @a = 1, @b := 'x' and nothing else: user variables with constants, which can be set on any connection.
#pragma once

#include <string_view>

#include "proxy/mysql/state.hpp"

namespace shardway::proxy::mysql {

// Empty: another text. Integers, and strings of plain ASCII without quotes; a NULL keeps the type its variable had.
UserVariables constants_set(std::string_view sql);

}  // namespace shardway::proxy::mysql
