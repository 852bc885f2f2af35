#include <algorithm>
#include <array>

#include "proxy/config/entries.hpp"
#include "proxy/config/keys.hpp"

namespace shardway::proxy::config {
namespace {

struct Later {
  std::string_view key, hint;
};
constexpr std::array<Later, 2> kLater{
    {{"auth_query", "auth_query belongs to a later version: list the users as [[user]], a SCRAM verifier is enough"},
     {"pins", "a table of pinned keys belongs to a later version: steer with the comment /* shardway: shard=… */"}}};

// The sections that know `key`, or are called so: "[database.pool]".
std::vector<std::string> homes_of(std::string_view key) {
  std::vector<std::string> out;
  const auto add = [&out](std::string_view section) {
    const std::string home = "[" + std::string(section) + "]";
    if (!section.empty() && std::find(out.begin(), out.end(), home) == out.end()) out.push_back(home);
  };
  for (const Entry& entry : describe_keys()) {
    const std::string_view path = entry.key;
    const std::string_view section = path.substr(0, path.rfind('.'));
    if (path.substr(section.size() + 1) == key) add(section);
    if (section.substr(section.rfind('.') + 1) == key) add(section);
  }
  return out;
}

std::string hint_for(std::string_view key, const std::vector<std::string_view>& known) {
  for (const Later& later : kLater)
    if (later.key == key) return std::string(later.hint);
  if (const std::string_view near = nearest(key, known); !near.empty()) return "did you mean " + quote(near) + "?";
  const std::vector<std::string> homes = homes_of(key);
  if (homes.empty()) return "known here: " + one_of(known);
  return "it belongs into " + one_of({homes.begin(), homes.end()});
}

}  // namespace

void report_unknown(const Member& member, const std::vector<std::string_view>& known, const Scope& scope) {
  const std::string what = "unknown key " + quote(member.key);
  scope.report.error(member.at, scope.path.empty() ? what : scope.path + ": " + what, hint_for(member.key, known));
}

}  // namespace shardway::proxy::config
