// Version: the program's own, as SHOW VERSION, shardway_build_info and the command line print it. It is the one in
// CMakeLists.txt; a test compares the two.
#pragma once

#include <string_view>

namespace shardway::proxy::admin {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace shardway::proxy::admin
