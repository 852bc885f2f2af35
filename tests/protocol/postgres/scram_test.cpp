#include "protocol/postgres/scram.hpp"

#include <gtest/gtest.h>

#include "protocol/common/base64.hpp"
#include "protocol/postgres/scram_digest.hpp"

namespace shardway::protocol::postgres {
namespace {

// Taken from a PostgreSQL 15: CREATE ROLE a PASSWORD 'correct horse', then pg_authid.rolpassword.
constexpr std::string_view kServersVerifier =
    "SCRAM-SHA-256$4096:Sy8LXieNMDI+hDAcl3u0Mg==$qcGcGyoS41wQ0mpDPbxoADAXD5+nUMM4zIPdIYrsNmE=:"
    "VU2Q9dy9FYrfPo6+lMwwgFxKpcwfBARD7eloIDObhrc=";
constexpr std::string_view kServersPassword = "correct horse";
const std::string kClientNonce(18, 'c'), kServerNonce(18, 's');

TEST(Scram, Rfc7677Example) {
  const auto keys = derive_keys("pencil", *base64_decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
  const std::string auth_message =
      "n=user,r=rOprNGfwEbeRWgbNEkqO,"
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const auto stored_key = sha256(bytes_of(keys.client_key));
  const auto proof = exclusive_or(keys.client_key, hmac_sha256(bytes_of(stored_key), auth_message));
  EXPECT_EQ(base64_encode(bytes_of(proof)), "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_EQ(base64_encode(bytes_of(hmac_sha256(bytes_of(keys.server_key), auth_message))),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST(Scram, TheServersVerifierIsOurs) {
  const auto verifier = parse_verifier(kServersVerifier);
  ASSERT_TRUE(verifier);
  EXPECT_EQ(verifier->iterations, 4096U);
  EXPECT_EQ(format_verifier(*verifier), kServersVerifier);
  EXPECT_EQ(format_verifier(make_verifier(kServersPassword, verifier->salt, 4096)), kServersVerifier);
  EXPECT_NE(format_verifier(make_verifier("Correct horse", verifier->salt, 4096)), kServersVerifier);
}

TEST(Scram, VerifiersThatAreNone) {
  const std::string good(kServersVerifier);
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(parse_verifier(good.substr(0, size))) << size;
  EXPECT_FALSE(parse_verifier(good + "="));
  const std::pair<const char*, const char*> edits[] = {
      {"SCRAM", "scram"}, {"4096", "0"},     {"4096", "-1"},  {"4096", "4294967296"},
      {"4096", ""},       {"4096", "4096x"}, {"Mg==", "Mg="}, {"Sy8LXieNMDI+hDAcl3u0Mg==", ""},
      {"$qc", ":qc"},     {":VU", "$VU"},    {"NmE=", "NmE"}, {"qcGc", "qc"},
  };
  for (const auto& [from, to] : edits) {
    auto bad = good;
    bad.replace(bad.find(from), std::string_view(from).size(), to);
    EXPECT_FALSE(parse_verifier(bad)) << bad;
  }
}

TEST(Scram, Md5) {
  // CREATE ROLE b PASSWORD 'sesame' with password_encryption = md5, PostgreSQL 15.
  constexpr std::string_view kStored = "md584d19956f3a3821e96ab51fa64de4591";
  EXPECT_TRUE(is_md5_secret(kStored));
  EXPECT_FALSE(is_md5_secret("md5"));
  EXPECT_FALSE(is_md5_secret("md584D19956F3A3821E96AB51FA64DE4591"));
  EXPECT_EQ(md5_answer("b", kStored, "\1\2\3\4"), md5_password("b", "sesame", "\1\2\3\4"));
  EXPECT_EQ(md5_answer("b", "sesame", "\1\2\3\4"), md5_password("b", "sesame", "\1\2\3\4"));
  EXPECT_NE(md5_password("b", "sesame", "\1\2\3\4"), md5_password("b", "sesame", "\1\2\3\5"));
}

TEST(Scram, MockVerifiersAreStableAndDifferent) {
  EXPECT_EQ(format_verifier(mock_verifier("x", "secret")), format_verifier(mock_verifier("x", "secret")));
  EXPECT_NE(mock_verifier("x", "secret").salt, mock_verifier("y", "secret").salt);
  EXPECT_NE(mock_verifier("x", "secret").salt, mock_verifier("x", "other").salt);
  EXPECT_EQ(mock_verifier("x", "secret").salt.size(), 16U);
  EXPECT_TRUE(parse_verifier(format_verifier(mock_verifier("x", "secret"))));
}

struct Exchange {
  ScramServer server{*parse_verifier(kServersVerifier), kServerNonce, false};
  std::string server_first, server_final;
};

TEST(Scram, BothSidesAgreeAndLearnTheSameKeys) {
  Exchange x;
  ScramClient client(kServersPassword, std::nullopt, kClientNonce);
  ASSERT_TRUE(x.server.first(client.first(), x.server_first));
  const auto final = client.final(x.server_first);
  ASSERT_TRUE(final);
  const auto is_right = x.server.final(*final, x.server_final);
  ASSERT_TRUE(is_right && *is_right);
  ASSERT_TRUE(client.finish(x.server_final));
  EXPECT_EQ(x.server.client_key(), client.keys()->client_key);

  // And the keys alone log in the next time.
  Exchange again;
  ScramClient with_keys("", client.keys(), std::string(18, 'd'));
  ASSERT_TRUE(again.server.first(with_keys.first(), again.server_first));
  const auto second = with_keys.final(again.server_first);
  ASSERT_TRUE(second && *again.server.final(*second, again.server_final));
  EXPECT_TRUE(with_keys.finish(again.server_final));
}

TEST(Scram, AWrongPasswordIsWrongAndGivesNoSignature) {
  Exchange x;
  ScramClient client("wrong", std::nullopt, kClientNonce);
  ASSERT_TRUE(x.server.first(client.first(), x.server_first));
  const auto is_right = x.server.final(*client.final(x.server_first), x.server_final);
  ASSERT_TRUE(is_right);
  EXPECT_FALSE(*is_right);
  EXPECT_TRUE(x.server_final.empty());
  EXPECT_EQ(x.server.client_key(), Digest{});
}

TEST(Scram, ClientFirstMessages) {
  const std::pair<std::string, bool> table[] = {
      {"n,,n=,r=abc", true},
      {"y,,n=,r=abc", true},
      {"n,,n=user,r=abc,x=future,Y=more", true},
      {"p=tls-server-end-point,,n=,r=abc", false},  // channel binding, which we did not offer
      {"n,a=other,n=,r=abc", false},                // another authorization identity
      {"n,,m=must,n=,r=abc", false},                // a mandatory extension
      {"n,,r=abc", false},
      {"n,,n=", false},
      {"n,,n=,r=", false},
      {"n,,n=,r=a b", false},
      {"n,,n=,r=a\x7f", false},
      {"n,,n=,r=\xc3\xa4", false},
      {"n,,n=,r=abc,", true},
      {"n,,n=,r=abc,,", false},
      {"n,,n=,r=abc,1=x", false},
      {"x,,n=,r=abc", false},
      {"", false},
      {"n", false},
      {"n,,n=,r=" + std::string(2000, 'a'), false},
  };
  for (const auto& [message, is_good] : table) {
    Exchange x;
    EXPECT_EQ(x.server.first(message, x.server_first).has_value(), is_good) << message;
  }
}

TEST(Scram, ClientFinalMessages) {
  Exchange valid;
  ScramClient client(kServersPassword, std::nullopt, kClientNonce);
  const auto first = client.first();
  ASSERT_TRUE(valid.server.first(first, valid.server_first));
  const auto good = *client.final(valid.server_first);
  const auto answer = [&](const std::string& message) {
    Exchange x;
    EXPECT_TRUE(x.server.first(first, x.server_first));
    return x.server.final(message, x.server_final);
  };
  EXPECT_TRUE(*answer(good));
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(answer(good.substr(0, size))) << size;
  EXPECT_FALSE(answer("c=eSws" + good.substr(6)));  // the header of another first message
  EXPECT_FALSE(answer(good + "\n"));
  auto other_nonce = good;
  other_nonce[9] ^= 1;
  EXPECT_FALSE(answer(other_nonce));
  auto extended = good;
  extended.insert(extended.find(",p="), ",x=1");
  EXPECT_FALSE(*answer(extended));  // well formed, but the proof covers it
  auto no_proof = good.substr(0, good.find(",p=")) + ",p=" + base64_encode(std::string(31, 'x'));
  EXPECT_FALSE(answer(no_proof));
}

TEST(Scram, OutOfTurn) {
  Exchange x;
  EXPECT_EQ(x.server.final("c=biws,r=x,p=", x.server_final).error(), WireError::kUnexpected);
  ASSERT_TRUE(x.server.first("n,,n=,r=abc", x.server_first));
  EXPECT_EQ(x.server.first("n,,n=,r=abc", x.server_first).error(), WireError::kUnexpected);
  ScramClient client("p", std::nullopt, kClientNonce);
  EXPECT_EQ(client.final("r=x,s=AAAA,i=1").error(), WireError::kUnexpected);
  EXPECT_EQ(client.finish("v=").error(), WireError::kUnexpected);
}

TEST(Scram, AHostileServersFirstMessage) {
  const auto ours = base64_encode(kClientNonce);
  const std::pair<std::string, bool> table[] = {
      {"r=" + ours + "x,s=AAAA,i=1", true},
      {"r=" + ours + ",s=AAAA,i=1", false},   // it must add something
      {"r=x" + ours + ",s=AAAA,i=1", false},  // behind ours
      {"r=" + ours + "x,s=AAAA,i=0", false},
      {"r=" + ours + "x,s=AAAA,i=1000001", false},  // two minutes of our processor
      {"r=" + ours + "x,s=AAAA,i=99999999999", false},
      {"r=" + ours + "x,s=AAAA,i=-1", false},
      {"r=" + ours + "x,s=AAAA,i=+1", false},
      {"r=" + ours + "x,s=AAAA,i=1 ", false},
      {"r=" + ours + "x,s=AAAA,i=", false},
      {"r=" + ours + "x,s=,i=1", false},
      {"r=" + ours + "x,s=AAA,i=1", false},
      {"r=" + ours + "x,s=AAAA,i=1,x=1", false},
      {"r=" + ours + "x,i=1,s=AAAA", false},
      {"m=x,r=" + ours + "x,s=AAAA,i=1", false},
      {"r=" + ours + std::string(5000, 'x') + ",s=AAAA,i=1", false},
      {"r=" + ours + "x,s=" + base64_encode(std::string(1025, 's')) + ",i=1", false},
      {"e=other-error", false},
      {"", false},
  };
  for (const auto& [message, is_good] : table) {
    ScramClient client("p", std::nullopt, kClientNonce);
    client.first();
    EXPECT_EQ(client.final(message).has_value(), is_good) << message;
  }
}

TEST(Scram, KeysOfAnotherSaltNeedThePassword) {
  const auto ours = base64_encode(kClientNonce);
  const auto keys = derive_keys("p", "salt", 10);
  const auto server_first = "r=" + ours + "x,s=" + base64_encode("pepper") + ",i=10";
  ScramClient without("", keys, kClientNonce);
  without.first();
  EXPECT_EQ(without.final(server_first).error(), WireError::kUnexpected);
  ScramClient with("p", keys, kClientNonce);
  with.first();
  EXPECT_TRUE(with.final(server_first));
  EXPECT_EQ(with.keys()->salt, "pepper");
}

TEST(Scram, AServerThatDoesNotKnowThePassword) {
  for (const std::string& message :
       {"v=" + base64_encode(std::string(32, 'x')), std::string("v="), std::string("e=x"), std::string(),
        "v=" + base64_encode(std::string(31, 'x')), std::string(9000, 'v')}) {
    Exchange x;
    ScramClient client(kServersPassword, std::nullopt, kClientNonce);
    ASSERT_TRUE(x.server.first(client.first(), x.server_first));
    ASSERT_TRUE(client.final(x.server_first));
    EXPECT_FALSE(client.finish(message));
  }
}

}  // namespace
}  // namespace shardway::protocol::postgres
