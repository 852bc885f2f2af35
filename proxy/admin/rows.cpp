#include "proxy/admin/rows.hpp"

#include <fmt/chrono.h>
#include <fmt/core.h>

#include <ctime>

namespace shardway::proxy::admin {

Cell time_cell(std::int64_t unix_seconds) {
  if (unix_seconds == 0) return std::nullopt;
  const std::time_t seconds = unix_seconds;
  std::tm utc{};
  if (gmtime_r(&seconds, &utc) == nullptr) return std::nullopt;
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", utc);
}

std::string seconds_text(std::chrono::milliseconds time) {
  const auto ms = time.count();
  return ms % 1000 == 0 ? fmt::format("{}", ms / 1000) : fmt::format("{:g}", static_cast<double>(ms) / 1000);
}

}  // namespace shardway::proxy::admin
