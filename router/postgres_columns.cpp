// The column list an INSERT or a COPY goes without, as facts: which columns, and behind which token it belongs.
// https://www.postgresql.org/docs/15/sql-insert.html: without a list, the values stand for the first columns.
#include <optional>

#include "router/postgres_scope.hpp"
#include "router/statement_lexer.hpp"

namespace shardway::router::analyze {

namespace {

// The number of the last token of the target `name[.name…] [AS alias]` that begins at `location`; none if it is not
// found there.
std::optional<std::uint32_t> last_token_of(const Context& context, const RangeVar& target) {
  StatementLexer lexer(context.text, context.settings.standard_conforming_strings);
  std::uint32_t number = 0;
  auto token = lexer.next();
  const auto step = [&] {
    token = lexer.next();
    ++number;
  };
  while (token.kind != TokenKind::kEnd && token.begin < static_cast<std::uint32_t>(target.location)) step();
  if (target.location < 0 || token.begin != static_cast<std::uint32_t>(target.location)) return std::nullopt;
  const int dots = (target.schemaname != nullptr ? 1 : 0) + (target.catalogname != nullptr ? 1 : 0);
  for (int i = 0; i < dots; ++i) {
    step();
    if (token.kind != TokenKind::kSymbol || context.text[token.begin] != '.') return std::nullopt;
    step();
  }
  if (target.alias != nullptr) {  // AS and the alias
    step();
    step();
  }
  const bool unicode = token.kind == TokenKind::kQuoted && context.text[token.begin] != '"';  // UESCAPE may follow
  const bool name = token.kind == TokenKind::kWord || token.kind == TokenKind::kQuoted;
  return name && !unicode ? std::optional(number) : std::nullopt;
}

}  // namespace

std::string quoted_name(std::string_view name) {
  std::string sql = "\"";
  for (const char c : name) {
    if (c == '"') sql += c;
    sql += c;
  }
  return sql + '"';
}

bool write_columns(Context& context, const RangeVar& target, const std::vector<std::string_view>& columns) {
  const auto token = last_token_of(context, target);
  if (!token) return false;
  std::string sql;
  for (const auto column : columns) sql += (sql.empty() ? " (" : ", ") + quoted_name(column);
  context.out.column_lists.push_back({*token, sql + ")"});
  return true;
}

}  // namespace shardway::router::analyze
