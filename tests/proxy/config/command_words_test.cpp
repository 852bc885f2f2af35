#include "proxy/config/command_words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shardway::proxy::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(CommandWords, AreCutAsAShellWould) {
  EXPECT_THAT(*split_command("pg_ctl stop -D /data -m fast"),
              ElementsAre("pg_ctl", "stop", "-D", "/data", "-m", "fast"));
  EXPECT_THAT(*split_command("  sh -c 'echo \"$1\"; \\n' sh \"a b\"''c\t"),
              ElementsAre("sh", "-c", "echo \"$1\"; \\n", "sh", "a bc"));
  EXPECT_THAT(*split_command("a\\ b \"\\\"\" ''"), ElementsAre("a b", "\"", ""));
  EXPECT_THAT(*split_command(" \n"), IsEmpty());
  EXPECT_FALSE(split_command("echo 'x"));
  EXPECT_FALSE(split_command("echo \"x"));
}

// Nothing that is put in can become a second word, a second command or another placeholder.
TEST(CommandWords, WhatIsPutInStaysInItsWord) {
  const Placeholders values{{"host", "a b; rm -rf / $(x) '\" {port}"}, {"port", "5432"}};
  EXPECT_THAT(fill_in({"ssh", "{host}", "{host}:{port}", "{}", "{ho st}", "{other}"}, values),
              ElementsAre("ssh", "a b; rm -rf / $(x) '\" {port}", "a b; rm -rf / $(x) '\" {port}:5432", "{}", "{ho st}",
                          "{other}"));
}

TEST(CommandWords, UnknownPlaceholders) {
  EXPECT_EQ(unknown_placeholder("x {host} {prot}", {"host", "port"}), "prot");
  EXPECT_EQ(unknown_placeholder("awk '{print $1}' {} {host}", {"host", "port"}), "");
}

}  // namespace
}  // namespace shardway::proxy::config
