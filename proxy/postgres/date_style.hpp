// DateStyle is two settings in one: how dates are written, and in which order day and month are read. A value may name
// one of them only; the other one stays as it was. So a session's value is the sum of all that it was set to.
// https://www.postgresql.org/docs/15/datatype-datetime.html#DATATYPE-DATETIME-OUTPUT
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace shardway::proxy::postgres {

struct DateStyle {
  std::string style, order;  // "ISO", "DMY"; empty: not said
  bool is_whole() const noexcept { return !style.empty() && !order.empty(); }
  std::string text() const { return style + (is_whole() ? ", " : "") + order; }
};

// Of a value as SQL or a startup message gives it: `'SQL, DMY'`, `iso, 'mdy'`. nullopt: not known.
std::optional<DateStyle> read_date_style(std::string_view value);
// What is in force when `next` is set behind `before`.
DateStyle behind(const DateStyle& before, const DateStyle& next);

}  // namespace shardway::proxy::postgres
