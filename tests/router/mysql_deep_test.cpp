// Texts that nest as deeply, or list as much, as a statement that is looked into can: they are answered at once, and
// not by the depth of the stack. `SET STATEMENT … FOR SET STATEMENT …` ended the program once, and 40 kB of `f(f(f(…`
// took six seconds.
#include <gtest/gtest.h>

#include "router/language.hpp"
#include "tests/router/shop.hpp"

namespace shardway::router {
namespace {

std::string repeated(std::string_view head, std::string_view part, std::string_view tail = {},
                     std::size_t bytes = kMaxAnalysedBytes / 8) {
  std::string text(head);
  while (text.size() + part.size() + 8 * tail.size() < bytes) text += part;
  for (int i = 0; i < 8; ++i) text += tail;
  return text;
}

TEST(MysqlDeep, TextsThatNestAreAnsweredAllTheSame) {
  const std::string texts[] = {
      repeated("SELECT ", "f("),
      repeated("SELECT ", "json_table("),
      repeated("SELECT ", "(SELECT "),
      repeated("SELECT ", "case "),
      repeated("SELECT ", "{"),
      repeated("SELECT ", "match a,"),
      repeated("SELECT * FROM ", "("),
      repeated("SELECT * FROM ", "((SELECT 1),"),
      repeated("SELECT * FROM orders", " LEFT JOIN orders"),
      repeated("SELECT * FROM orders", " JOIN orders USING (customer_id)"),
      repeated("SELECT * FROM orders WHERE ", "("),
      repeated("SELECT * FROM orders WHERE ", "a AND ", "a "),
      repeated("INSERT INTO orders (VALUES ", "(1),", "(1) "),
      repeated("INSERT INTO orders VALUES ", "(1),", "(1) "),
      repeated("", "SET STATEMENT a=1 FOR ", "", kMaxAnalysedBytes),
      repeated("", "EXPLAIN "),
      repeated("WITH ", "a AS (WITH "),
      repeated("SELECT ", ":/**/"),
  };
  for (const auto& topology : {shop::one_shard(), shop::topology()}) {
    topology->language = &kMysqlLanguage;
    for (const auto& text : texts)
      for (const bool oracle : {false, true}) {
        StatementCache cache(topology, 1 << 20);
        ParseSettings settings;
        settings.mysql.oracle = oracle;
        Literals literals;
        EXPECT_FALSE(cache.find(text, settings, literals)->statements.empty()) << text.substr(0, 40);
      }
  }
}

}  // namespace
}  // namespace shardway::router
