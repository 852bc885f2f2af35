#include "router/language.hpp"
#include "router/mysql_analyze.hpp"
#include "router/mysql_lexer.hpp"
#include "router/shard_hash.hpp"

namespace shardway::router {

const Language kMysqlLanguage{
    "MariaDB",
    false,
    [](std::string_view text, const ParseSettings& settings, std::string& key, Literals& literals) {
      return mysql::normalise(text, settings.mysql, key, literals);
    },
    [](std::string_view text, const ParseSettings& settings, Literals& literals) {
      mysql::collect_literals(text, settings.mysql, literals);
    },
    [](std::string_view text, const ParseSettings& settings, std::size_t count) {
      std::vector<std::uint32_t> ends;
      mysql::Lexer lexer(text, settings.mysql);
      while (ends.size() < count) ends.push_back(lexer.next().end);
      return ends;
    },
    analyze_mysql,
    mysql_shards_of,
    mysql_hash_text_form,
};

}  // namespace shardway::router
