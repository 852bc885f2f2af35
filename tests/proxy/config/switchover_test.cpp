#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "problems.hpp"

namespace shardway::proxy::config {
namespace {

using testing::ElementsAreArray;
using testing::IsEmpty;

// The section begins on line 8.
std::string with(const std::string& keys, const std::string& protocol = "postgresql") {
  return kDoor + "[[database]]\nname = \"d\"\nprotocol = \"" + protocol +
         "\"\nshard = [{ name = \"a\", nodes = [\"h:1\"] }]\n\n[database.switchover]\n" + keys;
}

class RefusedSwitchover : public testing::TestWithParam<Case> {};

TEST_P(RefusedSwitchover, IsSaidWithPlaceAndHint) {
  EXPECT_THAT(problems(GetParam().text), ElementsAreArray(GetParam().expected));
}

const std::vector<Case> kCases{
    {"StopAlone",
     with("stop = \"x\"\n"),
     {"f:8:1: error: [database.switchover] lacks rejoin and start\n  hint: give stop, rejoin and start, or none of "
      "them: then the old primary is left for an operator"}},
    {"OpenQuote",
     with("promote = \"x 'y\"\n"),
     {"f:9:11: error: database.switchover.promote: a quote is not closed\n  hint: quotes only say where a word ends: "
      "no "
      "shell reads it"}},
    {"NoProgram",
     with("promote = \" \"\n"),
     {"f:9:11: error: database.switchover.promote: names no program\n  hint: leave it out, or name one"}},
    {"UnknownPlaceholder",
     with("promote = \"x {newhost}\"\n"),
     {"f:9:11: error: database.switchover.promote: {newhost} stands for nothing\n  hint: one of host, port, new_host "
      "or "
      "new_port"}},
    {"BesideTheCommandThatDoesAll",
     with("command = \"x {port}\"\npromote = \"y\"\n"),
     {"f:10:11: error: \"promote\" has no use beside \"command\", which does it all\n  hint: leave one of them out"}},
    {"OfMysql",
     with("replication_user = \"r\"\n"),
     {"f:9:20: error: \"replication_user\" is for protocol = \"mysql\"\n  hint: leave it out"}},
};
INSTANTIATE_TEST_SUITE_P(Switchover, RefusedSwitchover, testing::ValuesIn(kCases), name_of_case);

TEST(ConfigSwitchover, Commands) {
  const auto loaded = load_text("f", with("stop = \"stop {port}\"\nrejoin = \"r {new_host}\"\nstart = \"s\"\n"));
  EXPECT_THAT(loaded.diagnostics, IsEmpty());
  ASSERT_NE(loaded.config, nullptr);
  EXPECT_EQ(loaded.config->databases[0].switchover.stop, "stop {port}");
  EXPECT_EQ(loaded.config->databases[0].switchover.timeout, Milliseconds(10'000));
}

}  // namespace
}  // namespace shardway::proxy::config
