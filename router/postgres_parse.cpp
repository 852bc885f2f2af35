#include "router/postgres_parse.hpp"

#include <pg_query.h>

#include <cstdlib>

#include "router/postgres_tree.hpp"
#include "router/statement_lexer.hpp"

// What libpg_query exports for programs that want the tree itself (pg_query_internal.h cannot be included from C++).
extern "C" {
struct PgQueryInternalParsetreeAndError {
  List* tree;
  char* stderr_buffer;
  PgQueryError* error;
};
PgQueryInternalParsetreeAndError pg_query_raw_parse(const char* input);
MemoryContext pg_query_enter_memory_context();
void pg_query_exit_memory_context(MemoryContext context);
void pg_query_free_error(PgQueryError* error);
extern __thread bool standard_conforming_strings;
}

namespace shardway::router {

namespace {

protocol::Fault syntax_fault(std::string_view message, int position) {
  protocol::Fault fault;
  fault.reason = protocol::FaultReason::kSyntax;
  fault.message = message;
  fault.position = position;
  return fault;
}

// Between the parts of a string that goes on in another line. `at`: behind its first quote.
void blank_comments(std::string& sql, std::size_t at, std::size_t end, bool backslashes) {
  const auto ends_line = [](char c) { return c == '\n' || c == '\r'; };
  for (bool quoted = true; at < end; ++at) {
    const char c = sql[at];
    const bool two = quoted && ((c == '\\' && backslashes) || (c == '\'' && at + 1 < end && sql[at + 1] == '\''));
    if (two)
      ++at;
    else if (c == '\'')
      quoted = !quoted;
    else if (c == '-' && !quoted)
      for (; at < end && !ends_line(sql[at]); ++at) sql[at] = ' ';
  }
}

// A server takes 'a' -- comment, line end, 'b' for one string; libpg_query, which keeps comments, does not.
std::string without_comments_in_strings(const std::string& text, bool standard_conforming) {
  auto sql = text;
  StatementLexer lexer(text, standard_conforming);
  for (auto token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    if (token.kind != TokenKind::kString && token.kind != TokenKind::kOtherString) continue;
    const char first = text[token.begin];
    if (first == '$') continue;
    const bool backslashes = first == '\'' ? !standard_conforming : (first | 0x20) == 'e';
    blank_comments(sql, text.find('\'', token.begin) + 1, token.end, backslashes);
  }
  return sql;
}

PgQueryInternalParsetreeAndError parse(const std::string& sql) {
  auto parsed = pg_query_raw_parse(sql.c_str());
  std::free(parsed.stderr_buffer);  // NOLINT: a malloc of the library's
  return parsed;
}

}  // namespace

ParseTree::ParseTree(std::string_view text, bool standard_conforming)
    : text_(text), context_(pg_query_enter_memory_context()) {
  if (text_.find('\0') != std::string::npos) {
    error_ = syntax_fault("invalid byte in the statement: 0x00", 0);
    return;
  }
  ::standard_conforming_strings = standard_conforming;
  auto parsed = parse(text_);
  if (parsed.error != nullptr && text_.find("--") != std::string::npos) {
    if (const auto sql = without_comments_in_strings(text_, standard_conforming); sql != text_) {
      pg_query_free_error(parsed.error);
      parsed = parse(sql);
    }
  }
  if (parsed.error != nullptr) {
    error_ = syntax_fault(parsed.error->message, parsed.error->cursorpos);
    pg_query_free_error(parsed.error);
    return;
  }
  for (const auto* node : tree::Nodes(parsed.tree)) {
    const auto* raw = tree::as<RawStmt>(node);
    const auto begin = static_cast<std::uint32_t>(raw->stmt_location);
    const auto size = raw->stmt_len > 0 ? static_cast<std::uint32_t>(raw->stmt_len)
                                        : static_cast<std::uint32_t>(text_.size()) - begin;
    statements_.push_back({raw->stmt, begin, begin + size});
  }
}

ParseTree::~ParseTree() { pg_query_exit_memory_context(static_cast<MemoryContext>(context_)); }

}  // namespace shardway::router
