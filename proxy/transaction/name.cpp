#include "proxy/transaction/name.hpp"

#include <charconv>
#include <random>

namespace shardway::proxy::transaction {

namespace {

constexpr std::string_view kProgram = "shardway:";

// The text up to the next colon, which is taken off; nullopt: there is none.
std::optional<std::string_view> next_field(std::string_view& rest) {
  const auto colon = rest.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto field = rest.substr(0, colon);
  rest.remove_prefix(colon + 1);
  return field;
}

std::string draw_incarnation() {
  constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
  std::random_device random;
  std::string drawn;
  for (int i = 0; i < 16; ++i) drawn.push_back(kDigits[random() % kDigits.size()]);
  return drawn;
}

}  // namespace

const std::string& incarnation() {
  static const std::string drawn = draw_incarnation();
  return drawn;
}

std::string Name::text() const { return cluster + ':' + incarnation + ':' + std::to_string(number) + ':' + agent; }

std::string Name::gid(std::size_t shard) const {
  return gid_prefix(cluster) + incarnation + ':' + std::to_string(number) + ':' + std::to_string(shard) + ':' + agent;
}

std::string scoped(std::string_view cluster, std::string_view database) {
  std::string scope(cluster);
  scope += '/';
  for (const char c : database) {
    if (c == ':' || c == '%')
      scope += c == ':' ? "%3A" : "%25";
    else
      scope += c;
  }
  return scope;
}

std::string gid_prefix(std::string_view cluster) { return std::string(kProgram) + std::string(cluster) + ':'; }

std::optional<Name> parse_gid(std::string_view gid) {
  if (!gid.starts_with(kProgram)) return std::nullopt;
  auto rest = gid.substr(kProgram.size());
  const auto cluster = next_field(rest), incarnation = next_field(rest), number = next_field(rest);
  if (!cluster || !incarnation || !number || !next_field(rest)) return std::nullopt;
  Name name{std::string(*cluster), std::string(*incarnation), 0, std::string(rest)};
  const auto read = std::from_chars(number->data(), number->data() + number->size(), name.number);
  if (read.ec != std::errc() || read.ptr != number->data() + number->size()) return std::nullopt;
  return name;
}

}  // namespace shardway::proxy::transaction
