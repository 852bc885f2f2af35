#include "router/language.hpp"
#include "router/postgres_analyze.hpp"
#include "router/shard_hash.hpp"
#include "router/statement_lexer.hpp"

namespace shardway::router {

const Language kPostgresLanguage{
    "PostgreSQL",
    true,
    [](std::string_view text, const ParseSettings& settings, std::string& key, Literals& literals) {
      return normalise(text, settings.standard_conforming_strings, key, literals);
    },
    [](std::string_view text, const ParseSettings& settings, Literals& literals) {
      collect_literals(text, settings.standard_conforming_strings, literals);
    },
    [](std::string_view text, const ParseSettings& settings, std::size_t count) {
      std::vector<std::uint32_t> ends;
      StatementLexer lexer(text, settings.standard_conforming_strings);
      while (ends.size() < count) ends.push_back(lexer.next().end);
      return ends;
    },
    analyze_postgres,
    postgres_shards_of,
    hash_text_form,
};

}  // namespace shardway::router
