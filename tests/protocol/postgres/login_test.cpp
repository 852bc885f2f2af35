#include "protocol/postgres/login.hpp"

#include <gtest/gtest.h>

#include "protocol/postgres/frame.hpp"

namespace shardway::protocol::postgres {
namespace {

using std::string_literals::operator""s;
const std::string kRandom(18, 'r'), kOther(18, 'o'), kSalt(16, 's');

// The body of the first frame in `bytes`, which is taken off.
std::string take(std::string& bytes, char type) {
  FrameHead head;
  EXPECT_EQ(peek_head(bytes, head), HeadState::kOk);
  EXPECT_EQ(head.type, type);
  std::string body(body_of(bytes, head));
  bytes.erase(0, head.size());
  return body;
}

std::string password_body(std::string_view password) { return std::string(password) + '\0'; }

StoredSecret clear(std::string password) { return {std::move(password), std::nullopt, true}; }
StoredSecret verifier_of(std::string_view password) { return {std::nullopt, make_verifier(password, kSalt, 16), true}; }
StoredSecret unknown() { return {std::nullopt, mock_verifier("ann", "secret"), false}; }

// Both machines against each other, until one ends. True: both are done, and everything sent was read.
bool log_in(ClientLogin& front, ServerLogin& back) {
  std::string to_client, to_server;
  auto front_step = front.start(to_client);
  auto back_step = LoginStep::kContinue;
  while (back_step == LoginStep::kContinue && !to_client.empty()) {
    back_step = back.on_authentication(take(to_client, 'R'), to_server);
    if (back_step == LoginStep::kContinue && !to_server.empty() && front_step == LoginStep::kContinue) {
      front_step = front.on_message(take(to_server, 'p'), to_client);
    }
  }
  return front_step == LoginStep::kDone && back_step == LoginStep::kDone && to_client.empty() && to_server.empty();
}

TEST(Login, WhoGetsIn) {
  const auto md5 = "md584d19956f3a3821e96ab51fa64de4591"s;  // user b, password sesame
  struct Case {
    const char* story;
    AuthMethod method;
    const char* user;
    StoredSecret secret;
    const char* password;
    bool gets_in;
  };
  const Case table[] = {
      {"trust", AuthMethod::kTrust, "b", {}, "", true},
      {"password, clear", AuthMethod::kPassword, "b", clear("sesame"), "sesame", true},
      {"password, wrong", AuthMethod::kPassword, "b", clear("sesame"), "sesam", false},
      {"password, a longer one", AuthMethod::kPassword, "b", clear("sesame"), "sesame1", false},
      {"password, stored as md5", AuthMethod::kPassword, "b", clear(md5), "sesame", true},
      {"password, the stored md5 is no password", AuthMethod::kPassword, "b", clear(md5), md5.c_str(), false},
      {"password, stored as verifier", AuthMethod::kPassword, "b", verifier_of("sesame"), "sesame", true},
      {"password, stored as verifier, wrong", AuthMethod::kPassword, "b", verifier_of("sesame"), "x", false},
      {"password, nobody", AuthMethod::kPassword, "b", unknown(), "sesame", false},
      {"md5, clear", AuthMethod::kMd5, "b", clear("sesame"), "sesame", true},
      {"md5, wrong", AuthMethod::kMd5, "b", clear("sesame"), "x", false},
      {"md5, stored as md5", AuthMethod::kMd5, "b", clear(md5), "sesame", true},
      {"md5, stored for another user", AuthMethod::kMd5, "c", clear(md5), "sesame", false},
      {"md5 cannot use a verifier", AuthMethod::kMd5, "b", verifier_of("sesame"), "sesame", false},
      {"md5, an empty stored password", AuthMethod::kMd5, "b", clear(""), "x", false},
      {"md5, nobody", AuthMethod::kMd5, "b", unknown(), "sesame", false},
      {"scram", AuthMethod::kScram, "b", verifier_of("sesame"), "sesame", true},
      {"scram, wrong", AuthMethod::kScram, "b", verifier_of("sesame"), "x", false},
      {"scram cannot use an md5 secret", AuthMethod::kScram, "b", clear(md5), "sesame", false},
      {"scram, nobody", AuthMethod::kScram, "b", unknown(), "sesame", false},
  };
  for (const auto& c : table) {
    SCOPED_TRACE(c.story);
    ClientLogin front(c.method, c.user, c.secret, kRandom, false);
    ServerLogin back(c.user, {c.password, std::nullopt}, kOther, false);
    EXPECT_EQ(log_in(front, back), c.gets_in);
    if (c.gets_in) continue;
    EXPECT_EQ(front.failure().sqlstate, "28P01");
    EXPECT_EQ(front.failure().message, "password authentication failed for user \""s + c.user + "\"");
    EXPECT_FALSE(front.keys());
  }
}

TEST(Login, AClientsKeysLogInToAServerWithTheSameVerifier) {
  const auto secret = verifier_of("sesame");
  ClientLogin front(AuthMethod::kScram, "b", secret, kRandom, true);
  ServerLogin client("b", {"sesame", std::nullopt}, kOther, true);
  ASSERT_TRUE(log_in(front, client));
  ASSERT_TRUE(front.keys());
  EXPECT_EQ(front.keys()->client_key, client.keys()->client_key);

  ClientLogin server(AuthMethod::kScram, "b", secret, kRandom, false);
  ServerLogin back("b", {std::nullopt, front.keys()}, kOther, false);
  EXPECT_TRUE(log_in(server, back));

  ClientLogin other_salt(AuthMethod::kScram, "b", {std::nullopt, make_verifier("sesame", "pepper", 16), true}, kRandom,
                         false);
  ServerLogin misfit("b", {std::nullopt, front.keys()}, kOther, false);
  EXPECT_FALSE(log_in(other_salt, misfit));
  EXPECT_NE(misfit.failure().find("set server_password"), std::string::npos) << misfit.failure();
}

TEST(Login, EveryMethodOpensWithItsOwnRequest) {
  const std::pair<AuthMethod, std::string> table[] = {
      {AuthMethod::kTrust, "\0\0\0\0"s},
      {AuthMethod::kPassword, "\0\0\0\3"s},
      {AuthMethod::kMd5, "\0\0\0\5rrrr"s},
      {AuthMethod::kScram, "\0\0\0\x0aSCRAM-SHA-256\0\0"s},
  };
  for (const auto& [method, body] : table) {
    ClientLogin login(method, "b", clear("x"), kRandom, false);
    std::string out;
    EXPECT_EQ(login.start(out), method == AuthMethod::kTrust ? LoginStep::kDone : LoginStep::kContinue);
    EXPECT_EQ(take(out, 'R'), body);
    EXPECT_EQ(login.start(out), LoginStep::kFailed);
  }
}

TEST(Login, ClientsThatBreakTheProtocol) {
  const std::pair<std::string, const char*> table[] = {
      {"", "invalid password packet size"},
      {"no terminator", "invalid password packet size"},
      {"a\0b\0"s, "invalid password packet size"},
      {"\0"s, "empty password returned by client"},
      {std::string(65'536, 'x'), "authentication message is too long"},
  };
  for (const auto method : {AuthMethod::kPassword, AuthMethod::kMd5}) {
    for (const auto& [body, text] : table) {
      ClientLogin login(method, "b", clear("sesame"), kRandom, false);
      std::string out;
      login.start(out);
      out.clear();
      EXPECT_EQ(login.on_message(body, out), LoginStep::kFailed);
      EXPECT_EQ(login.failure().message, text);
      EXPECT_TRUE(out.empty());
      EXPECT_EQ(login.on_message(password_body("sesame"), out), LoginStep::kFailed);  // no second try
    }
  }
}

TEST(Login, ScramClientsThatBreakTheProtocol) {
  const auto initial = [](std::string_view mechanism, Bytes data) {
    std::string frame;
    encode::sasl_initial(frame, mechanism, data);
    return take(frame, 'p');
  };
  const std::pair<std::string, const char*> table[] = {
      {"", "invalid SASL response packet"},
      {"SCRAM-SHA-256", "invalid SASL response packet"},
      {initial("SCRAM-SHA-256", "n,,n=,r=x") + "y", "invalid SASL response packet"},
      {initial("SCRAM-SHA-256-PLUS", "n,,n=,r=x"), "client selected an invalid SASL authentication mechanism"},
      {initial("SCRAM-SHA-256", "p=tls-unique,,n=,r=x"), "malformed SCRAM message"},
      {initial("SCRAM-SHA-256", ""), "malformed SCRAM message"},
      {password_body("sesame"), "invalid SASL response packet"},
  };
  for (const auto& [body, text] : table) {
    ClientLogin login(AuthMethod::kScram, "b", verifier_of("sesame"), kRandom, true);
    std::string out;
    login.start(out);
    out.clear();
    EXPECT_EQ(login.on_message(body, out), LoginStep::kFailed);
    EXPECT_EQ(login.failure().message, text);
    EXPECT_EQ(login.failure().sqlstate, "08P01");
    EXPECT_TRUE(out.empty());
  }
  ClientLogin early(AuthMethod::kScram, "b", verifier_of("sesame"), kRandom, true);
  std::string out;
  EXPECT_EQ(early.on_message("x", out), LoginStep::kFailed);
}

// The four bodies a SCRAM server sends, recorded from a good conversation with a client of the same nonce.
std::vector<std::string> scram_script() {
  ClientLogin front(AuthMethod::kScram, "b", verifier_of("sesame"), kRandom, false);
  ServerLogin back("b", {"sesame", std::nullopt}, kOther, false);
  std::vector<std::string> script;
  std::string to_client, to_server;
  front.start(to_client);
  while (!to_client.empty()) {
    script.push_back(take(to_client, 'R'));
    back.on_authentication(script.back(), to_server);
    if (!to_server.empty()) front.on_message(take(to_server, 'p'), to_client);
  }
  return script;
}

LoginStep play(const std::vector<std::string>& script, ServerLogin& login) {
  auto step = LoginStep::kContinue;
  for (const auto& body : script) {
    std::string out;
    step = login.on_authentication(body, out);
    if (step != LoginStep::kContinue) return step;
  }
  return step;
}

TEST(Login, AServerMustPlayTheWholeScript) {
  const auto script = scram_script();
  ASSERT_EQ(script.size(), 4U);
  ServerLogin good("b", {"sesame", std::nullopt}, kOther, false);
  EXPECT_EQ(play(script, good), LoginStep::kDone);
  EXPECT_TRUE(good.keys());
  // At each step the server cheats: says Ok too early, repeats itself, leaves one out, sends rubbish.
  const std::vector<std::string> cheats = {
      "\0\0\0\0"s,    "\0\0\0\0x"s,  "\0\0\0\3"s, "\0\0\0\5salt"s, "\0\0\0\x0bx"s,
      "\0\0\0\x0cx"s, "\0\0\0\x07"s, "",          "\0"s,           std::string(65'536, '\0')};
  for (std::size_t at = 1; at < script.size(); ++at) {
    for (const auto& cheat : cheats) {
      auto bad = script;
      if (bad[at] == cheat) continue;
      bad[at] = cheat;
      ServerLogin login("b", {"sesame", std::nullopt}, kOther, false);
      EXPECT_EQ(play(bad, login), LoginStep::kFailed) << at;
      EXPECT_FALSE(login.failure().empty());
      EXPECT_FALSE(login.keys());
      std::string out;
      EXPECT_EQ(login.on_authentication("\0\0\0\0"s, out), LoginStep::kFailed);
      EXPECT_TRUE(out.empty());
    }
    auto cut = script;
    cut.erase(cut.begin() + static_cast<std::ptrdiff_t>(at));
    ServerLogin login("b", {"sesame", std::nullopt}, kOther, false);
    EXPECT_NE(play(cut, login), LoginStep::kDone) << at;
  }
}

TEST(Login, OkBeforeTheSignatureIsNoLogin) {
  auto script = scram_script();
  script.erase(script.begin() + 2);
  ServerLogin login("b", {"sesame", std::nullopt}, kOther, false);
  EXPECT_EQ(play(script, login), LoginStep::kFailed);
  EXPECT_NE(login.failure().find("may not be the one it claims to be"), std::string::npos);
}

TEST(Login, WhatAServerMayAskForFirst) {
  struct Case {
    std::string body;
    bool has_password, over_tls, allows_clear;
    LoginStep step;
  };
  const Case table[] = {
      {"\0\0\0\0"s, false, false, true, LoginStep::kDone},
      {"\0\0\0\3"s, true, false, true, LoginStep::kContinue},
      {"\0\0\0\3"s, true, false, false, LoginStep::kFailed},
      {"\0\0\0\3"s, true, true, false, LoginStep::kContinue},
      {"\0\0\0\3"s, false, true, true, LoginStep::kFailed},
      {"\0\0\0\5salt"s, true, false, false, LoginStep::kContinue},
      {"\0\0\0\5salt"s, false, false, true, LoginStep::kFailed},
      {"\0\0\0\x0aSCRAM-SHA-256\0\0"s, true, false, false, LoginStep::kContinue},
      {"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"s, true, true, false, LoginStep::kContinue},
      {"\0\0\0\x0aSCRAM-SHA-256-PLUS\0\0"s, true, true, false, LoginStep::kFailed},
      {"\0\0\0\x0aSCRAM-SHA-256\0"s, true, true, false, LoginStep::kFailed},
      {"\0\0\0\x0aSCRAM-SHA-256\0\0x"s, true, true, false, LoginStep::kFailed},
      {"\0\0\0\x0a"s, true, true, false, LoginStep::kFailed},
      {"\0\0\0\x0aSCRAM-SHA-256\0\0"s, false, true, false, LoginStep::kFailed},
      {"\0\0\0\x07"s, true, true, true, LoginStep::kFailed},
      {"\0\0\0\x0bx"s, true, true, true, LoginStep::kFailed},
  };
  for (const auto& c : table) {
    Credentials credentials;
    if (c.has_password) credentials.password = "sesame";
    ServerLogin login("b", credentials, kOther, c.over_tls);
    login.allow_cleartext_without_tls(c.allows_clear);
    std::string out;
    EXPECT_EQ(login.on_authentication(c.body, out), c.step) << c.body;
    EXPECT_EQ(out.empty(), c.step != LoginStep::kContinue);
    EXPECT_EQ(login.failure().empty(), c.step != LoginStep::kFailed);
    EXPECT_EQ(login.failure().find("sesame"), std::string::npos);  // no secret in a text
  }
}

}  // namespace
}  // namespace shardway::protocol::postgres
