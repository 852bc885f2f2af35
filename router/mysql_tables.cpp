#include "router/mysql_context.hpp"

namespace shardway::router::mysql {

bool query_tables(Context& context, Cursor cursor) {
  (void)context;
  for (; !cursor.at_end(); cursor.skip())
    if (cursor.is_any_word({"from", "into", "update", "table", "replace", "insert", "join"})) return false;
  return true;
}

}  // namespace shardway::router::mysql
