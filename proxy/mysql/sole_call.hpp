// Short texts told apart by their tokens. SoleCall: nothing but one function without arguments: SELECT CONNECTION_ID()
// AS id.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "router/mysql_mode.hpp"

namespace shardway::proxy::mysql {

struct SoleCall {
  std::string function;  // in small letters
  std::string column;    // what the result calls it: the alias, or the call as it was written
};

std::optional<SoleCall> sole_call(std::string_view sql, const router::MysqlMode& mode);

// The text's tokens in small letters with one space between them: "show count ( * ) warnings".
std::string words_of(std::string_view sql, const router::MysqlMode& mode);

}  // namespace shardway::proxy::mysql
