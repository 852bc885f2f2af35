#include <algorithm>

#include "proxy/config/report.hpp"
#include "proxy/config/words.hpp"

namespace shardway::proxy::config {
namespace {

constexpr std::size_t kLongestSocketPath = 107;  // sockaddr_un::sun_path with its final NUL
constexpr std::size_t kLongestHost = 253;
constexpr char kForms[] = R"(write "host:port", "127.0.0.1:5432", "[::1]:5432" or "unix:/path/of/the/socket")";

bool is_host_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}
bool is_ipv6_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.' || c == '%';
}
bool all_of(std::string_view text, bool (*is)(char)) { return std::all_of(text.begin(), text.end(), is); }

Wrong malformed(std::string_view text, std::string hint = kForms) {
  return {quote(text) + " is not an address", std::move(hint)};
}

std::variant<Address, Wrong> unix_address(std::string_view text) {
  const std::string_view path = text.substr(std::string_view("unix:").size());
  if (path.empty() || path.front() != '/') return malformed(text, "the path of a Unix socket begins with /");
  if (path.size() > kLongestSocketPath)
    return malformed(text, "the path of a Unix socket has at most 107 bytes; use a shorter folder");
  return Address{std::string(path), 0, true, std::string(text)};
}

}  // namespace

std::variant<Address, Wrong> parse_address(std::string_view text) {
  if (text.starts_with("unix:")) return unix_address(text);
  if (text.starts_with('/')) return malformed(text, "for a Unix socket write \"unix:" + std::string(text) + "\"");
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed(text);
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos || !all_of(host, is_ipv6_byte)) return malformed(text);
  } else if (host.find(':') != std::string_view::npos) {
    return malformed(text, "an IPv6 address stands in brackets: \"[::1]:5432\"");
  }
  if (host.empty() || host.size() > kLongestHost) return malformed(text);
  if (host.find(':') == std::string_view::npos && !all_of(host, is_host_byte)) return malformed(text);
  const auto port = parse_number(text.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535) return malformed(text, "a port is a number from 1 to 65535");
  return Address{std::string(host), static_cast<std::uint16_t>(*port), false, std::string(text)};
}

bool is_loopback(const Address& address) {
  if (address.is_unix || address.host == "localhost" || address.host == "::1") return true;
  const bool numeric = all_of(address.host, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
  return numeric && address.host.starts_with("127.");
}

}  // namespace shardway::proxy::config
