// Lines "name=value" as a session's SETs, one after the other: what a connection is told leads from any of them to any
// other one, and DateStyle, of which a value may say a part, is whole once both parts were said.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "proxy/postgres/date_style.hpp"
#include "proxy/postgres/settings.hpp"

namespace {

using namespace shardway::proxy::postgres;

void demand(bool holds) {
  if (!holds) std::abort();
}

void check_date_style(std::string_view value) {
  const auto read = read_date_style(value);
  if (!read) return;
  demand(!read->style.empty() || !read->order.empty());
  const auto again = read_date_style(read->text());
  demand(again && again->style == read->style && !again->order.empty() == !read->order.empty());
  demand(behind(DateStyle{"ISO", "YMD"}, *read).is_whole());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::vector<Settings> states(1);
  while (!rest.empty() && states.size() < 16) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const auto equals = line.find('=');
    if (equals == 0 || equals == std::string_view::npos) continue;
    const auto value = line.substr(equals + 1);
    check_date_style(value);
    auto next = states.back();
    next.put(Settings::from_startup(line.substr(0, equals), value));
    states.push_back(std::move(next));
  }
  for (const auto& from : states)
    for (const auto& to : states) demand((from == to) == difference(from, to).empty());
  return 0;
}
