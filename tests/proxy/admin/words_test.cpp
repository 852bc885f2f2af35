#include "proxy/admin/words.hpp"

#include <gtest/gtest.h>

namespace shardway::proxy::admin {
namespace {

TEST(Words, AreCutAsAPersonReadsThem) {
  struct Case {
    std::string_view command;
    Words words;
  };
  const Case cases[] = {
      {"", {}},
      {" \n\t;; ", {}},
      {"-- ping", {}},
      {"/* a /* nested */ comment */", {}},
      {"SHOW POOLS", {"SHOW", "POOLS"}},
      {"  show\tpools ; ", {"show", "pools"}},
      {"show/**/pools;-- trailing", {"show", "pools"}},
      {"show pools--x\n;", {"show", "pools"}},
      {"PAUSE \"My \"\"db\"\"\"", {"PAUSE", "My \"db\""}},
      {"PAUSE my-db", {"PAUSE", "my-db"}},
      {"SET a='b;''c'", {"SET", "a", "=", "b;'c"}},
      {"SET a TO b, c", {"SET", "a", "TO", "b", ",", "c"}},
  };
  for (const Case& c : cases) EXPECT_EQ(split_words(c.command), c.words) << c.command;
}

TEST(Words, RefuseWhatIsNotClosedAndASecondCommand) {
  for (const char* command :
       {"PAUSE \"shop", "SET a = 'x", "/* open", "/* /* */", "RELOAD; KILL", "SHOW POOLS; SHOW"}) {
    EXPECT_EQ(split_words(command), std::nullopt) << command;
  }
}

TEST(Words, CompareWithoutCase) {
  EXPECT_TRUE(same_word("Show", "sHOW"));
  EXPECT_FALSE(same_word("SHOW", "SHOWS"));
  EXPECT_FALSE(same_word("", "x"));
  EXPECT_EQ(joined_lower({"SHOW", "Time", "ZONE"}, 1), "time zone");
}

}  // namespace
}  // namespace shardway::proxy::admin
