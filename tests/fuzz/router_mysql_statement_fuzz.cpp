// Any bytes: MySQL's lexer ends where the text ends, statements are analysed, planned and explained without a crash, a
// sharded table is never written on a shard nothing was said of, and cached facts are those of a fresh parse.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "router/language.hpp"
#include "router/planner.hpp"
#include "tests/router/mysql_facts.hpp"
#include "tests/router/shop.hpp"

using namespace shardway::router;

namespace {

void expect(bool claim) {
  if (!claim) std::abort();
}

std::shared_ptr<Topology> in_mysql(std::shared_ptr<Topology> topology) {
  topology->language = &kMysqlLanguage;
  return topology;
}

void lexer_reaches_the_end(std::string_view text, const MysqlMode& mode) {
  mysql::Lexer lexer(text, mode);
  std::uint32_t at = 0;
  bool was_unterminated = false;  // a comment without an end: an empty bad token, and nothing behind it
  for (auto token = lexer.next(); token.kind != mysql::TokenKind::kEnd; token = lexer.next()) {
    expect(!was_unterminated && token.begin >= at && token.end <= text.size());
    was_unterminated = token.end == token.begin;
    expect(!was_unterminated || token.kind == mysql::TokenKind::kBad);
    const auto source = text.substr(token.begin, token.end - token.begin);
    if (token.kind == mysql::TokenKind::kString) mysql::unquote(source, mode);
    if (token.kind == mysql::TokenKind::kHex) mysql::unhex(source);
    at = token.end;
  }
}

void check(const Statement& statement, const Plan& plan, const Topology& topology) {
  if (plan.action == Action::kRefuse) return expect(plan.fault != nullptr && !plan.fault->message.empty());
  for (const auto shard : plan.shards) expect(shard < topology.shards.size());
  expect(!(plan.writes && plan.replica_ok));
  expect(!(statement.replica_safe && statement.kind != StatementKind::kRead));
  if (!topology.sharded() || plan.rule == Rule::kHint || plan.rule == Rule::kDdl) return;
  for (const auto& use : statement.sharded) expect(!use.written || use.bound);
}

void run(std::string_view text, const ParseSettings& settings, const std::shared_ptr<Topology>& topology) {
  StatementCache cache(topology, 1 << 20), fresh(topology, 1 << 20);
  Literals literals;
  const auto query = cache.find(text, settings, literals);
  const std::vector<ParameterValue> parameters{
      {"42", true}, {std::nullopt, true}, {std::string_view("\x2a\0\0\0\0\0\0\0", 8), true}};
  const std::vector<std::uint32_t> types{253, 6, 8};
  SessionView session;
  session.hints_allowed = true;
  session.mysql = settings.mysql;
  for (const auto& statement : query->statements) {
    const auto made = plan(statement, {&literals, &parameters, &types}, *topology, session, text);
    check(statement, made, *topology);
    (void)explain(statement, made, *topology, text);
  }
  const auto other = shop::with_other_mysql_literals(text, settings.mysql, 5);
  Literals others;
  const auto expected = fresh.find(other, settings, others);
  const auto number = others.size();
  expect(shop::mysql_described(*cache.find(other, settings, others)) == shop::mysql_described(*expected));
  expect(others.size() == number);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 4096) return 0;
  static const auto sharded = in_mysql(shop::topology()), plain = in_mysql(shop::one_shard());
  ParseSettings settings;
  settings.mysql.ansi_quotes = (data[0] & 2) != 0;
  settings.mysql.no_backslash_escapes = (data[0] & 4) != 0;
  settings.mysql.oracle = (data[0] & 8) != 0;
  settings.mysql.ignore_space = (data[0] & 16) != 0;
  settings.mysql.charset = static_cast<MysqlMode::Charset>(data[1] % 6);
  const std::string text(reinterpret_cast<const char*>(data) + 2, size - 2);
  lexer_reaches_the_end(text, settings.mysql);
  run(text, settings, (data[0] & 1) != 0 ? sharded : plain);
  return 0;
}
