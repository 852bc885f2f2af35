// Settings as values: what is sent to bring a server connection from one client's to another's.
#include "proxy/postgres/settings.hpp"

#include <gtest/gtest.h>

#include <map>

namespace shardway::proxy::postgres {
namespace {

router::Setting set(std::string name, std::string value, bool local = false, bool from_function = false) {
  return {std::move(name), std::move(value), local, from_function};
}

Settings with(const std::vector<router::Setting>& all) {
  Settings settings;
  for (const auto& one : all) settings.put(Settings::from_statement(one));
  return settings;
}

TEST(Settings, Quoting) {
  const std::pair<const char*, const char*> cases[] = {
      {"plain", "'plain'"}, {"", "''"}, {"it's", "'it''s'"}, {"back\\slash", "E'back\\\\slash'"}, {"\\'", "E'\\\\'''"}};
  for (const auto& [value, literal] : cases) EXPECT_EQ(quote_literal(value), literal);
  EXPECT_EQ(quote_identifier("odd\"name"), "\"odd\"\"name\"");
}

TEST(Settings, StatementsByKind) {
  EXPECT_EQ(Settings::from_statement(set("work_mem", "'5MB'")).sql, "SET \"work_mem\" TO '5MB'");
  EXPECT_EQ(Settings::from_statement(set("myapp.user", "'42'")).sql, "SET \"myapp\".\"user\" TO '42'");
  EXPECT_EQ(Settings::from_statement(set("timezone", "'UTC'")).sql, "SET TIME ZONE 'UTC'");
  EXPECT_EQ(Settings::from_statement(set("work_mem", "'5MB'", false, true)).sql,
            "SELECT pg_catalog.set_config('work_mem','5MB',false)");
  EXPECT_EQ(Settings::from_startup("Application_Name", "it's").name, "application_name");
  EXPECT_EQ(Settings::from_startup("Application_Name", "it's").sql,
            "SELECT pg_catalog.set_config('application_name','it''s',false)");
}

TEST(Settings, ApplicationNamesAreCleaned) {
  const auto cleaned = [](std::string_view name) { return value_of(Settings::from_startup("application_name", name)); };
  EXPECT_EQ(cleaned("a \"b\" 'c' \\"), "a \"b\" 'c' \\");
  EXPECT_EQ(cleaned("na\xc3\xafve\t\xff\x7f"), "na??ve???");
  EXPECT_EQ(cleaned(std::string(70, 'a')), std::string(63, 'a'));
  EXPECT_EQ(cleaned(std::string(62, 'a') + "\xe2\x82\xac"), std::string(62, 'a'));
  EXPECT_EQ(cleaned(std::string(62, 'a') + "\xe2"), std::string(62, 'a') + "?");
}

TEST(Settings, ValueOf) {
  EXPECT_EQ(value_of(Settings::from_statement(set("a", "'x''y\"z'"))), "x'y\"z");
  EXPECT_EQ(value_of(Settings::from_statement(set("a", "E'x\\\\y\\'z'", false, true))), "x\\y'z");
  EXPECT_EQ(value_of(Settings::from_statement(set("a", "Elsewhere"))), "Elsewhere");
  EXPECT_EQ(value_of(Settings::from_statement(set("a", "5"))), "5");
}

TEST(Settings, Difference) {
  const auto none = Settings();
  const auto one = with({set("a", "1"), set("b", "2")});
  const auto other = with({set("b", "3"), set("c", "4")});
  EXPECT_EQ(difference(none, none), "");
  EXPECT_EQ(difference(one, one), "");
  EXPECT_EQ(difference(none, one), "SET \"a\" TO 1;SET \"b\" TO 2;");
  EXPECT_EQ(difference(one, none), "RESET \"a\";RESET \"b\";");
  EXPECT_EQ(difference(one, other), "RESET \"a\";SET \"b\" TO 3;SET \"c\" TO 4;");
}

TEST(Settings, EqualWhateverTheOrderAndOnlyThen) {
  EXPECT_EQ(with({set("a", "1"), set("b", "2")}), with({set("b", "2"), set("a", "1")}));
  EXPECT_EQ(with({set("a", "1"), set("a", "2")}), with({set("a", "2")}));
  EXPECT_NE(with({set("a", "'x'")}), with({set("a", "'X'")}));
  EXPECT_NE(with({set("a", "1")}).fingerprint(), with({set("b", "1")}).fingerprint());
  EXPECT_EQ(with({set("a", "1")}).fingerprint(), with({set("a", "1")}).fingerprint());
}

TEST(Settings, ChangesApplyToTheValueAndResetGoesBackToTheStartupMessage) {
  Settings base;
  base.put(Settings::from_startup("work_mem", "5MB"));
  const auto start = std::make_shared<const Settings>(base);

  const auto changed = apply(start, base, {set("work_mem", "'6MB'"), set("extra", "1")});
  EXPECT_EQ(changed->find("work_mem")->sql, "SET \"work_mem\" TO '6MB'");
  EXPECT_NE(changed->find("extra"), nullptr);
  EXPECT_EQ(start->entries().size(), 1u) << "the old value is another client's, too";

  EXPECT_EQ(*apply(changed, base, {set("work_mem", ""), set("extra", "")}), base) << "RESET name";
  EXPECT_EQ(*apply(changed, base, {set("", "")}), base) << "RESET ALL";
  EXPECT_EQ(*apply(changed, base, {set("work_mem", "'7MB'", /*local=*/true)}), *changed) << "SET LOCAL";
}

// Whatever two clients have set, the statements sent in between leave exactly the second one's: played on a model of a
// server.
TEST(Settings, DifferenceLeadsFromAnyToAnyOther) {
  std::uint32_t random = 1;
  const auto next = [&](std::uint32_t below) {
    random = random * 1664525 + 1013904223;
    return (random >> 16) % below;
  };
  const auto any = [&] {
    Settings settings;
    for (std::uint32_t i = next(6); i > 0; --i) {
      settings.put(
          Settings::from_statement(set(std::string(1, static_cast<char>('a' + next(5))), std::to_string(next(3)))));
    }
    return settings;
  };
  for (int round = 0; round < 500; ++round) {
    const auto from = any(), to = any();
    std::map<std::string, std::string> server;
    const auto play = [&](const std::string& sql) {
      for (std::size_t at = 0; at < sql.size();) {
        const auto end = sql.find(';', at);
        const auto one = sql.substr(at, end - at);
        const auto name = one.substr(one.find('"') + 1, 1);
        if (one.starts_with("RESET")) {
          server.erase(name);
        } else {
          server[name] = one;
        }
        at = end + 1;
      }
    };
    play(difference(Settings(), from));
    play(difference(from, to));
    ASSERT_EQ(server.size(), to.entries().size());
    for (const auto& entry : to.entries()) EXPECT_EQ(server[entry.name], entry.sql);
  }
}

// DateStyle is what it was set to, one part after the other; what nobody has set is the server's.
TEST(Settings, DateStyleIsTheSumOfAllItWasSetTo) {
  Settings settings;
  const auto after = [&settings](std::string value) {
    settings.put(Settings::from_statement(set("datestyle", std::move(value))));
    const auto& entry = *settings.find("datestyle");
    return (entry.is_partial ? "partial " : "") + entry.sql;
  };
  const auto call = [](const std::string& value) {
    return "SELECT pg_catalog.set_config('datestyle','" + value + "',false)";
  };
  EXPECT_EQ(after("'dmy'"), "partial " + call("DMY"));
  EXPECT_EQ(after("iso"), call("ISO, DMY"));
  EXPECT_EQ(after("'SQL', noneuropean"), call("SQL, MDY"));
  EXPECT_EQ(after("German"), call("German, DMY"));
  EXPECT_EQ(after("'postgres'"), call("Postgres, DMY"));
  EXPECT_EQ(after("'default, ymd'"), "partial SET \"datestyle\" TO 'default, ymd'");
}

TEST(Settings, WhatAPartIsSetOfIsResetFirst) {
  Settings whole, partial;
  whole.put(Settings::from_statement(set("datestyle", "'SQL, DMY'")));
  partial.put(Settings::from_startup("DateStyle", "ISO"));
  const std::string iso = "SELECT pg_catalog.set_config('datestyle','ISO',false);";
  EXPECT_EQ(difference(whole, partial), "RESET \"datestyle\";" + iso);
  EXPECT_EQ(difference(Settings(), partial), iso);
  EXPECT_EQ(difference(partial, partial), "");
}

}  // namespace
}  // namespace shardway::proxy::postgres
