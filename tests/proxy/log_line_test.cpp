#include "proxy/log_line.hpp"

#include <gtest/gtest.h>

namespace shardway::proxy::log {
namespace {

std::string fields(std::string_view line) {
  std::string out;
  append_fields(out, line);
  return out;
}

std::string text(std::string_view line) {
  std::string out;
  append_text(out, line);
  return out;
}

TEST(LogLine, FieldsOfAnEvent) {
  EXPECT_EQ(fields("event=stopped"), R"("event":"stopped")");
  EXPECT_EQ(fields("event=login client=2 user=\"app\" tls=false"),
            R"("event":"login","client":"2","user":"app","tls":"false")");
  EXPECT_EQ(fields("event=x gtx=\"\" why=\"a b=c\""), R"("event":"x","gtx":"","why":"a b=c")");
}

TEST(LogLine, NamesWithSpaces) {
  EXPECT_EQ(fields("event=reloaded file=/a folder/b=c d.toml"), R"("event":"reloaded","file":"/a folder/b=c d.toml")");
  EXPECT_EQ(fields("event=role database=my shop shard=a"), R"("event":"role","database":"my shop","shard":"a")");
}

TEST(LogLine, NoEvent) {
  EXPECT_EQ(fields("http: a \"b\\\"\n"), R"("message":"http: a \"b\\\"\n")");
  EXPECT_EQ(fields(""), R"("message":"")");
}

TEST(LogLine, AnyBytes) {
  EXPECT_EQ(fields("event=x user=\"a\\\" b=\\\"\\\\\" c=d"), R"("event":"x","user":"a\" b=\"\\","c":"d")");
  EXPECT_EQ(fields("event=x user=\"\x01\x7f\t\""), R"("event":"x","user":"\u0001\u007f\u0009")");
  EXPECT_EQ(fields("event=x user=\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x98\""),
            "\"event\":\"x\",\"user\":\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x98\"");
  EXPECT_EQ(fields("event=x user=\"\xe9 \xc3\""), R"("event":"x","user":"\u00e9 \u00c3")");
  EXPECT_EQ(fields("event=x user=\"\xed\xa0\x80\xc0\x80\xf4\x90\x80\x80\""),
            R"("event":"x","user":"\u00ed\u00a0\u0080\u00c0\u0080\u00f4\u0090\u0080\u0080")");
  EXPECT_EQ(fields("event=x user=\"open"), R"("event":"x","user":"open")");
  EXPECT_EQ(fields("event=x user=\"open\\"), R"("event":"x","user":"open\\")");
}

TEST(LogLine, TextOnOneLine) { EXPECT_EQ(text("a\nb\x01\x7f\xff"), "a\\nb\\x01\\x7f\xff"); }

}  // namespace
}  // namespace shardway::proxy::log
