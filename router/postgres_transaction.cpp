#include "router/postgres_utility.hpp"

namespace shardway::router::analyze {

void begin_options(Statement& out, const List* options) {
  for (const auto* node : tree::Nodes(options)) {
    const auto* option = tree::as<DefElem>(node);
    if (option->arg == nullptr || tree::tag(option->arg) != T_A_Const) continue;
    const auto& value = tree::as<A_Const>(option->arg)->val;
    const auto name = tree::text(option->defname);
    if (name == "transaction_read_only" && tree::tag(&value) == T_Integer) {
      out.read_only_begin = value.ival.ival != 0;
      out.read_write_begin = !out.read_only_begin;
    }
    if (name == "transaction_isolation" && tree::tag(&value) == T_String) begin_level(out, tree::text(value.sval.sval));
  }
}

void begin_level(Statement& out, std::string_view level) {
  out.serializable_begin = level == "serializable";
  out.snapshot_begin = out.serializable_begin || level == "repeatable read";
}

void transaction_statement(Context& context, const TransactionStmt& transaction) {
  auto& out = context.out;
  out.chain = transaction.chain;
  out.name = tree::text(transaction.savepoint_name);
  switch (transaction.kind) {
    case TRANS_STMT_BEGIN:
    case TRANS_STMT_START:
      out.kind = StatementKind::kBegin;
      out.starts = transaction.kind == TRANS_STMT_START;
      begin_options(out, transaction.options);
      return;
    case TRANS_STMT_COMMIT: out.kind = StatementKind::kCommit; return;
    case TRANS_STMT_ROLLBACK: out.kind = StatementKind::kRollback; return;
    case TRANS_STMT_SAVEPOINT: out.kind = StatementKind::kSavepoint; return;
    case TRANS_STMT_RELEASE: out.kind = StatementKind::kReleaseSavepoint; return;
    case TRANS_STMT_ROLLBACK_TO: out.kind = StatementKind::kRollbackTo; return;
    case TRANS_STMT_PREPARE:
    case TRANS_STMT_COMMIT_PREPARED:
    case TRANS_STMT_ROLLBACK_PREPARED:
      out.kind = StatementKind::kTwoPhase;
      out.name = tree::text(transaction.gid);
      return;
  }
}

}  // namespace shardway::router::analyze
