#include <algorithm>

#include "router/language.hpp"
#include "router/rules.hpp"
#include "router/statement_lexer.hpp"

namespace shardway::router {

namespace {

// https://www.postgresql.org/docs/15/functions-datetime.html#FUNCTIONS-DATETIME-CURRENT
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

std::string lower_case(std::string_view word) {
  std::string lower;
  for (const char c : word) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return lower;
}

// A call as it stands in the text: pg_catalog.now(), CURRENT_TIME (3).
struct Call {
  std::string name, precision;  // lower case; " (3)" or nothing
  std::uint32_t end = 0;        // behind it
};

// `token` is its first one, and then the one behind it.
Call read_call(StatementLexer& lexer, std::string_view text, Token& token) {
  const auto is = [&](char symbol) { return token.kind == TokenKind::kSymbol && text[token.begin] == symbol; };
  const auto words = [&] { return text.substr(token.begin, token.end - token.begin); };
  Call call;
  auto name = words();
  call.end = token.end;
  for (token = lexer.next(); is('.'); token = lexer.next()) {
    token = lexer.next();
    name = words();
    call.end = token.end;
  }
  call.name = lower_case(name.front() == '"' ? name.substr(1, name.size() - 2) : name);
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

// What stands in its place: of the same type, and if `named`, giving a result column the same name.
std::string written(const Call& call, std::string_view now, bool named) {
  const auto* clock =
      std::find_if(std::begin(kClocks), std::end(kClocks), [&](const Clock& c) { return c.name == call.name; });
  const auto type = clock == std::end(kClocks) ? std::string_view() : clock->type;
  std::string value(now);
  if (!type.empty() && (type != "timestamptz" || !call.precision.empty()))
    value = "(" + value + ")::" + std::string(type) + call.precision;
  return named ? "(SELECT " + value + " AS \"" + call.name + "\")" : "(" + value + ")";
}

std::string with_now(const Case& c) {
  const auto& calls = c.statement.now_calls;
  std::string out;
  StatementLexer lexer(c.text, c.session.standard_conforming_strings);
  std::uint32_t number = 0, copied = 0;
  auto token = lexer.next();
  while (token.kind == TokenKind::kSymbol && c.text[token.begin] == ';') token = lexer.next();
  while (token.kind != TokenKind::kEnd) {
    if (std::find(calls.begin(), calls.end(), number) == calls.end()) {
      token = lexer.next();
      ++number;
      continue;
    }
    const auto begin = token.begin;
    out += c.text.substr(copied, begin - copied);
    const auto call = read_call(lexer, c.text, token);
    out += written(call, c.session.now_literal, c.statement.names_plain_now);
    copied = call.end;
    // The numbers go on as if the call's tokens had been counted.
    StatementLexer inside(c.text.substr(begin, copied - begin), c.session.standard_conforming_strings);
    while (inside.next().kind != TokenKind::kEnd) ++number;
  }
  out += c.text.substr(copied);
  return out;
}

bool has_own_time(const Case& c, const Plan& made) {
  if (made.action == Action::kScatter) return false;
  return !c.session.keeps_time || (c.session.clock_shard && *c.session.clock_shard == made.shards[0]);
}

// What is kept for later, as in a view, means the time it will be used.
bool runs_at_once(StatementKind kind) noexcept {
  return kind == StatementKind::kRead || kind == StatementKind::kWrite || kind == StatementKind::kCopyOut ||
         kind == StatementKind::kDeclareCursor;
}

}  // namespace

Plan with_time(const Case& c, Plan made) {
  const auto& s = c.statement;
  if (!c.topology.sharded() || (made.action != Action::kScatter && made.action != Action::kOneShard)) return made;
  if (has_own_time(c, made) || !runs_at_once(s.kind)) return made;
  if (made.action == Action::kOneShard && (!s.hidden_clock.empty() || reads_the_clock(c)))
    return refuse(FaultReason::kSeveralShards,
                  (s.hidden_clock.empty() ? "'now' or its like in a string" : s.hidden_clock) +
                      " on another shard of a transaction is not supported: the time there is another one",
                  "write now(), or the time itself");
  if (s.now_calls.empty()) return made;
  made.wants_time = c.session.now_literal.empty();
  if (!made.wants_time) made.rewritten = with_now(c);
  return made;
}

}  // namespace shardway::router
