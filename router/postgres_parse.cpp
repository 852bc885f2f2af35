#include "router/postgres_parse.hpp"

#include <pg_query.h>

#include <cstdlib>

#include "router/postgres_tree.hpp"

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

}  // namespace

ParseTree::ParseTree(std::string_view text, bool standard_conforming)
    : text_(text), context_(pg_query_enter_memory_context()) {
  if (text_.find('\0') != std::string::npos) {
    error_ = syntax_fault("invalid byte in the statement: 0x00", 0);
    return;
  }
  ::standard_conforming_strings = standard_conforming;
  const auto parsed = pg_query_raw_parse(text_.c_str());
  std::free(parsed.stderr_buffer);  // NOLINT: a malloc of the library's
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
