#include "proxy/control/postgres_control_link.hpp"

#include <gtest/gtest.h>

#include <map>

namespace shardway::proxy::control {
namespace {

std::map<std::string, std::string> parameters_of(const config::Database& database, const config::Address& address) {
  const auto list = connect_parameters(database, address);
  return {list.begin(), list.end()};
}

config::Database shop() {
  config::Database database;
  database.name = "shop";
  database.control = {"shardway", "secret", ""};
  return database;
}

TEST(ControlLink, ReadsTheSqlstateOfARefusal) {
  const auto full = read_refusal(
      "connection to server at \"127.0.0.1\", port 5501 failed: FATAL:  53300: sorry, too many clients already\n"
      "LOCATION:  InitProcess, proc.c:356\n");
  EXPECT_EQ(full.sqlstate, "53300");
  EXPECT_EQ(full.message,
            "connection to server at \"127.0.0.1\", port 5501 failed: FATAL:  sorry, too many clients already");
  const auto dead = read_refusal("connection to server at \"127.0.0.1\", port 5501 failed: Connection refused\n");
  EXPECT_EQ(dead.sqlstate, "");
  EXPECT_EQ(dead.message, "connection to server at \"127.0.0.1\", port 5501 failed: Connection refused\n");
}

TEST(ControlLink, ConnectsToTheDatabaseWhoseCatalogueItReads) {
  auto database = shop();
  const config::Address address{"10.0.0.7", 5433, false, "10.0.0.7:5433"};
  auto p = parameters_of(database, address);
  EXPECT_EQ(p["host"], "10.0.0.7");
  EXPECT_EQ(p["port"], "5433");
  EXPECT_EQ(p["user"], "shardway");
  EXPECT_EQ(p["dbname"], "shop");
  EXPECT_EQ(p["application_name"], "shardway control");
  EXPECT_EQ(p["sslmode"], "prefer");
  database.server_database = "shop_live";
  EXPECT_EQ(parameters_of(database, address)["dbname"], "shop_live");
}

TEST(ControlLink, NamesAUnixSocketByItsDirectory) {
  auto p = parameters_of(shop(), {"/run/postgresql/.s.PGSQL.5434", 0, true, "unix:/run/postgresql/.s.PGSQL.5434"});
  EXPECT_EQ(p["host"], "/run/postgresql");
  EXPECT_EQ(p["port"], "5434");
}

TEST(ControlLink, UsesTheTlsTheSessionsUse) {
  const std::pair<config::TlsMode, const char*> modes[] = {{config::TlsMode::kOff, "disable"},
                                                           {config::TlsMode::kPrefer, "prefer"},
                                                           {config::TlsMode::kRequire, "require"},
                                                           {config::TlsMode::kVerifyCa, "verify-ca"},
                                                           {config::TlsMode::kVerifyFull, "verify-full"}};
  for (const auto& [mode, word] : modes) {
    auto database = shop();
    database.server_tls = {mode, "/c.pem", "/k.pem", "/ca.pem"};
    auto p = parameters_of(database, {"h", 1, false, "h:1"});
    EXPECT_EQ(p["sslmode"], word);
    EXPECT_EQ(p["sslrootcert"], "/ca.pem");
    EXPECT_EQ(p["sslcert"], "/c.pem");
    EXPECT_EQ(p["sslkey"], "/k.pem");
  }
}

TEST(ControlLink, EndsAWaitAtItsDeadline) {
  // A port nobody listens on is refused; what counts here is that a wait for it cannot outlive the deadline.
  PostgresControlLink link(connect_parameters(shop(), {"127.0.0.1", 1, false, "127.0.0.1:1"}));
  link.open(100);
  const auto event = link.advance(0, 100);
  EXPECT_TRUE(event == ControlLink::Event::kTimedOut || event == ControlLink::Event::kFailed);
  EXPECT_EQ(link.state(), ControlLink::State::kClosed);
  EXPECT_FALSE(link.error().empty());
  EXPECT_EQ(link.fd(), -1);
}

}  // namespace
}  // namespace shardway::proxy::control
