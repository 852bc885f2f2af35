// Texts of several statements: which of them mean something else when their statements are read one by one.
#include "proxy/postgres/reading.hpp"

#include <gtest/gtest.h>

namespace shardway::proxy::postgres {
namespace {

struct TextCase {
  router::Statement first;
  std::string_view rest;
  bool refused;
};

router::Statement setting(std::string name, std::string value, bool local = false) {
  router::Statement statement;
  statement.kind = router::StatementKind::kSet;
  statement.settings.push_back({std::move(name), std::move(value), local});
  return statement;
}

router::Statement of(router::StatementKind kind) {
  router::Statement statement;
  statement.kind = kind;
  return statement;
}

bool is_refused(const router::Statement& first, std::string_view rest, const Reading& reading) {
  router::Query query;
  query.statements.push_back(first);
  query.statements[0].end = 1;
  query.statements.push_back(of(router::StatementKind::kRead));
  query.statements[1].end = static_cast<std::uint32_t>(1 + rest.size());
  return read_otherwise(query, "." + std::string(rest), reading).has_value();
}

TEST(Reading, OfWhatStandsBehindASetting) {
  const Settings none;
  const Reading plain{none, none, "", true};
  const std::string strings = "standard_conforming_strings", quotes = "backslash_quote", encoding = "client_encoding";
  const TextCase cases[] = {
      {setting(strings, "'off'"), R"(;select 'a\b')", true},
      {setting(strings, "'off'", true), R"(;select 'a\b')", true},
      {setting(strings, "'perhaps'"), R"(;select 'a\b')", true},
      {setting(strings, "'off'"), ";select 'ab'", false},
      {setting(strings, "'on'"), R"(;select 'a\b')", false},
      {setting(strings, ""), R"(;select 'a\b')", false},
      {setting(quotes, "'off'"), R"(;select E'it\'s')", true},
      {setting(quotes, "'off'"), R"(;select E'a\\b')", false},
      {setting(encoding, "'latin1'"), ";select 'é'", true},
      {setting(encoding, "'latin1'"), R"(;select 'a\b')", false},
      {setting(encoding, "'utf-8'"), ";select 'é'", false},
      {setting("work_mem", "'1MB'"), R"(;select E'é\'')", false},
      {of(router::StatementKind::kResetAll), R"(;select E'é\'')", false},
      {of(router::StatementKind::kRollback), R"(;select E'é\'')", false},
  };
  for (const auto& c : cases) {
    const auto name =
        c.first.settings.empty() ? std::string() : c.first.settings[0].name + c.first.settings[0].value_sql;
    EXPECT_EQ(is_refused(c.first, c.rest, plain), c.refused) << name << c.rest;
  }
}

TEST(Reading, OfWhatStandsBehindItsEnd) {
  const Settings none;
  Settings set;
  set.put(Settings::from_startup("standard_conforming_strings", "off"));
  const auto reset = setting("standard_conforming_strings", "");
  constexpr std::string_view kRest = R"(;select 'a\b')";
  EXPECT_TRUE(is_refused(reset, kRest, {set, none, "", false}));
  EXPECT_TRUE(is_refused(of(router::StatementKind::kResetAll), kRest, {set, none, "", false}));
  EXPECT_FALSE(is_refused(reset, kRest, {set, set, "", false})) << "it is what the startup message said";
  EXPECT_FALSE(is_refused(of(router::StatementKind::kCommit), kRest, {set, none, "", false}));
  for (const auto kind :
       {router::StatementKind::kCommit, router::StatementKind::kRollback, router::StatementKind::kRollbackTo})
    EXPECT_TRUE(
        is_refused(of(kind), kRest, {none, none, "SET LOCAL \"standard_conforming_strings\" TO 'off';", false}));
}

}  // namespace
}  // namespace shardway::proxy::postgres
