#include <algorithm>

#include "router/clock_calls.hpp"
#include "router/language.hpp"
#include "router/rules.hpp"

namespace shardway::router {

namespace {

// The column list's end and each row's, where the defaults that read the clock are written out.
void write_defaults(const Case& c, std::uint32_t number, std::string& out) {
  for (const auto& given : c.statement.clock_defaults) {
    const bool ends_row = std::find(given.rows.begin(), given.rows.end(), number) != given.rows.end();
    if (given.list != number && !ends_row) continue;
    for (const auto& column : given.columns)
      out += ", " + (ends_row ? with_clock(column.sql, c.session.now_literal) : column.name);
  }
}

std::string with_now(const Case& c) {
  const auto& calls = c.statement.now_calls;
  std::string out;
  StatementLexer lexer(c.text, c.session.standard_conforming_strings);
  std::uint32_t number = 0, copied = 0;
  auto token = lexer.next();
  while (token.kind == TokenKind::kSymbol && c.text[token.begin] == ';') token = lexer.next();
  while (token.kind != TokenKind::kEnd) {
    const auto begin = token.begin;
    out += c.text.substr(copied, begin - copied);
    copied = begin;
    write_defaults(c, number, out);
    if (std::find(calls.begin(), calls.end(), number) == calls.end()) {
      token = lexer.next();
      ++number;
      continue;
    }
    const auto call = read_clock_call(lexer, c.text, token);
    out += clock_literal(call, c.session.now_literal, c.statement.names_plain_now);
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
         kind == StatementKind::kCopyIn || kind == StatementKind::kDeclareCursor;
}

}  // namespace

std::string_view hidden_clock(const Statement& statement, const Definitions& defined) {
  const bool writes = statement.kind == StatementKind::kWrite || statement.kind == StatementKind::kCopyIn;
  if (statement.hidden_clock.empty() && writes && defined.clock) return "a default defined in the same transaction";
  return statement.hidden_clock;
}

Plan with_time(const Case& c, Plan made) {
  const auto& s = c.statement;
  const auto hidden = hidden_clock(s, c.session.defined);
  if (!c.topology.sharded() || (made.action != Action::kScatter && made.action != Action::kOneShard)) return made;
  if (has_own_time(c, made) || !runs_at_once(s.kind)) return made;
  if (made.action == Action::kOneShard && (!hidden.empty() || reads_the_clock(c)))
    return refuse(FaultReason::kSeveralShards,
                  std::string(hidden.empty() ? "'now' or its like in a string" : hidden) +
                      " on another shard of a transaction is not supported: the time there is another one",
                  "write now(), or the time itself");
  if (s.now_calls.empty() && (s.clock_defaults.empty() || made.action == Action::kScatter)) return made;
  made.wants_time = c.session.now_literal.empty();
  if (!made.wants_time) made.rewritten = with_now(c);
  return made;
}

}  // namespace shardway::router
