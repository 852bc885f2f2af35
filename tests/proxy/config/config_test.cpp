#include "proxy/config/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "problems.hpp"

namespace shardway::proxy::config {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

class Refused : public testing::TestWithParam<Case> {};

TEST_P(Refused, IsSaidWithPlaceAndHint) {
  EXPECT_THAT(problems(GetParam().text), ElementsAreArray(GetParam().expected));
  EXPECT_EQ(load_text("f", GetParam().text).config, nullptr);
}

const std::vector<Case> kKeysAndTypes{
    {"UnknownKey",
     kHouse + "[shardway]\nworker = 3\n",
     {"f:5:1: error: shardway: unknown key \"worker\"\n  hint: did you mean \"workers\"?"}},
    {"UnknownSection", kHouse + "[admni]\n", {"f:4:2: error: unknown key \"admni\"\n  hint: did you mean \"admin\"?"}},
    {"KeyOfAnotherSection",
     kHouse + "[shardway]\nqueue_timeout = \"1s\"\n",
     {"f:5:1: error: shardway: unknown key \"queue_timeout\"\n  hint: it belongs into [database.pool]"}},
    {"SectionInTheWrongPlace",
     kHouse + "[pool]\nsize = 3\n",
     {"f:4:2: error: unknown key \"pool\"\n  hint: it belongs into [database.pool]"}},
    {"KeyLikeNoOther",
     kHouse + "[admin]\nxyzzy = 1\n",
     {"f:5:1: error: admin: unknown key \"xyzzy\"\n  hint: known here: http, users, stats_users or insecure"}},
    {"LaterVersion",
     kDoor + "[[database]]\nname = \"d\"\nauth_query = \"x\"\nshard = [{ name = \"a\", nodes = [\"h:1\"] }]\n",
     {"f:5:1: error: database: unknown key \"auth_query\"\n  hint: auth_query belongs to a later version: list the "
      "users "
      "as [[user]], a SCRAM verifier is enough"}},
    {"WordForNumber",
     kHouse + "[shardway]\nworkers = \"two\"\n",
     {"f:5:11: error: shardway.workers: expected a whole number, found a string"}},
    {"DecimalForNumber",
     kHouse + "[shardway]\nworkers = 1.5\n",
     {"f:5:11: error: shardway.workers: expected a whole number, found a decimal number"}},
    {"QuotedBoolean",
     kHouse + "[admin]\ninsecure = \"true\"\n",
     {"f:5:12: error: admin.insecure: expected a boolean, found a string\n  hint: true or false, without quotes"}},
    {"TableForList",
     kHouse.substr(kHouse.find("user")) + "[listen]\naddress = \"127.0.0.1:1\"\n",
     {"f:3:1: error: listen: expected an array, found a table\n  hint: write it as [[listen]]"}},
    {"TooSmall",
     kHouse + "[shardway]\nmax_clients = 0\n",
     {"f:5:15: error: shardway.max_clients: 0 is out of range\n  hint: from 1 to 10000000"}},
    {"TooLarge",
     kHouse + "[shardway]\nworkers = 99999999999\n",
     {"f:5:11: error: shardway.workers: 99999999999 is out of range\n  hint: from 0 to 1024"}},
    {"DurationWithoutUnit",
     kHouse + "[shardway]\nlogin_timeout = 10\n",
     {"f:5:17: error: shardway.login_timeout: the number 10 has no unit\n  hint: write the unit: \"10s\" or \"10ms\""}},
    {"DurationInDays",
     kHouse + "[shardway]\nlogin_timeout = \"1d\"\n",
     {"f:5:17: error: shardway.login_timeout: \"1d\" is not a duration\n  hint: durations look like \"500ms\", "
      "\"10s\", "
      "\"5m\" or \"1h\""}},
    {"DurationOfNothing",
     kHouse + "[shardway]\nlogin_timeout = \"0s\"\n",
     {"f:5:17: error: shardway.login_timeout: 0s is out of range\n  hint: from 1ms to 8760h"}},
    {"DurationOverflow",
     kHouse + "[shardway]\nlogin_timeout = \"9223372036854775807h\"\n",
     {"f:5:17: error: shardway.login_timeout: \"9223372036854775807h\" is not a duration\n  hint: durations look like "
      "\"500ms\", \"10s\", \"5m\" or \"1h\""}},
    {"Size",
     kHouse + "[shardway]\nstatement_cache_bytes = \"16MB\"\n",
     {"f:5:25: error: shardway.statement_cache_bytes: not a number of bytes\n  hint: sizes look like \"64KiB\", "
      "\"16MiB\", \"1GiB\" or 4096"}},
    {"WordNotKnown",
     kHouse + "[shardway]\nlog_level = \"inf\"\n",
     {"f:5:13: error: shardway.log_level: \"inf\" is not known here\n  hint: did you mean \"info\"? It is one of "
      "trace, "
      "debug, info, warn, error or off"}},
    {"MissingRequired",
     "listen = [{ protocol = \"postgresql\" }]\n" + kHouse.substr(kHouse.find("\n") + 1),
     {"f:1:11: error: listen: \"address\" is missing"}},
    {"NulInText",
     kHouse + "[shardway]\nlog_file = \"a\\u0000b\"\n",
     {"f:5:12: error: shardway.log_file: must not contain a NUL byte"}},
};
INSTANTIATE_TEST_SUITE_P(KeysAndTypes, Refused, testing::ValuesIn(kKeysAndTypes), name_of_case);

const std::string kAfterListen = kHouse.substr(kHouse.find('\n') + 1);

const std::vector<Case> kListeners{
    {"None",
     kAfterListen,
     {"f:1:1: error: no [[listen]]: clients could not connect\n  hint: add [[listen]] with address = "
      "\"127.0.0.1:6432\""}},
    {"AddressWithoutPort",
     "listen = [{ address = \"127.0.0.1\" }]\n" + kAfterListen,
     {"f:1:23: error: listen.address: \"127.0.0.1\" is not an address\n  hint: write \"host:port\", "
      "\"127.0.0.1:5432\", "
      "\"[::1]:5432\" or \"unix:/path/of/the/socket\""}},
    {"AddressTwice",
     "listen = [{ address = \"h:1\" },\n{ address = \"h:1\" }]\n" + kAfterListen,
     {"f:2:13: error: listen: \"h:1\" is there twice\n  hint: remove one of the two [[listen]]"}},
    {"AddressesThatOverlap",
     "listen = [{ address = \"127.0.0.1:1\" },\n{ address = \"0.0.0.0:1\" },\n{ address = \"0.0.0.0:2\" },\n"
     "{ address = \"[::1]:2\" },\n{ address = \"[::]:2\" }]\n" +
         kAfterListen,
     {"f:2:13: error: listen: \"0.0.0.0:1\" takes the connections of \"127.0.0.1:1\", too\n  hint: give one of them "
      "another port, or remove it",
      "f:5:13: error: listen: \"[::]:2\" takes the connections of \"0.0.0.0:2\", too\n  hint: give one of them "
      "another port, or remove it",
      "f:5:13: error: listen: \"[::]:2\" takes the connections of \"[::1]:2\", too\n  hint: give one of them "
      "another port, or remove it"}},
    {"HttpWhereClientsConnect",
     "listen = [{ address = \"0.0.0.0:9632\" }]\n" + kAfterListen + "[admin]\nhttp = \"127.0.0.1:9632\"\n",
     {"f:5:8: error: admin.http: \"127.0.0.1:9632\" is taken by [[listen]] \"0.0.0.0:9632\"\n  hint: give it another "
      "port"}},
    {"LogInNoFolder",
     kHouse + "[shardway]\nlog_file = \"/no/such/folder/x.log\"\n",
     {"f:5:12: error: shardway.log_file: cannot write \"/no/such/folder/x.log\": its folder: No such file or "
      "directory\n  hint: relative names start at the folder Shardway runs in"}},
    {"LogIsAFolder",
     kHouse + "[shardway]\nlog_file = \"/\"\n",
     {"f:5:12: error: shardway.log_file: cannot write \"/\": it is a folder\n  hint: relative names start at the "
      "folder Shardway runs in"}},
    {"TrustForEverybody",
     "listen = [{ address = \"0.0.0.0:1\", auth = \"trust\" }]\n" + kAfterListen,
     {"f:1:43: error: listen: auth = \"trust\" lets anybody in who reaches \"0.0.0.0:1\"\n  hint: use auth = "
      "\"scram-sha-256\", or write insecure = true here if the network is closed"}},
    {"ModeOfAPort",
     "listen = [{ address = \"h:1\", unix_socket_mode = \"0770\" }]\n" + kAfterListen,
     {"f:1:49: error: listen: \"h:1\" is no Unix socket\n  hint: remove unix_socket_mode, or listen on "
      "unix:/path/of/socket"}},
    {"ModeOfNoFile",
     "listen = [{ address = \"unix:/s\", unix_socket_mode = \"0978\" }]\n" + kAfterListen,
     {"f:1:53: error: listen.unix_socket_mode: \"0978\" is not the mode of a file\n  hint: modes look like \"0777\", "
      "\"0770\" or \"0700\""}},
    {"UnreadableCertificate",
     "listen = [{ address = \"h:1\", tls = { mode = \"require\", certificate = \"/no/such\", key = \"/\" } }]\n" +
         kAfterListen,
     {"f:1:70: error: tls: cannot read \"/no/such\": No such file or directory\n  hint: relative names start at the "
      "folder Shardway runs in",
      "f:1:88: error: tls: cannot read \"/\": not a regular file\n  hint: relative names start at the folder Shardway "
      "runs in"}},
    {"TlsWithoutCertificate",
     "listen = [{ address = \"h:1\", tls = { mode = \"verify-ca\" } }]\n" + kAfterListen,
     {"f:1:36: error: listen: TLS needs a certificate and its key\n  hint: add certificate = \"file.pem\" and key = "
      "\"file.pem\"",
      "f:1:45: error: listen: this mode needs the authorities that sign the clients' certificates\n  hint: add "
      "client_ca = \"file.pem\""}},
    {"HttpForEverybody",
     kHouse + "[admin]\nhttp = \"0.0.0.0:9632\"\n",
     {"f:5:8: error: admin.http: \"0.0.0.0:9632\" can be reached from other machines, without a password\n  hint: use "
      "127.0.0.1, or write insecure = true in [admin] if the network is closed"}},
    {"AdminIsNoUser",
     kHouse + "[admin]\nusers = [\"app\", \"root\"]\n",
     {"f:5:17: error: admin.users: \"root\" is not a user\n  hint: add a [[user]] of this name, with a password"}},
};
INSTANTIATE_TEST_SUITE_P(Listeners, Refused, testing::ValuesIn(kListeners), name_of_case);

// The form of rolpassword in pg_authid.
const std::string kVerifier =
    "SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

std::string with_user(const std::string& auth, const std::string& user) {
  return "listen = [{ address = \"127.0.0.1:1\", auth = \"" + auth + "\" }]\nuser = [{ name = \"app\", " + user +
         " }]\n" + kHouse.substr(kDoor.size());
}

const std::vector<Case> kUsers{
    {"None",
     kHouse.substr(0, kHouse.find("user")) + kHouse.substr(kDoor.size()),
     {"f:1:1: error: no [[user]]: nobody could log in\n  hint: add [[user]] with name and password"}},
    {"Twice",
     kHouse.substr(0, kHouse.find("user")) +
         "user = [{ name = \"u\", password = \"p\" },\n{ name = \"u\", password = \"q\" }]\n" +
         kHouse.substr(kDoor.size()),
     {"f:3:10: error: user \"u\" is there twice\n  hint: remove one of the two [[user]]"}},
    {"OneServerUserTwoPasswords",
     kHouse.substr(0, kHouse.find("user")) +
         "user = [{ name = \"u\", password = \"p\" },\n{ name = \"v\", password = \"q\", server_user = \"u\" }]\n" +
         kHouse.substr(kDoor.size()),
     {"f:3:10: error: user \"v\" logs in to the servers as \"u\" with another password than user \"u\"\n  hint: give "
      "both the same server_password, or different server users"}},
    {"NoPassword",
     with_user("scram-sha-256", "hints = true"),
     {"f:2:9: error: user \"app\": without a password nobody can log in as this user\n  hint: add password = \"…\", in "
      "clear text or as a SCRAM-SHA-256 verifier"}},
    {"VerifierWithoutScram",
     with_user("password", "password = \"" + kVerifier + "\""),
     {"f:2:36: error: user \"app\": with a SCRAM verifier alone nobody could log in to the servers after a login that "
      "is not scram-sha-256\n  hint: add server_password, or give the password in clear text, or use auth = "
      "\"scram-sha-256\" on every listener"}},
    {"VerifierForAnotherUser",
     with_user("scram-sha-256", "server_user = \"other\", password = \"" + kVerifier + "\""),
     {"f:2:59: error: user \"app\": a SCRAM verifier alone cannot log in as \"other\"\n  hint: add server_password, or "
      "give the password in clear text"}},
    {"Md5",
     with_user("md5", "password = \"md5d751713988987e9331980363e24189ce\""),
     {"f:2:36: error: user \"app\": an md5 hash alone cannot log in to the servers\n  hint: add server_password, or "
      "give the password in clear text"}},
    {"Md5AtAScramListener",
     with_user("scram-sha-256", "server_password = \"s\", password = \"md5d751713988987e9331980363e24189ce\""),
     {"f:2:59: error: user \"app\": an md5 hash cannot answer a scram-sha-256 login\n  hint: give a SCRAM verifier or "
      "the password in clear text, or use auth = \"md5\" on a listener"}},
    {"CutVerifier",
     with_user("scram-sha-256", "password = \"" + kVerifier.substr(0, 60) + "\""),
     {"f:2:36: error: user \"app\": the password begins like a SCRAM verifier but is not one\n  hint: copy rolpassword "
      "from pg_authid: SCRAM-SHA-256$4096:salt$StoredKey:ServerKey"}},
    {"HashForTheServers",
     with_user("scram-sha-256", "password = \"x\", server_password = \"" + kVerifier + "\""),
     {"f:2:59: error: user \"app\": server_password must be the password in clear text\n  hint: a verifier or a hash "
      "cannot log in to a server"}},
};
INSTANTIATE_TEST_SUITE_P(Users, Refused, testing::ValuesIn(kUsers), name_of_case);

TEST(Config, VerifierIsEnoughWhereClientsProveThemselvesByScram) {
  EXPECT_THAT(problems(with_user("scram-sha-256", "password = \"" + kVerifier + "\"")), ElementsAre());
  EXPECT_THAT(problems(with_user("trust", "hints = true")), ElementsAre());
}

TEST(Config, SyntaxErrorHasAPlace) {
  EXPECT_THAT(problems("[shardway]\nworkers = = 3\n"),
              ElementsAre(testing::StartsWith("f:2:11: error: not TOML: Error while parsing value")));
}

// A key of 200,000 parts overflowed the stack.
TEST(Config, KeysOfEndlessPartsAreRefused) {
  std::string key = "a";
  for (int i = 0; i < 200'000; ++i) key += ".a";
  EXPECT_THAT(problems("[shardway]\n" + key + " = 1\n"),
              ElementsAre(testing::StartsWith("f:2:1: error: not TOML: more than 1000 dots in a line")));
}

// Found by config_fuzz: undefined behaviour and a failed assertion in toml++ 3.3 (document.cpp says more).
TEST(Config, LettersOutOfPlaceAreASyntaxError) {
  for (const char* text : {"é = 1\n", "[shardway]\n\u2e80 = 1\n", "a = 1 \ufe00\n", "\u00a1", "[# x]\n"})
    EXPECT_THAT(problems(text), ElementsAre(testing::HasSubstr("error: not TOML"))) << text;
  EXPECT_NE(load_text("f", "# é \ufe00\n" + kHouse).config, nullptr);
}

TEST(Config, UnreadableFilesAreProblemsToo) {
  const Loaded missing = load("/no/such/file");
  ASSERT_EQ(missing.diagnostics.size(), 1u);
  EXPECT_EQ(missing.config, nullptr);
  EXPECT_EQ(format(missing.diagnostics[0]),
            "/no/such/file: error: cannot read the configuration: No such file or directory\n"
            "  hint: check the name and who may read it");
  EXPECT_EQ(load("/").diagnostics[0].message, "cannot read the configuration: it is a folder");
  EXPECT_EQ(load("/dev/zero").diagnostics[0].message, "cannot read the configuration: it has more than 4 MiB");
}

TEST(Config, PasswordsEverybodyCanReadAreAWarning) {
  char file[] = "/tmp/shardway_config_XXXXXX";
  const int fd = ::mkstemp(file);
  ASSERT_GE(fd, 0);
  ::close(fd);
  std::ofstream(file) << kHouse;
  ASSERT_EQ(::chmod(file, 0644), 0);
  const Loaded open = load(file);
  ASSERT_NE(open.config, nullptr);
  ASSERT_EQ(open.diagnostics.size(), 1u);
  EXPECT_THAT(format(open.diagnostics[0]), testing::HasSubstr(":1:1: warning: everybody on this machine can read"));
  ASSERT_EQ(::chmod(file, 0640), 0);
  EXPECT_TRUE(load(file).diagnostics.empty());
  ::unlink(file);
}

TEST(Config, SecretsAreNotInEntries) {
  const Loaded loaded = load_text("f", kHouse);
  ASSERT_NE(loaded.config, nullptr);
  for (const Entry& entry : entries(*loaded.config))
    EXPECT_THAT(entry.value, testing::Not(testing::HasSubstr("secret")));
}

}  // namespace
}  // namespace shardway::proxy::config
