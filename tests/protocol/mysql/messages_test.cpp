// MySQL's messages: there and back, cut at every length, and packets caught from a MariaDB 10.11 server.
#include "protocol/mysql/messages.hpp"

#include "protocol/mysql/fields.hpp"
#include "tests/protocol/mysql/packets.hpp"

namespace shardway::protocol::mysql {
namespace {

constexpr Capabilities kModern = capability::kProtocol41 | capability::kSecureConnection | capability::kPluginAuth |
                                 capability::kPluginAuthLenenc | capability::kConnectWithDb |
                                 capability::kConnectAttributes | capability::kSessionTrack | capability::kDeprecateEof;

TEST(Packets, SplitAtTheirLargestSize) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{kMaxPacketBytes} - 1,
                                 std::size_t{kMaxPacketBytes}, std::size_t{kMaxPacketBytes} + 1}) {
    std::string out;
    std::uint8_t sequence = 255;
    append_packets(out, sequence, std::string(size, 'x'));
    PacketHead head;
    ASSERT_TRUE(peek_head(out, head));
    EXPECT_EQ(head.sequence, 255);
    EXPECT_EQ(head.goes_on(), size >= kMaxPacketBytes);
    EXPECT_EQ(sequence, size >= kMaxPacketBytes ? 1 : 0);
    EXPECT_EQ(out.size(), size + (size >= kMaxPacketBytes ? 2 : 1) * kHeadBytes);
  }
}

TEST(Fields, LengthEncoded) {
  for (const std::uint64_t value :
       {0ULL, 1ULL, 0xfaULL, 0xfbULL, 0xfcULL, 0xffffULL, 0x10000ULL, 0xffffffULL, 0x1000000ULL, ~0ULL}) {
    std::string out;
    Writer writer(out);
    lenenc(writer, value);
    Reader reader(out);
    EXPECT_EQ(lenenc(reader), value);
    EXPECT_TRUE(reader.at_end());
    for (std::size_t size = 0; size < out.size(); ++size) {
      Reader cut(Bytes(out).substr(0, size));
      EXPECT_FALSE(lenenc(cut));
    }
  }
  for (const char* bad : {"\xfb", "\xff", "\xff\x01\x01\x01\x01\x01\x01\x01\x01"}) {
    Reader reader{Bytes(bad)};
    EXPECT_FALSE(lenenc(reader));
  }
  Reader lies(Bytes("\xfe\xff\xff\xff\xff\xff\xff\xff\xff too little", 20));
  EXPECT_FALSE(lenenc_bytes(lies));
}

TEST(Messages, Greeting) {
  Greeting greeting;
  greeting.server_version = "5.5.5-10.11.19-MariaDB";
  greeting.connection_id = 0x01020304;
  greeting.scramble = "abcdefghijklmnopqrst";
  greeting.capabilities = kModern | Capabilities{0x1d} << 32;
  greeting.plugin = kNativePassword;
  const auto out = packet(greeting);
  const auto read = decode_greeting(payload_of(out));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->server_version, greeting.server_version);
  EXPECT_EQ(read->connection_id, greeting.connection_id);
  EXPECT_EQ(read->scramble, greeting.scramble);
  EXPECT_EQ(read->capabilities, greeting.capabilities);
  EXPECT_EQ(read->plugin, kNativePassword);
  refuses_every_cut(payload_of(out), decode_greeting, payload_of(out).size() - kNativePassword.size() - 1);
}

// Caught from MariaDB 10.11.19.
TEST(Messages, GreetingOfMariaDb) {
  const auto payload = from_hex(
      "0a352e352e352d31302e31312e31392d4d6172696144422d302b646562313275310006000000363f7a6a2679516700fef7080200ff811500"
      "00"
      "000000001d00000036725e614a2f49633729643d006d7973716c5f6e61746976655f70617373776f726400");
  const auto greeting = decode_greeting(payload);
  ASSERT_TRUE(greeting);
  EXPECT_EQ(greeting->server_version, "5.5.5-10.11.19-MariaDB-0+deb12u1");
  EXPECT_EQ(greeting->connection_id, 6U);
  EXPECT_EQ(greeting->scramble, "6?zj&yQg6r^aJ/Ic7)d=");
  EXPECT_EQ(greeting->capabilities, 0x1d'81ff'f7feULL);
  EXPECT_EQ(greeting->collation, 8);
  EXPECT_EQ(greeting->plugin, kNativePassword);
  Greeting again = *greeting;
  EXPECT_EQ(payload_of(packet(again)), payload);
}

// A server without plugins leaves their data's size out: the second part of the scramble has 12 bytes and a NUL.
TEST(Messages, GreetingWithoutPlugins) {
  auto payload = from_hex(
      "0a352e3500060000004142434445464748"
      "00ffa2080200000000000000000000000000004142434445464748494a4b4c00");
  const auto greeting = decode_greeting(payload);
  ASSERT_TRUE(greeting);
  EXPECT_EQ(greeting->scramble, "ABCDEFGHABCDEFGHIJKL");
  refuses_every_cut(payload, decode_greeting, payload.size());
}

// ed25519's nonce is 32 bytes of any value; one log-in in 256 failed when the last was taken for the end of a string.
TEST(Messages, ANonceMayEndInNul) {
  const auto payload =
      from_hex("fe636c69656e745f6564323535313900183740d6501d464173dde3d8d3d4c5d09e987e7b8cd3321b5a7f72ccca27b200");
  const auto request = decode_auth_switch(payload);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->plugin, kEd25519);
  ASSERT_EQ(request->data.size(), kEd25519ScrambleBytes);
  EXPECT_EQ(request->data.back(), '\0');
  EXPECT_EQ(payload_of(packet(*request)), payload);
  const auto native = packet(AuthSwitch{kNativePassword, "abcdefghijklmnopqrst"});
  EXPECT_EQ(payload_of(native).back(), '\0');
  EXPECT_EQ(decode_auth_switch(payload_of(native))->data, "abcdefghijklmnopqrst");
}

TEST(Messages, HandshakeResponse) {
  HandshakeResponse response;
  response.capabilities = kModern | capability::kSsl;
  response.max_packet = 1 << 24;
  response.collation = 33;
  response.user = "app";
  response.auth = "12345678901234567890";
  response.database = "shop";
  response.plugin = kNativePassword;
  response.attributes = "\x03_os\x05Linux";
  const auto out = packet(response);
  const auto read = decode_handshake_response(payload_of(out));
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->is_ssl_request);
  EXPECT_EQ(read->user, "app");
  EXPECT_EQ(read->auth, response.auth);
  EXPECT_EQ(read->database, "shop");
  EXPECT_EQ(read->plugin, kNativePassword);
  EXPECT_EQ(read->attributes, response.attributes);
  EXPECT_EQ(read->collation, 33);
  const auto request = decode_handshake_response(payload_of(out).substr(0, 32));
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->is_ssl_request);
  refuses_every_cut(payload_of(out), decode_handshake_response, 32);
}

TEST(Messages, AResponseCutBehindItsHeadIsNoSslRequest) {
  HandshakeResponse response;
  response.capabilities = kModern;
  response.user = "app";
  EXPECT_FALSE(decode_handshake_response(payload_of(packet(response)).substr(0, 32)));
}

TEST(Messages, ClientsFromBeforeProtocol41AreRefused) {
  std::string old(40, '\0');
  EXPECT_FALSE(decode_handshake_response(old));
}

TEST(Messages, Ok) {
  std::string tracked;
  Writer writer(tracked);
  writer.u8(0);
  std::string variable;
  Writer inner(variable);
  lenenc_bytes(inner, "autocommit");
  lenenc_bytes(inner, "OFF");
  lenenc_bytes(writer, variable);
  Ok ok{0x00, 0x1'0000'0001ULL, 7, status::kSessionStateChanged, 3, "Rows matched: 1", tracked};
  std::string out;
  std::uint8_t sequence = 0;
  encode(out, sequence, ok, kModern);
  const auto read = decode_ok(payload_of(out), kModern);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->affected_rows, ok.affected_rows);
  EXPECT_EQ(read->info, ok.info);
  EXPECT_EQ(read->warnings, 3);
  const auto items = decode_tracked(read->tracked);
  ASSERT_TRUE(items);
  ASSERT_EQ(items->size(), 1U);
  const auto variables = decode_system_variables((*items)[0].data);
  ASSERT_TRUE(variables);
  EXPECT_EQ((*variables)[0].first, "autocommit");
  EXPECT_EQ((*variables)[0].second, "OFF");

  std::string plain;
  sequence = 0;
  encode(plain, sequence, *read, kModern & ~capability::kSessionTrack);
  const auto stripped = decode_ok(payload_of(plain), kModern & ~capability::kSessionTrack);
  ASSERT_TRUE(stripped);
  EXPECT_EQ(stripped->status & status::kSessionStateChanged, 0);
  EXPECT_EQ(stripped->info, ok.info);
}

// Caught from MariaDB 10.11.19: the same bytes whether the client asked for session tracking or not. Clients that did
// not ask were told the info without its length.
TEST(Messages, OkHasTheLengthOfItsInfo) {
  const auto payload =
      from_hex("0001000200000028526f7773206d6174636865643a203120204368616e6765643a203120205761726e696e67733a2030");
  for (const auto capabilities : {kModern, kModern & ~capability::kSessionTrack}) {
    const auto ok = decode_ok(payload, capabilities);
    ASSERT_TRUE(ok);
    EXPECT_EQ(ok->info, "Rows matched: 1  Changed: 1  Warnings: 0");
    EXPECT_EQ(payload_of(packet(*ok, capabilities)), payload);
    for (std::size_t size = 0; size < payload.size(); ++size) {
      if (size == 7) continue;  // where an OK without info ends
      EXPECT_FALSE(decode_ok(Bytes(payload).substr(0, size), capabilities)) << size;
    }
  }
}

TEST(Messages, Err) {
  const auto out = packet(Err{1064, "42000", "You have an error"});
  const auto read = decode_err(payload_of(out));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->code, 1064);
  EXPECT_EQ(read->sqlstate, "42000");
  EXPECT_EQ(read->message, "You have an error");
  const auto bare = packet(Err{1040, "", "Too many connections"});
  EXPECT_EQ(decode_err(payload_of(bare))->sqlstate, "");
  EXPECT_EQ(decode_err(payload_of(bare))->message, "Too many connections");
}

TEST(Messages, Eof) {
  const auto out = packet(Eof{2, status::kAutocommit | status::kMoreResults});
  const auto read = decode_eof(payload_of(out));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->warnings, 2);
  EXPECT_EQ(read->status, status::kAutocommit | status::kMoreResults);
  EXPECT_FALSE(decode_eof("\xfe and more"));
}

}  // namespace
}  // namespace shardway::protocol::mysql
