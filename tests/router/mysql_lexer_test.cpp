#include "router/mysql_lexer.hpp"

#include <gtest/gtest.h>

#include <tuple>
#include <vector>

namespace shardway::router::mysql {
namespace {

MysqlMode in(MysqlMode::Charset charset) {
  MysqlMode mode;
  mode.charset = charset;
  return mode;
}

// "word:a string:'b'" …
std::string tokens_of(std::string_view text, const MysqlMode& mode = {}) {
  static constexpr std::string_view kNames[] = {"end",    "word", "quoted",  "string", "national", "hex", "integer",
                                                "number", "?",    "uservar", "sysvar", "symbol",   "bad"};
  std::string all;
  Lexer lexer(text, mode);
  for (auto token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    if (!all.empty()) all += ' ';
    all += std::string(kNames[static_cast<std::size_t>(token.kind)]) + ":" +
           std::string(text.substr(token.begin, token.end - token.begin));
  }
  return all;
}

TEST(MysqlLexer, ReadsEveryKindOfLiteral) {
  EXPECT_EQ(
      tokens_of("1 00012 1.5 .5 1. 1e5 1.5e-3 0x1F x'1f' 0b01 b'01' N'a'"),
      "integer:1 integer:00012 number:1.5 number:.5 number:1. number:1e5 number:1.5e-3 hex:0x1F hex:x'1f' hex:0b01 "
      "hex:b'01' national:N'a'");
  EXPECT_EQ(tokens_of("x'1'"), "bad:x'1 bad:'");
  EXPECT_EQ(tokens_of("0xg 1e 2ab 0x"), "word:0xg word:1e word:2ab word:0x");
}

TEST(MysqlLexer, NamesMayBeginWithDigits) {
  EXPECT_EQ(tokens_of("db.1t"), "word:db symbol:. word:1t");
  EXPECT_EQ(tokens_of("a.5"), "word:a symbol:. word:5");
  EXPECT_EQ(tokens_of("a .5"), "word:a number:.5");
  EXPECT_EQ(tokens_of("`a`.5e1"), "quoted:`a` symbol:. word:5e1");
}

TEST(MysqlLexer, CommentsAreWhatTheServerTakesForThem) {
  EXPECT_EQ(tokens_of("1 -- 2\n3 # 4\n5 /* 6 */ 7 --8"),
            "integer:1 integer:3 integer:5 integer:7 symbol:- symbol:- integer:8");
  EXPECT_EQ(tokens_of("1 --"), "integer:1");
  EXPECT_EQ(tokens_of("1 /* /* */ 2"), "integer:1 integer:2");
  EXPECT_EQ(tokens_of("1 /* 2"), "integer:1 bad:");
  EXPECT_EQ(tokens_of(std::string("/*") + std::string(100000, 'x') + "*/ 1"), "integer:1");
}

TEST(MysqlLexer, ExecutableCommentsRunByTheServersVersion) {
  EXPECT_EQ(tokens_of("/*! 1 */ /*!50000 2 */ /*!50701 3 */ /*!101100 4 */ /*!101101 5 */ /*M! 6 */"),
            "integer:1 integer:2 integer:4 integer:6");
  MysqlMode mysql8;
  mysql8.server = MysqlMode::Server::kMysql;
  mysql8.version = 80036;
  EXPECT_EQ(tokens_of("/*! 1 */ /*!50701 2 */ /*!80037 3 */ /*M! 4 */", mysql8), "integer:1 integer:2");
  EXPECT_EQ(tokens_of("/*!99999 1 /* 2 */ 3 */ 4"), "integer:4");
  EXPECT_EQ(tokens_of("/*! 1"), "integer:1 bad:");
}

TEST(MysqlLexer, QuotesFollowTheSqlMode) {
  EXPECT_EQ(tokens_of(R"('it''s' "a""b" 'a\'b')"), R"(string:'it''s' string:"a""b" string:'a\'b')");
  MysqlMode ansi;
  ansi.ansi_quotes = true;
  EXPECT_EQ(tokens_of(R"("a""b" 'c')", ansi), R"(quoted:"a""b" string:'c')");
  MysqlMode plain;
  plain.no_backslash_escapes = true;
  EXPECT_EQ(tokens_of(R"('\' 'a')", plain), R"(string:'\' string:'a')");
  EXPECT_EQ(tokens_of("'a"), "bad:'a");
  EXPECT_EQ(tokens_of("`a``b`"), "quoted:`a``b`");
}

TEST(MysqlLexer, ABackslashMayBeHalfACharacter) {
  using Charset = MysqlMode::Charset;
  for (const auto& [charset, text] :
       {std::pair(Charset::kGbk, "'\xbf\x5c' 1"), std::pair(Charset::kBig5, "'\xa5\x5c' 1"),
        std::pair(Charset::kSjis, "'\x95\x5c' 1"), std::pair(Charset::kGb18030, "'\xbf\x5c' 1")})
    EXPECT_EQ(tokens_of(text, in(charset)).substr(0, 7), "string:") << text;
  EXPECT_EQ(tokens_of("'\xbf\x5c' 1").substr(0, 4), "bad:");
}

TEST(MysqlLexer, Variables) {
  EXPECT_EQ(tokens_of("@a @'b c' @`d` @\"e\" @f.g := @@global.x"),
            "uservar:@a uservar:@'b c' uservar:@`d` uservar:@\"e\" uservar:@f.g symbol::= sysvar:@@ word:global "
            "symbol:. word:x");
}

TEST(MysqlLexer, AZeroByteIsNoToken) {
  EXPECT_EQ(tokens_of(std::string_view("1 \0 2", 5)).substr(0, 14), "integer:1 bad:");
  EXPECT_EQ(tokens_of(std::string_view("'\0'", 3)).substr(0, 7), "string:");
}

TEST(MysqlLexer, UnquotesAsTheServerDoes) {
  EXPECT_EQ(unquote(R"('a\nb\'c''d\%\x')", {}), "a\nb'c'd\\%x");
  EXPECT_EQ(unquote(R"("a""b")", {}), "a\"b");
  EXPECT_EQ(unhex("x'4142'"), "AB");
  EXPECT_EQ(unhex("0x141"), "\x01\x41");
  EXPECT_EQ(unhex("b'0100000101000010'"), "AB");
}

TEST(MysqlLexer, TheKeyFoldsLiteralsAndSpaceOnly) {
  std::string one, two;
  Literals literals;
  ASSERT_TRUE(normalise("SELECT  1, 'a' /* x */ FROM t;", MysqlMode{}, one, literals));
  ASSERT_EQ(literals.size(), 2U);
  ASSERT_TRUE(normalise("SELECT 22, \"b\" FROM t", MysqlMode{}, two, literals));
  EXPECT_EQ(one, two);
  ASSERT_TRUE(normalise("SELECT 1.5, 'a' FROM t", MysqlMode{}, two, literals));
  EXPECT_NE(one, two);
  EXPECT_FALSE(normalise("SELECT /*! 1 */", MysqlMode{}, two, literals));
  EXPECT_FALSE(normalise("SELECT 1; SELECT 2", MysqlMode{}, two, literals));
  EXPECT_FALSE(normalise("SET a = 1", MysqlMode{}, two, literals));
}

}  // namespace
}  // namespace shardway::router::mysql
