#include "proxy/postgres/date_style.hpp"

#include <cctype>

namespace shardway::proxy::postgres {

namespace {

bool is_word(unsigned char c) noexcept { return std::isalnum(c) != 0; }

// One word of the value, in lower case. As the server reads them: POSTGRES, EURO and NONEURO by their beginnings.
bool add_word(const std::string& word, DateStyle& into) {
  std::string style, order;
  if (word == "iso") style = "ISO";
  if (word == "sql") style = "SQL";
  if (word.starts_with("postgres")) style = "Postgres";
  if (word == "german") style = "German";
  if (word == "ymd") order = "YMD";
  if (word == "dmy" || word.starts_with("euro")) order = "DMY";
  if (word == "mdy" || word == "us" || word.starts_with("noneuro")) order = "MDY";
  if (style.empty() == order.empty()) return false;
  if (!style.empty()) into.style = style;
  if (!order.empty()) into.order = order;
  return true;
}

}  // namespace

std::optional<DateStyle> read_date_style(std::string_view value) {
  DateStyle read;
  for (std::size_t at = 0; at < value.size();) {
    std::string word;
    while (at < value.size() && is_word(static_cast<unsigned char>(value[at])))
      word.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(value[at++]))));
    if (!word.empty() && !add_word(word, read)) return std::nullopt;
    if (word.empty() && std::string_view(" \t\n\r,'\"").find(value[at++]) == std::string_view::npos)
      return std::nullopt;
  }
  if (read.style == "German" && read.order.empty()) read.order = "DMY";
  return read.style.empty() && read.order.empty() ? std::nullopt : std::optional(read);
}

DateStyle behind(const DateStyle& before, const DateStyle& next) {
  return {next.style.empty() ? before.style : next.style, next.order.empty() ? before.order : next.order};
}

}  // namespace shardway::proxy::postgres
