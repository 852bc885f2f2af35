#include "proxy/mysql/server_version.hpp"

#include <charconv>

namespace shardway::proxy::mysql {

bool is_mariadb(std::string_view version) noexcept {
  return version.empty() || version.find("MariaDB") != std::string_view::npos;
}

std::uint32_t number_of(std::string_view version) noexcept {
  constexpr std::string_view kDisguise = "5.5.5-";
  if (version.starts_with(kDisguise)) version.remove_prefix(kDisguise.size());
  std::uint32_t number = 0;
  for (int part = 0; part < 3; ++part) {
    std::uint32_t value = 0;
    const auto read = std::from_chars(version.data(), version.data() + version.size(), value);
    number = number * 100 + value;
    version.remove_prefix(static_cast<std::size_t>(read.ptr - version.data()));
    if (!version.empty() && version.front() == '.') version.remove_prefix(1);
  }
  return number;
}

bool has_extended_metadata(std::string_view version) noexcept {
  constexpr std::uint32_t kFirst = 100'502;
  return is_mariadb(version) && (version.empty() || number_of(version) >= kFirst);
}

}  // namespace shardway::proxy::mysql
