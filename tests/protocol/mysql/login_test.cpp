// The two machines of a log-in talk to each other; and to peers that do not behave.
#include "protocol/mysql/login.hpp"

#include <gtest/gtest.h>

#include "protocol/mysql/auth.hpp"

namespace shardway::protocol::mysql {
namespace {

constexpr Capabilities kAll = capability::kProtocol41 | capability::kSecureConnection | capability::kPluginAuth |
                              capability::kPluginAuthLenenc | capability::kSessionTrack | capability::kDeprecateEof |
                              capability::kLongPassword;

struct Heard {
  PacketHead head;
  std::string payload;
};

Heard next(std::string& bytes) {
  Heard heard;
  EXPECT_TRUE(peek_head(bytes, heard.head));
  heard.payload = bytes.substr(kHeadBytes, heard.head.length);
  bytes.erase(0, heard.head.size());
  return heard;
}

ClientSecret clear(std::string password) {
  ClientSecret secret;
  secret.is_known = true;
  secret.native_hash = native_hash_of(password);
  secret.password = std::move(password);
  return secret;
}

std::string greeting_of(Bytes scramble, std::string_view plugin, Capabilities capabilities = kAll) {
  Greeting greeting;
  greeting.server_version = "10.11.19-MariaDB";
  greeting.connection_id = 9;
  greeting.scramble = scramble;
  greeting.capabilities = capabilities;
  greeting.plugin = plugin;
  std::string out;
  std::uint8_t sequence = 0;
  encode(out, sequence, greeting);
  return out;
}

// A whole log-in: what our side towards servers says is heard by our side towards clients.
LoginStep logged_in(std::string_view plugin, const std::string& password, ClientSecret secret) {
  const std::string scramble = "abcdefghijklmnopqrst";
  ServerLogin server({"app", password, ""}, kAll, kUtf8mb4, false, false);
  ClientLogin client(scramble);
  std::string to_client = greeting_of(scramble, plugin), to_server;
  auto heard = next(to_client);
  EXPECT_EQ(server.on_packet(heard.payload, heard.head.sequence, to_server), LoginStep::kContinue);
  heard = next(to_server);
  const auto response = decode_handshake_response(heard.payload);
  EXPECT_TRUE(response);
  auto sequence = static_cast<std::uint8_t>(heard.head.sequence + 1);
  auto step = client.on_proof(response->plugin, response->auth, std::move(secret), to_client, sequence);
  while (step == LoginStep::kContinue) {
    heard = next(to_client);
    EXPECT_EQ(server.on_packet(heard.payload, heard.head.sequence, to_server), LoginStep::kContinue);
    heard = next(to_server);
    sequence = static_cast<std::uint8_t>(heard.head.sequence + 1);
    step = client.on_answer(heard.payload, to_client, sequence);
  }
  return step;
}

TEST(Login, NativeAndSha2) {
  for (const auto plugin : {kNativePassword, kCachingSha2, std::string_view("something_else")}) {
    EXPECT_EQ(logged_in(plugin, "secret", clear("secret")), LoginStep::kDone) << plugin;
    EXPECT_EQ(logged_in(plugin, "wrong", clear("secret")), LoginStep::kFailed) << plugin;
    EXPECT_EQ(logged_in(plugin, "", clear("secret")), LoginStep::kFailed) << plugin;
    EXPECT_EQ(logged_in(plugin, "", clear("")), LoginStep::kDone) << plugin;
    EXPECT_EQ(logged_in(plugin, "secret", clear("")), LoginStep::kFailed) << plugin;
    EXPECT_EQ(logged_in(plugin, "secret", ClientSecret{}), LoginStep::kFailed) << plugin;
    EXPECT_EQ(logged_in(plugin, "", ClientSecret{}), LoginStep::kFailed) << plugin;
  }
}

TEST(Login, ByTheStoredHashAlone) {
  ClientSecret secret;
  secret.is_known = true;
  secret.native_hash = native_hash_of("secret");
  EXPECT_EQ(logged_in(kNativePassword, "secret", secret), LoginStep::kDone);
  EXPECT_EQ(logged_in(kCachingSha2, "secret", secret), LoginStep::kDone);  // asked again, by the other plugin
  EXPECT_EQ(logged_in(kCachingSha2, "wrong", secret), LoginStep::kFailed);
  EXPECT_EQ(logged_in(kNativePassword, "", secret), LoginStep::kFailed);
}

TEST(Login, ServersThatDoNotBehave) {
  std::string out;
  const auto fails = [&](ServerLogin& login, Bytes payload) {
    EXPECT_EQ(login.on_packet(payload, 0, out), LoginStep::kFailed);
    EXPECT_FALSE(login.error_message().empty());
  };
  const auto fresh = [] { return ServerLogin({"app", "secret", ""}, kAll, kUtf8mb4, true, true); };
  auto login = fresh();
  fails(login, "");
  fails(login = fresh(), "\x09old");
  fails(login = fresh(), "\xff\x10\x04Too many connections");
  EXPECT_EQ(login.error_code(), 1040);
  std::string without_tls = greeting_of("abcdefghijklmnopqrst", kNativePassword);
  fails(login = fresh(), next(without_tls).payload);
  std::string old = greeting_of("abcdefghijklmnopqrst", kNativePassword, capability::kProtocol41);
  fails(login = fresh(), next(old).payload);
}

// What a server has signed is a scramble, of its size, and nothing else.
TEST(Login, ScramblesOfAnotherSizeAreRefused) {
  for (const auto& [plugin, size] : {std::pair{kNativePassword, 8U},
                                     {kNativePassword, 0U},
                                     {kCachingSha2, 64U},
                                     {kEd25519, 31U},
                                     {kEd25519, 64U},
                                     {kEd25519, 0U}}) {
    ServerLogin login({"app", "secret", ""}, kAll, kUtf8mb4, false, false);
    std::string out, said = greeting_of("abcdefghijklmnopqrst", kNativePassword);
    ASSERT_EQ(login.on_packet(next(said).payload, 0, out), LoginStep::kContinue);
    std::uint8_t sequence = 2;
    out.clear();
    encode(said, sequence, AuthSwitch{plugin, std::string(size, 'n')});
    EXPECT_EQ(login.on_packet(next(said).payload, 2, out), LoginStep::kFailed) << plugin << size;
    EXPECT_EQ(out, "");
  }
}

TEST(Login, AsksForTlsBeforeAnythingElse) {
  ServerLogin login({"app", "secret", "shop"}, kAll, kUtf8mb4, true, true);
  std::string out, greeting = greeting_of("abcdefghijklmnopqrst", kNativePassword, kAll | capability::kSsl);
  ASSERT_EQ(login.on_packet(next(greeting).payload, 0, out), LoginStep::kStartTls);
  EXPECT_EQ(out.find("app"), std::string::npos);
  const auto request = decode_handshake_response(next(out).payload);
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->is_ssl_request);
  login.on_tls(out);
  const auto heard = next(out);
  EXPECT_EQ(heard.head.sequence, 2);
  const auto response = decode_handshake_response(heard.payload);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->user, "app");
  EXPECT_EQ(response->database, "shop");
}

}  // namespace
}  // namespace shardway::protocol::mysql
