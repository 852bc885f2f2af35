#include "protocol/postgres/copy_rows.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace shardway::protocol::postgres {
namespace {

using std::string_literals::operator""s;
using Keys = std::vector<std::optional<std::string>>;
constexpr std::size_t kMaxRow = 1 << 16;

struct Outcome {
  Keys keys;
  boost::system::error_code error;
  bool saw_end = false;
};

Outcome read(const CopyOptions& options, std::size_t column, const std::vector<Bytes>& pieces,
             std::size_t max_row = kMaxRow) {
  Outcome outcome;
  CopyRows rows(options, column, max_row);
  const auto on_key = [&](std::optional<Bytes> key, std::uint64_t row) {
    outcome.keys.emplace_back(key ? std::optional<std::string>(*key) : std::nullopt);
    EXPECT_EQ(row, outcome.keys.size());
    return true;
  };
  for (const auto piece : pieces) {
    const auto fed = rows.feed(piece, on_key);
    if (!fed) outcome.error = fed.error();
  }
  const auto finished = rows.finish(on_key);
  if (!finished) outcome.error = finished.error();
  outcome.saw_end = rows.saw_end_marker();
  EXPECT_TRUE(outcome.error || rows.at_row_boundary());
  return outcome;
}

// The whole at once; split at every byte in two; and byte by byte: always the same keys.
Outcome read_every_way(const CopyOptions& options, std::size_t column, const std::string& data) {
  const auto whole = read(options, column, {data});
  const auto expect_same = [&](const std::vector<Bytes>& pieces, std::size_t at) {
    const auto split = read(options, column, pieces);
    EXPECT_EQ(split.keys, whole.keys) << "split at " << at;
    EXPECT_EQ(split.error, whole.error) << "split at " << at;
    EXPECT_EQ(split.saw_end, whole.saw_end) << "split at " << at;
  };
  std::vector<Bytes> bytes;
  for (std::size_t at = 0; at < data.size(); ++at) {
    expect_same({Bytes(data).substr(0, at), Bytes(data).substr(at)}, at);
    bytes.push_back(Bytes(data).substr(at, 1));
  }
  expect_same(bytes, data.size());
  return whole;
}

struct CopyCase {
  const char* story;
  std::size_t column;
  std::string data;
  Keys keys;
  boost::system::error_code error = {};
  bool saw_end = false;
};

void expect_cases(const CopyOptions& options, const std::vector<CopyCase>& cases) {
  for (const auto& c : cases) {
    SCOPED_TRACE(c.story);
    const auto outcome = read_every_way(options, c.column, c.data);
    EXPECT_EQ(outcome.keys, c.keys);
    EXPECT_EQ(outcome.error, c.error);
    EXPECT_EQ(outcome.saw_end, c.saw_end);
  }
}

TEST(CopyRows, Text) {
  expect_cases({}, {
                       {"nothing", 0, "", {}},
                       {"rows", 0, "1\ta\n2\tb\n", {"1", "2"}},
                       {"second column", 1, "1\ta\n2\tb\n", {"a", "b"}},
                       {"last row without newline", 1, "1\ta\n2\tb", {"a", "b"}},
                       {"an empty line is a row of one empty field", 0, "\n1\n", {"", "1"}},
                       {"NULL", 1, "1\t\\N\n2\tN\n3\t\\\\N\n4\t\\NN\n", {std::nullopt, "N", "\\N", "NN"}},
                       {"escapes", 0, "\\b\\f\\n\\r\\t\\v\\\\\\q\n", {"\b\f\n\r\t\v\\q"}},
                       {"octal, up to three digits, cut to a byte", 0, "\\1\\12\\101\\1011\\477\\8\n", {"\1\nAA1?8"}},
                       {"hex, one or two digits, or an x", 0, "\\x4\\x41\\x414\\x\\xg\n", {"\4AA4xxg"}},
                       {"an escaped delimiter is data", 1, "a\\\tb\tc\n", {"c"}},
                       {"an escaped newline is data", 1, "a\\\nb\tc\\\nd\n", {"c\nd"}},
                       {"CRLF", 1, "1\ta\r\n2\tb\r\n", {"a", "b"}},
                       {"CR", 1, "1\ta\r2\tb\r", {"a", "b"}},
                       {"CR at the very end", 0, "1\r", {"1"}},
                       {"two newline styles: LF then CR", 0, "1\n2\r\n", {"1"}, WireError::kBadValue},
                       {"CRLF then LF", 0, "1\r\n2\n", {"1"}, WireError::kBadValue},
                       {"CRLF then CR", 0, "1\r\n2\r3", {"1"}, WireError::kBadValue},
                       {"CR then LF", 0, "1\r2\n", {"1"}, WireError::kBadValue},
                       {"end marker", 0, "1\n\\.\n2\n", {"1"}, {}, true},
                       {"end marker at once", 0, "\\.\n", {}, {}, true},
                       {"end marker, CRLF", 0, "1\r\n\\.\r\n2", {"1"}, {}, true},
                       {"end marker behind data: a row", 0, "1\n2\\.\n3\n", {"1", "2"}, {}, true},
                       {"end marker of another style", 0, "1\n\\.\r\n", {"1"}, WireError::kBadValue},
                       {"end marker, CRLF, then LF only", 0, "1\r\n\\.\n", {"1"}, WireError::kBadValue},
                       {"corrupt end marker", 0, "1\n\\.x\n", {"1"}, WireError::kBadValue},
                       {"end marker without newline", 0, "1\n\\.", {"1"}, WireError::kBadValue},
                       {"an escaped backslash, then a dot", 0, "\\\\.\n", {"\\."}},
                       {"a lone backslash at the end", 0, "1\\", {"1"}},
                       {"too few columns", 2, "1\t2\t3\n1\t2\n", {"3"}, WireError::kTruncated},
                       {"NUL in a key", 0, "a\\0b\n", {}, WireError::kBadValue},
                       {"bytes beyond ASCII", 0, "\xc3\xa4\t1\n", {"\xc3\xa4"}},
                   });
}

TEST(CopyRows, TextWithOptions) {
  CopyOptions options;
  options.delimiter = '|';
  options.null = "";
  options.header = true;
  expect_cases(options, {
                            {"header is read over", 1, "id|name\n1|a\n2|\n", {"a", std::nullopt}},
                            {"header only", 0, "id|name", {}},
                            {"a quote is nothing special", 0, "h\n\"1|2\"\n", {"\"1"}},
                        });
  options.delimiter = 'F';
  expect_cases(options, {{"a delimiter that is a hex digit", 1, "h\n\\x4FFb\n", {"b"}}});
}

CopyOptions csv() {
  CopyOptions options;
  options.format = CopyFormat::kCsv;
  options.delimiter = ',';
  options.null = "";
  return options;
}

TEST(CopyRows, Csv) {
  expect_cases(
      csv(),
      {
          {"nothing", 0, "", {}},
          {"rows", 1, "1,a\n2,b\n3,c", {"a", "b", "c"}},
          {"quotes", 0, "\"1\",x\n\"a,b\",y\n", {"1", "a,b"}},
          {"newlines in quotes", 1, "\"a\nb\",1\n\"c\r\nd\",2\n\"e\rf\",3\n", {"1", "2", "3"}},
          {"newlines in the key", 0, "\"a\nb\r\"\nc\n", {"a\nb\r", "c"}},
          {"doubled quotes", 0, "\"a\"\"b\",1\n\"\"\"\",2\n", {"a\"b", "\""}},
          {"quotes in the middle", 0, "a\"b,c\"d,1\n", {"ab,cd"}},
          {"NULL only without quotes", 0, ",1\n\"\",2\n", {std::nullopt, ""}},
          {"CRLF", 1, "1,a\r\n2,b\r\n", {"a", "b"}},
          {"CR", 1, "1,a\r2,b\r", {"a", "b"}},
          {"two styles", 0, "1\n2\r\n", {"1"}, WireError::kBadValue},
          {"end marker", 0, "1\n\\.\n", {"1"}, {}, true},
          {"end marker at once", 0, "\\.\r\n", {}, {}, true},
          {"rows behind it are rows for newer servers: refused", 0, "1\n\\.\n2\n", {"1"}, WireError::kBadValue, true},
          {"no end marker: inside a line", 0, "1,\\.\n\\.x\n", {"1", "\\.x"}},
          {"no end marker: without newline", 0, "1\n\\.", {"1", "\\."}},
          {"no end marker: inside quotes", 0, "\"a\n\\.\n\",1\n", {"a\n\\.\n"}},
          {"no end marker: CRLF, then LF only", 0, "1\r\n\\.\n", {"1"}, WireError::kBadValue},
          {"a backslash is data", 0, "\\N,1\n\\\n", {"\\N", "\\"}},
          {"an open quote", 0, "\"a\nb\n", {}, WireError::kBadValue},
          {"too few columns", 1, "1,2\n3\n", {"2"}, WireError::kTruncated},
          {"an empty line", 0, "\n", {std::nullopt}},
      });
}

TEST(CopyRows, CsvWithOptions) {
  auto options = csv();
  options.quote = '\'';
  options.escape = '\\';
  options.delimiter = ';';
  options.null = "nil";
  options.header = true;
  expect_cases(options, {
                            {"escapes", 0, "h\n'a\\'b';1\n'c\\\\';2\n'd\\e';3\n", {"a'b", "c\\", "d\\e"}},
                            {"an escape hides a quote from the line reader", 1, "h\n'a\\'\nb';1\n", {"1"}},
                            {"an escape outside quotes is data", 0, "h\na\\;1\n", {"a\\"}},
                            {"header with a newline in quotes", 0, "'a\nb'\n1\n", {"1"}},
                            {"NULL string", 0, "h\nnil\n'nil'\n", {std::nullopt, "nil"}},
                        });
  options.force_null_key = true;
  expect_cases(options, {{"FORCE_NULL", 0, "h\nnil\n'nil'\n'x'\n", {std::nullopt, std::nullopt, "x"}}});
  options.force_null_key = false;
  options.force_not_null_key = true;
  expect_cases(options, {{"FORCE_NOT_NULL", 0, "h\nnil\n'nil'\n", {"nil", "nil"}}});
}

const std::string kHead = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"s;
CopyOptions binary() {
  CopyOptions options;
  options.format = CopyFormat::kBinary;
  return options;
}

TEST(CopyRows, Binary) {
  const auto row1 = "\0\2\0\0\0\4\0\0\0\7\0\0\0\1x"s, row2 = "\0\2\xff\xff\xff\xff\0\0\0\0"s, end = "\xff\xff"s;
  const auto key1 = "\0\0\0\7"s;
  auto extended = kHead;
  extended[18] = 3;
  auto flagged = kHead, harmless = kHead;
  flagged[12] = 1;
  harmless[13] = 1;
  expect_cases(binary(),
               {
                   {"rows and trailer", 0, kHead + row1 + row2 + end, {key1, std::nullopt}, {}, true},
                   {"second column", 1, kHead + row1 + row2 + end, {"x", ""}, {}, true},
                   {"no trailer", 0, kHead + row1, {key1}},
                   {"no rows", 0, kHead + end, {}, {}, true},
                   {"an extension in the head", 0, extended + "abc" + row1, {key1}},
                   {"OIDs, which no server gives any more", 0, flagged + row1, {}, WireError::kBadValue},
                   {"flags that may be read over", 0, harmless + row1, {key1}},
                   {"no signature", 0, "PGCOPX" + kHead, {}, WireError::kBadValue},
                   {"nothing at all", 0, "", {}, WireError::kTruncated},
                   {"half a head", 0, kHead.substr(0, 15), {}, WireError::kTruncated},
                   {"half a row", 0, kHead + row1 + row1.substr(0, 7), {key1}, WireError::kTruncated},
                   {"half a count", 0, kHead + row1 + "\0"s, {key1}, WireError::kTruncated},
                   {"too few fields", 2, kHead + row1, {}, WireError::kTruncated},
                   {"no fields", 0, kHead + "\0\0"s, {}, WireError::kTruncated},
                   {"a count of -2", 0, kHead + "\xff\xfe"s, {}, WireError::kBadValue},
                   {"a length of -2", 0, kHead + "\0\1\xff\xff\xff\xfe"s, {}, WireError::kBadValue},
                   {"a length that lies", 0, kHead + "\0\1\x7f\xff\xff\xff"s, {}, WireError::kBadLength},
                   {"an extension that lies", 0, kHead.substr(0, 15) + "\x7f\xff\xff\xff"s, {}, WireError::kBadLength},
                   {"data behind the trailer", 0, kHead + row1 + end + "x", {key1}, WireError::kBadValue, true},
               });
}

TEST(CopyRows, LongRowsAreRefusedWhateverTheSplit) {
  const auto fits = std::string(10, 'a'), over = std::string(11, 'a');
  for (const auto& options : {CopyOptions{}, csv()}) {
    EXPECT_FALSE(read(options, 0, {fits + "\n"}, 10).error);
    EXPECT_FALSE(read(options, 0, {fits, "\r", "\n"}, 10).error);
    EXPECT_EQ(read(options, 0, {over + "\n"}, 10).error, WireError::kBadLength);
    EXPECT_EQ(read(options, 0, {over, "\n"}, 10).error, WireError::kBadLength);
    EXPECT_EQ(read(options, 0, {"aaaaa", "aaaaaa"}, 10).error, WireError::kBadLength);
  }
  EXPECT_FALSE(read(binary(), 0, {kHead + "\0\1\0\0\0\4aaaa"s}, 10).error);
  EXPECT_EQ(read(binary(), 0, {kHead + "\0\1\0\0\0\5aaaaa"s}, 10).error, WireError::kBadLength);
  EXPECT_EQ(read(binary(), 0, {kHead + "\0\1\0\0\0\5"s}, 10).error, WireError::kBadLength);
}

TEST(CopyRows, StopsWhenToldSo) {
  for (const auto* data : {"1\n2\n3\n", "1\n2"}) {
    CopyRows rows({}, 0, kMaxRow);
    int seen = 0;
    const auto stop_at_once = [&](std::optional<Bytes>, std::uint64_t) { return ++seen > 5; };
    EXPECT_TRUE(rows.feed(data, stop_at_once));
    EXPECT_TRUE(rows.feed("4\n", stop_at_once));
    EXPECT_TRUE(rows.finish(stop_at_once));
    EXPECT_EQ(seen, 1);
    EXPECT_FALSE(rows.saw_end_marker());
  }
}

TEST(CopyRows, AnErrorStays) {
  CopyRows rows({}, 1, kMaxRow);
  const auto on_key = [](std::optional<Bytes>, std::uint64_t) { return true; };
  EXPECT_FALSE(rows.feed("1\n", on_key));
  EXPECT_FALSE(rows.feed("1\t2\n", on_key));
  EXPECT_FALSE(rows.finish(on_key));
}

TEST(CopyRows, KnowsWhereRowsEnd) {
  CopyRows rows({}, 0, kMaxRow);
  const auto on_key = [](std::optional<Bytes>, std::uint64_t) { return true; };
  EXPECT_TRUE(rows.at_row_boundary());
  ASSERT_TRUE(rows.feed("1\n2", on_key));
  EXPECT_FALSE(rows.at_row_boundary());
  ASSERT_TRUE(rows.feed("\n", on_key));
  EXPECT_TRUE(rows.at_row_boundary());
}

}  // namespace
}  // namespace shardway::protocol::postgres
