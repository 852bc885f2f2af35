// Log: one line per event, `event=NAME key=value …` as text or in a JSON object; written by spdlog, from any thread.
#pragma once

#include <fmt/core.h>

#include <string_view>

namespace shardway::proxy {

namespace config {
struct Config;
}

// Throws std::runtime_error if the file cannot be opened.
void set_up_log(const config::Config& config);

namespace log {

enum class Level { kDebug, kInfo, kWarn, kError };

// Nothing more is written.
void silence();

void write_line(Level level, fmt::string_view format, fmt::format_args values);

// The values are formatted only if the level is written. Not a template of spdlog: that would bring the whole of {fmt}
// into every file that logs.
template <typename... Values>
void write(Level level, fmt::format_string<Values...> format, Values&&... values) {
  write_line(level, format, fmt::make_format_args(values...));
}
template <typename... Values>
void debug(fmt::format_string<Values...> format, Values&&... values) {
  write_line(Level::kDebug, format, fmt::make_format_args(values...));
}
template <typename... Values>
void info(fmt::format_string<Values...> format, Values&&... values) {
  write_line(Level::kInfo, format, fmt::make_format_args(values...));
}
template <typename... Values>
void warn(fmt::format_string<Values...> format, Values&&... values) {
  write_line(Level::kWarn, format, fmt::make_format_args(values...));
}
template <typename... Values>
void error(fmt::format_string<Values...> format, Values&&... values) {
  write_line(Level::kError, format, fmt::make_format_args(values...));
}

}  // namespace log
}  // namespace shardway::proxy
