#include <algorithm>

#include "router/language.hpp"
#include "router/planner.hpp"
#include "router/rules.hpp"
#include "router/statement_lexer.hpp"

namespace shardway::router {

namespace {

constexpr std::size_t kLongestDate = 64;

// The words the date types read as the clock's: https://www.postgresql.org/docs/15/datatype-datetime.html
constexpr std::string_view kClockWords[] = {"now", "today", "tomorrow", "yesterday"};

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// With a time and a zone at most: 'today 10:00 Europe/Berlin', but not 'today we went out'.
constexpr int kMostWords = 3;

int words_in(std::string_view text) {
  int words = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    words += is_letter(text[i]) && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t' || text[i - 1] == '\n');
  return words;
}

bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

// In lower case and with one space for several, as far as a date goes; empty if it goes on.
std::string short_form(std::string_view text) {
  std::string form;
  for (const char c : text) {
    if (is_space(c) && (form.empty() || form.back() == ' ')) continue;
    if (form.size() == kLongestDate) return {};
    form += is_space(c) ? ' ' : c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  return form;
}

bool is_clock_word(std::string_view text) {
  const auto form = short_form(text);
  if (words_in(form) > kMostWords) return false;
  const auto letter = [&](std::size_t i) { return i < form.size() && is_letter(form[i]); };
  const bool has_parts = form.find_first_of("{}[]()\"=") != std::string::npos;  // looked at one by one
  for (const auto word : kClockWords)
    for (auto at = form.find(word); at != std::string::npos; at = form.find(word, at + 1))
      if ((at == 0 || (!letter(at - 1) && (!has_parts || at + word.size() == form.size()))) &&
          !letter(at + word.size()))
        return true;
  return false;
}

// A date by itself, or in the text of an array, a range or a row: '{now}', '[today,tomorrow)', '(now,1)'. With a quoted
// name before a colon it is JSON.
bool names_the_clock(std::string text) {
  if (is_clock_word(text)) return true;
  const auto first = text.find_first_not_of(" \t\n\r\f\v");
  if (first == std::string::npos || std::string_view("{[(").find(text[first]) == std::string_view::npos) return false;
  text.erase(std::remove(text.begin(), text.end(), '\\'), text.end());
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find_first_of("{}[](),\"=", begin), text.size());
    const auto next = end < text.size() && text[end] == '"' ? text.find_first_not_of(" \t\n\r\f\v", end + 1) : end;
    if (next < text.size() && text[next] == ':') return false;
    if (is_clock_word(std::string_view(text).substr(begin, end - begin))) return true;
    begin = end + 1;
  }
  return false;
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
  if (c.values.parameters != nullptr)
    for (const auto& parameter : *c.values.parameters)
      if (parameter.value && !parameter.binary && names_the_clock(std::string(*parameter.value))) return true;
  return false;
}

}  // namespace shardway::router
