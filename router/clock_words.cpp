#include <algorithm>
#include <iterator>

#include "protocol/common/bytes.hpp"
#include "router/language.hpp"
#include "router/planner.hpp"
#include "router/rules.hpp"
#include "router/statement_lexer.hpp"

namespace shardway::router {

namespace {

// The words the date types read as the clock's: https://www.postgresql.org/docs/15/datatype-datetime.html
constexpr std::string_view kClockWords[] = {"now", "today", "tomorrow", "yesterday"};

// Others that may stand beside them, in any number: https://www.postgresql.org/docs/15/datetime-appendix.html
constexpr std::string_view kDateWords[] = {
    "on",        "at",    "am",       "pm",      "ad",       "bc",   "z",         "zulu",   "utc",    "dst",
    "allballs",  "epoch", "infinity", "jan",     "january",  "feb",  "february",  "mar",    "march",  "apr",
    "april",     "may",   "jun",      "june",    "jul",      "july", "aug",       "august", "sep",    "sept",
    "september", "oct",   "october",  "nov",     "november", "dec",  "december",  "sun",    "sunday", "mon",
    "monday",    "tue",   "tues",     "tuesday", "wed",      "weds", "wednesday", "thu",    "thur",   "thurs",
    "thursday",  "fri",   "friday",   "sat",     "saturday", "d",    "dow",       "doy",    "h",      "isodow",
    "isoyear",   "j",     "jd",       "julian",  "m",        "mm",   "s",         "t",      "y"};

constexpr const char* kBlanks = " \t\n\r\f\v";

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

template <std::size_t N>
bool is_one_of(const std::string_view (&words)[N], std::string_view word) noexcept {
  return std::any_of(std::begin(words), std::end(words), [&](auto one) { return equals_word(word, one); });
}

// Of a word that may be a time zone's name: Europe/Berlin, EST5EDT, Etc/GMT+1.
std::size_t end_of_zone(std::string_view text, std::size_t at) noexcept {
  if (at == text.size() || (!is_digit(text[at]) && std::string_view("-/.+").find(text[at]) == std::string_view::npos))
    return at;
  while (at < text.size() && (is_letter(text[at]) || is_digit(text[at]) ||
                              std::string_view("+-/_.:").find(text[at]) != std::string_view::npos))
    ++at;
  return at;
}

// A date has one word that is not known, its time zone: 'today 10:00 Europe/Berlin', but not 'today we went out'. What
// is no letter parts the words.
bool is_clock_phrase(std::string_view text) noexcept {
  bool found = false, has_zone = false;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_letter(text[at])) {
      ++at;
      continue;
    }
    const auto begin = at;
    while (at < text.size() && is_letter(text[at])) ++at;
    const auto word = text.substr(begin, at - begin);
    if (is_one_of(kClockWords, word)) {
      found = true;
    } else if (!is_one_of(kDateWords, word)) {
      if (has_zone) return false;
      has_zone = true;
      at = end_of_zone(text, at);
    }
  }
  return found;
}

bool any_part_is(std::string_view text) {
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find_first_of("{}[](),\"=", begin), text.size());
    if (is_clock_phrase(text.substr(begin, end - begin))) return true;
    begin = end + 1;
  }
  return false;
}

// {"name": …}, [{"name": …}]: a quoted name before a colon.
bool is_json(std::string_view text) {
  for (auto quote = text.find('"'); quote != std::string_view::npos; quote = text.find('"', quote + 1))
    if (const auto next = text.find_first_not_of(kBlanks, quote + 1); next < text.size() && text[next] == ':')
      return true;
  return false;
}

// A date by itself, or in the text of an array, a range or a row: '{now}', '[today,tomorrow)', '(now,1)', in which
// quotes may stand anywhere.
bool names_the_clock(std::string text) {
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string::npos || std::string_view("{[(").find(text[first]) == std::string_view::npos)
    return is_clock_phrase(text);
  std::erase(text, '\\');
  if (text[first] != '(' && is_json(text)) return false;
  if (any_part_is(text)) return true;
  std::erase(text, '"');
  return any_part_is(text);
}

// PostgreSQL's own, and arrays of them; 0: the server infers it. A user's type may be one, too.
bool may_be_text(std::uint32_t type) noexcept {
  constexpr std::uint32_t kFirstOwnType = 16384;
  constexpr std::uint32_t kTexts[] = {0, 18, 19, 25, 705, 1042, 1043, 1002, 1003, 1009, 1014, 1015, 1263};
  return type >= kFirstOwnType || std::find(std::begin(kTexts), std::end(kTexts), type) != std::end(kTexts);
}

// Dimensions, whether there are NULLs, the elements' type; each dimension's size and first index; the elements.
bool array_names_the_clock(std::string_view bytes) {
  protocol::Reader reader(bytes);
  const auto dimensions = reader.u32(), nulls = reader.u32(), type = reader.u32();
  if (!dimensions || *dimensions > 6 || !nulls || *nulls > 1 || !type || !may_be_text(*type)) return false;
  for (std::uint32_t i = 0; i < 2 * *dimensions; ++i)
    if (!reader.u32()) return false;
  while (const auto length = reader.u32()) {
    if (*length == 0xffffffffU) continue;
    const auto value = reader.bytes(*length);
    if (!value) return false;
    if (names_the_clock(std::string(*value))) return true;
  }
  return false;
}

// Text is the same in both formats; what has zeros in it is none.
bool names_the_clock(const ParameterValue& parameter, std::uint32_t type) {
  if (!parameter.value || (parameter.binary && !may_be_text(type))) return false;
  if (parameter.binary && parameter.value->find('\0') != std::string_view::npos)
    return array_names_the_clock(*parameter.value);
  return names_the_clock(std::string(*parameter.value));
}

}  // namespace

bool may_read_the_clock(std::string_view value) {
  std::string lower(value);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  for (const auto word : kClockWords) {
    for (auto at = lower.find(word); at != std::string::npos; at = lower.find(word, at + 1)) {
      const auto end = at + word.size();
      if ((at == 0 || !is_letter(lower[at - 1])) && (end == lower.size() || !is_letter(lower[end]))) return true;
    }
  }
  return false;
}

bool reads_the_clock(const Case& c) {
  if (!c.topology.language->clock_words) return false;
  if (c.values.literals != nullptr)
    for (const auto& literal : *c.values.literals)
      if (literal.is_string &&
          names_the_clock(unquote(literal.source, c.session.standard_conforming_strings).value_or("now")))
        return true;
  const auto* types = c.values.parameter_types;
  if (const auto* parameters = c.values.parameters)
    for (std::size_t i = 0; i < parameters->size(); ++i)
      if (names_the_clock((*parameters)[i], types != nullptr && i < types->size() ? (*types)[i] : 0)) return true;
  return false;
}

}  // namespace shardway::router
