// What loading a text reports, as `shardway check` prints it, one string a problem; for tables of bad configurations.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/config.hpp"

namespace shardway::proxy::config {

inline std::vector<std::string> problems(std::string_view text) {
  std::vector<std::string> out;
  for (const Diagnostic& d : load_text("f", text).diagnostics) out.push_back(format(d));
  return out;
}

struct Case {
  const char* name;
  std::string text;
  std::vector<std::string> expected;  // "f:LINE:COL: error: …\n  hint: …"
};

inline std::string name_of_case(const testing::TestParamInfo<Case>& each) { return each.param.name; }

// Lines 1 and 2 of a case: what every configuration needs, so that the case itself shows only what it is about.
inline const std::string kDoor = R"(listen = [{ address = "127.0.0.1:6432" }]
user = [{ name = "app", password = "secret" }]
)";
// Lines 1 to 3.
inline const std::string kHouse = kDoor + R"(database = [{ name = "shop", shard = [{ name = "a", nodes = ["h:1"] }] }]
)";

}  // namespace shardway::proxy::config
