#include "protocol/postgres/messages.hpp"

#include <gtest/gtest.h>

#include "protocol/postgres/frame.hpp"

namespace shardway::protocol::postgres {
namespace {

using std::string_literals::operator""s;

// The body of the one frame in `bytes`; fails the test if it is not exactly one of this type.
Bytes only_body(const std::string& bytes, char type) {
  FrameHead head;
  EXPECT_EQ(peek_head(bytes, head), HeadState::kOk);
  EXPECT_EQ(head.type, type);
  EXPECT_EQ(head.size(), bytes.size());
  return body_of(bytes, head);
}

// Decodes whole; cut at every length or with a byte more it is refused. Bytes are copied so that ASan sees an overrun.
template <class Decode>
void expect_exact(Bytes body, Decode decode) {
  EXPECT_TRUE(decode(body));
  for (std::size_t size = 0; size < body.size(); ++size) {
    const std::vector<char> cut(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(decode(Bytes(cut.data(), cut.size()))) << size << " of " << body.size();
  }
  EXPECT_FALSE(decode(std::string(body) + "\x01"));
}

TEST(Messages, StringsOnly) {
  std::string out;
  encode::query(out, "SELECT 1");
  expect_exact(only_body(out, 'Q'), decode_query);
  EXPECT_EQ(*decode_query(only_body(out, 'Q')), "SELECT 1");
  out.clear();
  encode::password(out, "p");
  expect_exact(only_body(out, 'p'), decode_password);
  out.clear();
  encode::command_complete(out, "INSERT 0 5");
  expect_exact(only_body(out, 'C'), decode_command_complete);
}

TEST(Messages, Parse) {
  std::string out;
  encode::parse(out, "s1", "SELECT $1", {20, 0, 25});
  const auto body = only_body(out, 'P');
  expect_exact(body, decode_parse);
  const auto parse = decode_parse(body);
  EXPECT_EQ(parse->name, "s1");
  EXPECT_EQ(parse->query, "SELECT $1");
  EXPECT_EQ(parse->parameter_types, (std::vector<Oid>{20, 0, 25}));
}

TEST(Messages, Bind) {
  std::string out;
  const Bind sent{
      "p", "s", {Format::kText, Format::kBinary, Format::kText}, {"1", std::nullopt, ""}, {Format::kBinary}};
  encode::bind(out, sent);
  const auto body = only_body(out, 'B');
  expect_exact(body, decode_bind);
  const auto bind = decode_bind(body);
  EXPECT_EQ(bind->portal, "p");
  EXPECT_EQ(bind->statement, "s");
  EXPECT_EQ(bind->parameters, sent.parameters);
  EXPECT_EQ(bind->format_of(1), Format::kBinary);
  EXPECT_EQ(bind->result_formats, sent.result_formats);
}

TEST(Messages, BindFormats) {
  EXPECT_EQ((Bind{"", "", {}, {}, {}}.format_of(5)), Format::kText);
  EXPECT_EQ((Bind{"", "", {Format::kBinary}, {}, {}}.format_of(5)), Format::kBinary);
  // Two formats for three parameters; a format that is neither text nor binary.
  EXPECT_EQ(decode_bind("\0\0\0\2\0\0\0\0\0\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0"s).error(),
            WireError::kBadValue);
  EXPECT_EQ(decode_bind("\0\0\0\1\0\2\0\0\0\0"s).error(), WireError::kBadValue);
}

TEST(Messages, CountsAreCheckedBeforeAnythingIsAllocated) {
  // 65,535 parameters in twenty bytes: refused at the count, not after a megabyte of optionals.
  EXPECT_EQ(decode_bind("\0\0\0\0\xff\xff"s + std::string(14, '\0')).error(), WireError::kTruncated);
  EXPECT_EQ(decode_bind("\0\0\xff\xff"s + std::string(16, '\0')).error(), WireError::kTruncated);
  EXPECT_EQ(decode_parse("\0\0\xff\xff"s).error(), WireError::kTruncated);
  EXPECT_EQ(decode_row_description("\xff\xff"s + std::string(40, '\0')).error(), WireError::kTruncated);
  EXPECT_EQ(decode_data_row("\xff\xff"s).error(), WireError::kTruncated);
}

TEST(Messages, ValueLengthsThatLie) {
  const std::pair<std::uint32_t, WireError> table[] = {
      {1, WireError::kTruncated},
      {0x7fffffffU, WireError::kTruncated},
      {0x80000000U, WireError::kBadLength},
      {0xfffffffeU, WireError::kBadLength},
  };
  for (const auto& [length, expected] : table) {
    std::string body = "\0\1"s;
    Writer(body).u32(length);
    EXPECT_EQ(decode_data_row(body).error(), expected) << length;
  }
}

TEST(Messages, DescribeAndClose) {
  for (const auto target : {Target::kStatement, Target::kPortal}) {
    std::string out;
    encode::describe(out, target, "x");
    expect_exact(only_body(out, 'D'), decode_describe);
    EXPECT_EQ(decode_describe(only_body(out, 'D'))->target, target);
    out.clear();
    encode::close(out, target, "x");
    expect_exact(only_body(out, 'C'), decode_close);
    EXPECT_EQ(decode_close(only_body(out, 'C'))->name, "x");
  }
  EXPECT_EQ(decode_describe("Xa\0"s).error(), WireError::kBadValue);
}

TEST(Messages, ExecuteTakesNegativeLimitsForAllRows) {
  std::string out;
  encode::execute(out, "p", 10);
  expect_exact(only_body(out, 'E'), decode_execute);
  EXPECT_EQ(decode_execute(only_body(out, 'E'))->row_limit, 10U);
  EXPECT_EQ(decode_execute("\0\xff\xff\xff\xff"s)->row_limit, 0U);
  EXPECT_EQ(decode_execute("\0\x7f\xff\xff\xff"s)->row_limit, 0x7fffffffU);
}

TEST(Messages, Sasl) {
  std::string out;
  encode::sasl_initial(out, "SCRAM-SHA-256", "n,,");
  expect_exact(only_body(out, 'p'), decode_sasl_initial);
  EXPECT_EQ(decode_sasl_initial(only_body(out, 'p'))->data, "n,,");
  EXPECT_EQ(decode_sasl_initial("M\0\xff\xff\xff\xff"s)->data, "");
  out.clear();
  encode::sasl_response(out, "abc");
  EXPECT_EQ(only_body(out, 'p'), "abc");
}

TEST(Messages, ErrorAndNotice) {
  const encode::ErrorText text{"FATAL", "28P01", "no \"x\"", "try y", "because", 7};
  std::string out;
  encode::error(out, text);
  const auto body = only_body(out, 'E');
  expect_exact(body, decode_error);
  const auto fields = decode_error(body);
  EXPECT_EQ(fields->severity, "FATAL");
  EXPECT_EQ(fields->severity_nonlocalized, "FATAL");
  EXPECT_EQ(fields->sqlstate, "28P01");
  EXPECT_EQ(fields->message, "no \"x\"");
  EXPECT_EQ(fields->hint, "try y");
  EXPECT_EQ(fields->detail, "because");
  EXPECT_EQ(fields->position, "7");
  EXPECT_TRUE(fields->is_fatal());
  out.clear();
  encode::notice(out, {"NOTICE", "00000", "m", "", "", 0});
  EXPECT_EQ(only_body(out, 'N'), "SNOTICE\0VNOTICE\0C00000\0Mm\0\0"s);
}

TEST(Messages, ErrorFieldsMayBeMissingOrUnknown) {
  const auto empty = decode_error("\0"s);
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->sqlstate.empty());
  EXPECT_FALSE(empty->is_fatal());
  EXPECT_TRUE(decode_error("SPANIC\0qwhat\0\0"s)->is_fatal());
  // A translated server: V decides.
  EXPECT_FALSE(decode_error("SFATAL\0VERROR\0\0"s)->is_fatal());
  EXPECT_TRUE(decode_error("SWARNING\0C57P01\0Rquickdie\0\0"s)->is_last_word());
  EXPECT_FALSE(decode_error("SWARNING\0C57P01\0Rexec_stmt_raise\0\0"s)->is_last_word());
}

TEST(Messages, ATextWithNulInsideStaysOneField) {
  std::string out;
  encode::error(out, {"ERROR", "XX000", std::string_view("a\0Hb", 4), "", "", 0});
  const auto fields = decode_error(only_body(out, 'E'));
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->message, "a");
  EXPECT_EQ(fields->hint, "");
}

TEST(Messages, ParameterStatusAndKey) {
  std::string out;
  encode::parameter_status(out, "TimeZone", "UTC");
  expect_exact(only_body(out, 'S'), decode_parameter_status);
  EXPECT_EQ(decode_parameter_status(only_body(out, 'S'))->value, "UTC");
  for (const std::size_t size : {3U, 4U, 32U, 256U, 257U}) {
    out.clear();
    encode::backend_key(out, 5, std::string(size, 'k'));
    const auto key = decode_backend_key(only_body(out, 'K'));
    ASSERT_EQ(key.has_value(), size >= 4 && size <= 256);
    if (!key) continue;
    EXPECT_EQ(key->secret.size(), size);
  }
}

TEST(Messages, ReadyKnowsThreeStates) {
  for (int c = 0; c < 256; ++c) {
    std::string out;
    encode::ready(out, static_cast<char>(c));
    EXPECT_EQ(decode_ready(only_body(out, 'Z')).has_value(), c == 'I' || c == 'T' || c == 'E') << c;
  }
  expect_exact("I", decode_ready);
}

TEST(Messages, RowDescription) {
  std::string out;
  encode::row_description(out, {{"id", 16384, 1, 20, 8, -1, Format::kBinary}, {"", 0, 0, 25, -1, 7, Format::kText}});
  const auto body = only_body(out, 'T');
  expect_exact(body, decode_row_description);
  const auto fields = decode_row_description(body);
  ASSERT_EQ(fields->size(), 2U);
  EXPECT_EQ((*fields)[0].name, "id");
  EXPECT_EQ((*fields)[0].table, 16384U);
  EXPECT_EQ((*fields)[0].type_modifier, -1);
  EXPECT_EQ((*fields)[0].format, Format::kBinary);
  EXPECT_EQ((*fields)[1].type_size, -1);
  EXPECT_EQ((*fields)[1].type_modifier, 7);
}

TEST(Messages, DataRow) {
  std::string out;
  const std::vector<std::optional<Bytes>> row = {"1", std::nullopt, "", "long value"};
  encode::data_row(out, row);
  expect_exact(only_body(out, 'D'), decode_data_row);
  EXPECT_EQ(*decode_data_row(only_body(out, 'D')), row);
}

TEST(Messages, Authentication) {
  std::string out;
  encode::authentication(out, 5, "salt");
  expect_exact(only_body(out, 'R'), decode_authentication);
  EXPECT_EQ(decode_authentication(only_body(out, 'R'))->data, "salt");
  EXPECT_EQ(decode_authentication("\0\0\0\0x"s).error(), WireError::kTrailingBytes);
  EXPECT_EQ(decode_authentication("\0\0\0\3x"s).error(), WireError::kTrailingBytes);
  EXPECT_EQ(decode_authentication("\0\0\0\x0b"s)->kind, 11U);
}

TEST(Messages, CopyAndParameterDescription) {
  std::string out;
  encode::copy_in_response(out, 1, 3);
  expect_exact(only_body(out, 'G'), decode_copy_response);
  EXPECT_EQ(decode_copy_response(only_body(out, 'G'))->column_formats, std::vector<Format>(3, Format::kBinary));
  EXPECT_EQ(decode_copy_response("\2\0\0"s).error(), WireError::kBadValue);
  out.clear();
  encode::parameter_description(out, {20, 25});
  expect_exact(only_body(out, 't'), decode_parameter_description);
  EXPECT_EQ(*decode_parameter_description(only_body(out, 't')), (std::vector<Oid>{20, 25}));
}

TEST(Messages, NegotiateVersionSendsTheWholeVersion) {
  std::string out;
  encode::negotiate_version(out, 0, {"_pq_.x"});
  EXPECT_EQ(only_body(out, 'v'), "\0\3\0\0\0\0\0\1_pq_.x\0"s);
}

TEST(Messages, FramesWithoutABody) {
  const std::pair<char, void (*)(std::string&)> table[] = {
      {'S', encode::sync},           {'H', encode::flush},
      {'X', encode::terminate},      {'c', encode::copy_done},
      {'1', encode::parse_complete}, {'2', encode::bind_complete},
      {'3', encode::close_complete}, {'n', encode::no_data},
      {'I', encode::empty_query},    {'s', encode::portal_suspended},
  };
  for (const auto& [type, encoder] : table) {
    std::string out;
    encoder(out);
    EXPECT_EQ(out, type + "\0\0\0\4"s);
  }
  std::string out;
  encode::copy_data(out, "1\tx\n");
  encode::copy_fail(out, "no");
  EXPECT_EQ(out,
            "d\0\0\0\x08"
            "1\tx\nf\0\0\0\7no\0"s);
}

TEST(Messages, RowsOfTag) {
  const std::pair<const char*, std::optional<std::uint64_t>> table[] = {
      {"INSERT 0 5", 5}, {"SELECT 0", 0}, {"UPDATE 18446744073709551615", 18446744073709551615U},
      {"COPY 7", 7},     {"BEGIN", {}},   {"CREATE TABLE", {}},
      {"", {}},          {" ", {}},       {"DELETE 18446744073709551616", {}},
      {"FETCH -1", {}},  {"MOVE 1x", {}}, {"5", {}},
  };
  for (const auto& [tag, rows] : table) EXPECT_EQ(rows_of_tag(tag), rows) << tag;
}

}  // namespace
}  // namespace shardway::protocol::postgres
