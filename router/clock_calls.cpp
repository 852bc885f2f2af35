#include "router/clock_calls.hpp"

#include <algorithm>
#include <iterator>

#include "router/planner.hpp"

namespace shardway::router {

namespace {

struct Clock {
  std::string_view name, type;
};
constexpr Clock kClocks[] = {{"now", ""},
                             {"transaction_timestamp", ""},
                             {"current_timestamp", "timestamptz"},
                             {"current_date", "date"},
                             {"current_time", "timetz"},
                             {"localtime", "time"},
                             {"localtimestamp", "timestamp"}};

const Clock* clock_named(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kClocks), std::end(kClocks), [&](const Clock& c) { return c.name == name; });
  return found == std::end(kClocks) ? nullptr : found;
}

bool begins_call(std::string_view expression, const Token& token) {
  if (token.kind != TokenKind::kWord) return false;
  const auto* clock = clock_named(lower_case(expression.substr(token.begin, token.end - token.begin)));
  if (clock == nullptr) return false;
  const bool is_function = clock->type.empty();
  return !is_function || expression.substr(token.end, 1) == "(";
}

}  // namespace

ClockCall read_clock_call(StatementLexer& lexer, std::string_view text, Token& token) {
  const auto is = [&](char symbol) { return token.kind == TokenKind::kSymbol && text[token.begin] == symbol; };
  const auto words = [&] { return text.substr(token.begin, token.end - token.begin); };
  ClockCall call;
  const auto name = [&] { return token.kind == TokenKind::kQuoted ? unquote_name(words()) : lower_case(words()); };
  call.name = name();
  call.end = token.end;
  for (token = lexer.next(); is('.'); token = lexer.next()) {
    token = lexer.next();
    call.name = name();
    call.end = token.end;
  }
  if (!is('(')) return call;
  token = lexer.next();
  if (!is(')')) {
    call.precision = "(" + std::string(words()) + ")";
    token = lexer.next();
  }
  call.end = token.end;
  token = lexer.next();
  return call;
}

std::string clock_literal(const ClockCall& call, std::string_view now, bool named) {
  const auto* clock = clock_named(call.name);
  const auto type = clock == nullptr ? std::string_view() : clock->type;
  std::string value(now);
  if (!type.empty() && (type != "timestamptz" || !call.precision.empty()))
    value = "(" + value + ")::" + std::string(type) + call.precision;
  return named ? "(SELECT " + value + " AS \"" + call.name + "\")" : "(" + value + ")";
}

bool calls_clock(std::string_view expression) {
  StatementLexer lexer(expression, true);
  for (auto token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next())
    if (begins_call(expression, token)) return true;
  return false;
}

bool names_clock(std::string_view expression) {
  StatementLexer lexer(expression, true);
  for (auto token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next())
    if (token.kind == TokenKind::kString && may_read_the_clock(expression.substr(token.begin, token.end - token.begin)))
      return true;
  return false;
}

std::string with_clock(std::string_view expression, std::string_view now) {
  std::string out;
  StatementLexer lexer(expression, true);
  std::uint32_t copied = 0;
  for (auto token = lexer.next(); token.kind != TokenKind::kEnd;) {
    if (!begins_call(expression, token)) {
      token = lexer.next();
      continue;
    }
    out += expression.substr(copied, token.begin - copied);
    const auto call = read_clock_call(lexer, expression, token);
    out += clock_literal(call, now, false);
    copied = call.end;
  }
  out += expression.substr(copied);
  return out;
}

}  // namespace shardway::router
