// Log: one line per event, `event=NAME key=value …` as text or in a JSON object; written by spdlog, from any thread.
#pragma once

#include <fmt/core.h>

#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace shardway::proxy {

namespace config {
struct Config;
}

// Opens the file, or throws std::runtime_error; from the call of what it returns on, lines are written as `config`
// says.
std::function<void()> prepare_log(const config::Config& config);
// The file by its name, in place of the one that was renamed.
void reopen_log();

namespace log {

enum class Level { kDebug, kInfo, kWarn, kError };

// Nothing more is written.
void silence();

void write_line(Level level, fmt::string_view format, fmt::format_args values);
bool is_written(Level level);

// A text as it may stand between quotes: what a client calls itself is no key of the line.
std::string inside_quotes(std::string_view text);
template <typename Value>
decltype(auto) shown(const Value& value) {
  if constexpr (std::is_convertible_v<const Value&, std::string_view>)
    return inside_quotes(value);
  else
    return (value);
}

// The values are formatted only if the level is written. Not a template of spdlog: that would bring the whole of {fmt}
// into every file that logs.
template <typename... Values>
void write(Level level, fmt::format_string<Values...> format, Values&&... values) {
  if (is_written(level)) write_line(level, format, fmt::make_format_args(shown(values)...));
}
template <typename... Values>
void debug(fmt::format_string<Values...> format, Values&&... values) {
  write<Values...>(Level::kDebug, format, std::forward<Values>(values)...);
}
template <typename... Values>
void info(fmt::format_string<Values...> format, Values&&... values) {
  write<Values...>(Level::kInfo, format, std::forward<Values>(values)...);
}
template <typename... Values>
void warn(fmt::format_string<Values...> format, Values&&... values) {
  write<Values...>(Level::kWarn, format, std::forward<Values>(values)...);
}
template <typename... Values>
void error(fmt::format_string<Values...> format, Values&&... values) {
  write<Values...>(Level::kError, format, std::forward<Values>(values)...);
}

}  // namespace log
}  // namespace shardway::proxy
