#include "router/statement_lexer.hpp"

#include <gtest/gtest.h>
#include <pg_query.h>

#include "tests/router/route_row.hpp"

namespace shardway::router {
namespace {

struct Span {
  std::uint32_t begin, end;
  bool operator==(const Span& other) const { return begin == other.begin && end == other.end; }
};

std::ostream& operator<<(std::ostream& out, const Span& span) { return out << span.begin << '-' << span.end; }

// The scanner's result is protobuf: varints and length-prefixed parts
// (https://protobuf.dev/programming-guides/encoding/).
std::uint64_t varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (int shift = 0; !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return value;
}

// ScanToken: 1 start, 2 end, 4 token. The tokens' numbers are those of pg_query.proto.
struct ScanToken {
  std::uint64_t field[8] = {};
  bool is_comment() const { return field[4] == 275 || field[4] == 276; }
  bool is_number() const { return field[4] == 260 || field[4] == 266; }
};

std::vector<ScanToken> tokens_of(std::string_view result) {
  std::vector<ScanToken> tokens;
  while (!result.empty()) {
    const auto tag = varint(result);
    const auto value = varint(result);
    if (tag != (2 << 3 | 2)) continue;
    auto part = result.substr(0, value);
    result.remove_prefix(value);
    tokens.emplace_back();
    while (!part.empty()) {
      const auto field = varint(part) >> 3;
      tokens.back().field[field & 7] = varint(part);
    }
  }
  return tokens;
}

// Strings, numbers, parameters and words, as the server's own scanner cuts them.
std::optional<std::vector<Span>> scanned(const std::string& text) {
  const auto result = pg_query_scan(text.c_str());
  std::optional<std::vector<Span>> spans;
  if (result.error == nullptr) {
    spans.emplace();
    for (const auto& token : tokens_of({result.pbuf.data, result.pbuf.len})) {
      const char first = text[token.field[1]];
      const bool is_symbol = std::string_view("~!@#^&|`?+-*/%<>=,()[].;:").find(first) != std::string_view::npos;
      if (token.is_comment() || (is_symbol && !token.is_number())) continue;
      spans->push_back({static_cast<std::uint32_t>(token.field[1]), static_cast<std::uint32_t>(token.field[2])});
    }
  }
  pg_query_free_scan_result(result);
  return spans;
}

std::vector<Span> lexed(std::string_view text) {
  std::vector<Span> spans;
  StatementLexer lexer(text, true);
  for (auto token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next())
    if (token.kind != TokenKind::kSymbol) spans.push_back({token.begin, token.end});
  return spans;
}

const char* const kTexts[] = {"SELECT 'a' 'b'",
                              "SELECT 'a'\n'b'",
                              "SELECT 'a' /* c */\n 'b'",

                              "SELECT E'a\\'b'",
                              "SELECT e'\\\\'",
                              "SELECT E'a'\n'b\\''",

                              "SELECT B'01', X'1F', b'1', x'a'",
                              "SELECT N'a', n'b'",
                              "SELECT $$a'b$$, $t$ $$ $t$, $1, $12",
                              "SELECT a$b$c, a$$",
                              "SELECT 1.5, .5, 5., 1e5, 1.e-3, .5E+1, 1..2",
                              "SELECT 1 /* a /* b */ c */ , 2",
                              "SELECT 1 - -- c\n 2",
                              "SELECT a+-1, a*-/* c */1, a@-1, a<>1, a||'x'",
                              "SELECT \"a\"\"b\", \"c d\"",
                              "SELECT 'it''s'",
                              "SELECT 1;;SELECT 2",
                              "SELECT a[1:2], a::int, a:=1",
                              "SELECT 'a'\r\n'b', 'c'\f'd'",
                              "SELECT Äö, \"Äö\", 'Äö'",
                              "SELECT '--', '/*', \"--\"",
                              "SELECT e 'x', u & 'x', b 'x'",
                              "SELECT u&b",
                              "SELECT $a$ $b$ $a$",
                              "SELECT $a$x$a$$b$y$b$"};

TEST(StatementLexer, CutsLikeTheServersScanner) {
  std::vector<std::string> texts(std::begin(kTexts), std::end(kTexts));
  // libpg_query reports U& strings in another way than it cuts them.
  for (const auto& row : shop::rows())
    if (!row.has("scs_off") && row.sql.find("U&") == std::string::npos) texts.push_back(row.sql);
  for (const auto& text : texts) {
    const auto expected = scanned(text);
    if (!expected) continue;
    EXPECT_EQ(lexed(text), *expected) << text;
  }
}

// The server lets -- comments stand between the parts of a string; libpg_query's parser does not know it.
TEST(StatementLexer, AStringGoesOnBehindACommentAndALineEnd) {
  for (const char* text : {"'a' -- c\n 'b'", "'a'\n-- 'x'\n'b'", "'a'--\n--\n\t'b'", "E'a'  \n 'b\\''"})
    EXPECT_EQ(lexed(text), (std::vector<Span>{{0, static_cast<std::uint32_t>(std::string_view(text).size())}})) << text;
  for (const char* text : {"'a' 'b'", "'a' /* \n */ 'b'", "'a' --'b'", "'a' /**/\n'b'"})
    EXPECT_NE(lexed(text).front(), (Span{0, static_cast<std::uint32_t>(std::string_view(text).size())})) << text;
}

TEST(StatementLexer, NormalisingIsStable) {
  std::string key, again;
  Literals literals;
  for (const auto& row : shop::rows()) {
    if (!normalise(row.sql, true, key, literals)) continue;
    const auto first = key;
    ASSERT_TRUE(normalise("  " + row.sql + " ; ", true, again, literals)) << row.sql;
    EXPECT_EQ(again, first) << row.sql;
  }
}

// Found by the fuzzer: an unterminated $tag$ was read again and again.
TEST(StatementLexer, WhatDoesNotEndEndsTheText) {
  for (const char* text : {"$$a", "$t$ $$", "'a", "E'a\\'", "\"a", "/* a", "/* /* */", "U&'a", "$", "$a"}) {
    StatementLexer lexer(text, true);
    int tokens = 0;
    while (lexer.next().kind != TokenKind::kEnd) ASSERT_LT(++tokens, 5) << text;
  }
}

TEST(StatementLexer, UnquotesStrings) {
  const std::tuple<const char*, bool, std::optional<std::string>> cases[] = {
      {"'abc'", true, "abc"},
      {"''", true, ""},
      {"'it''s'", true, "it's"},
      {"'a\\n'", true, "a\\n"},
      {"'a\\n'", false, "a\n"},
      {"E'a\\n\\t\\\\\\''", true, "a\n\t\\'"},
      {"e'\\x41\\102\\u0043\\U00000044'", true, "ABCD"},
      {"E'\\xe4'", true, "\xe4"},
      {"E'\\u00e4'", true, "ä"},
      {"E'\\q'", true, "q"},
      {"E'\\u12'", true, std::nullopt},
      {"E'\\ud800'", true, std::nullopt},
      {"E'\\0'", true, std::nullopt},
      {"$$a'b$$", true, "a'b"},
      {"$x$a$$b$x$", true, "a$$b"},
      {"'a'\n'b'", true, "ab"},
      {"'a' -- it's\n 'b''c'", true, "ab'c"},
      {"E'a'\n'\\n'", true, "a\n"},
  };
  for (const auto& [source, standard, value] : cases) EXPECT_EQ(unquote(source, standard), value) << source;
}

TEST(StatementLexer, UnquotesNames) {
  EXPECT_EQ(unquote_name(R"("plain")"), "plain");
  EXPECT_EQ(unquote_name(R"("a ""b"" \0063")"), R"(a "b" \0063)");
  EXPECT_EQ(unquote_name(R"(U&"n\006Fw")"), "now");
  EXPECT_EQ(unquote_name(R"(u&"\+00006eo\\w\12")"), R"(no\w\12)");
  EXPECT_EQ(unquote_name(R"("")"), "");
}

TEST(StatementLexer, OnlyTheLeadingCommentSteers) {
  EXPECT_EQ(steering_comment("/* shardway: shard=a */ SELECT 1"), "shard=a");
  EXPECT_EQ(steering_comment("  \n/*shardway:key=5*/SELECT 1"), "key=5");
  for (const char* text : {"SELECT 1 /* shardway: a */", "/* x */ /* shardway: a */", "-- shardway: a",
                           "'/* shardway: a */'", "/* x /* shardway: a */ */", "/* shardway: a", "/* Shardway: a */"})
    EXPECT_EQ(steering_comment(text), "") << text;
}

}  // namespace
}  // namespace shardway::router
