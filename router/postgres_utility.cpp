#include "router/postgres_utility.hpp"
#include "router/routine_body.hpp"

namespace shardway::router::analyze {

namespace {

void query_of(Context& context, const Node* query) {
  Outputs outputs;
  query_statement(context, query, nullptr, nullptr, true, outputs);
}

bool is_query(const Node* node) {
  switch (tree::tag(node)) {
    case T_SelectStmt:
    case T_InsertStmt:
    case T_UpdateStmt:
    case T_DeleteStmt:
    case T_MergeStmt: return true;
    default: return false;
  }
}

void explain_statement(Context& context, const ExplainStmt& explain) {
  auto& out = context.out;
  const bool runs = option_is_on(explain.options, "analyze");
  out.is_explain = true;
  context.not_scatterable("EXPLAIN");
  if (explain.query == nullptr || !is_query(explain.query)) {
    out.kind = StatementKind::kOther;
    if (explain.query != nullptr && tree::tag(explain.query) == T_ExecuteStmt) out.kind = StatementKind::kSqlExecute;
    out.replica_safe = false;
    if (runs) note_unwalked_calls(context);
    return;
  }
  out.kind = StatementKind::kRead;
  query_of(context, explain.query);
  if (runs) return;
  // Only planned, never run: nothing is written.
  out.kind = StatementKind::kRead;
  if (out.pins != PinReason::kRoutine) out.pins = PinReason::kNone;  // constants are computed when it is planned
  out.settings.clear();
  out.writes_reference = out.writes_single = out.writes_unlisted = false;
  for (auto& use : out.sharded) use.written = false;
}

void declare_cursor(Context& context, const DeclareCursorStmt& declare) {
  auto& out = context.out;
  query_of(context, declare.query);
  out.kind = StatementKind::kDeclareCursor;
  out.name = tree::text(declare.portalname);
  context.not_scatterable("a cursor");
  if ((declare.options & CURSOR_OPT_HOLD) != 0) {
    out.pins = PinReason::kHoldCursor;
    out.replica_safe = false;
  }
}

void named(Context& context, StatementKind kind, const char* name) {
  context.out.kind = kind;
  context.out.name = tree::text(name);
}

void relations(Context& context, StatementKind kind, const List* list) {
  context.out.kind = kind;
  for (const auto* node : tree::Nodes(list)) use_relation(context, nullptr, *tree::as<RangeVar>(node), Access::kWrite);
}

void only_protocol_level(Context& context, std::string_view what) {
  context.fault(FaultReason::kNotSupported, std::string(what) + " in SQL is not supported on a sharded database",
                "use the driver's prepared statements (the extended protocol)");
}

// What it may leave behind without its text saying so is cleaned away; what it says stays with the client.
void routine(Context& context, StatementKind kind, bool leaves_something) {
  context.out.kind = kind;
  context.out.leaves_traces = true;
  context.out.uses_user_functions = true;
  if (leaves_something) context.pin(PinReason::kRoutine);
}

void call_statement(Context& context, const CallStmt& call) {
  const auto name = tree::name_of(call.funccall->funcname).name;
  note_unwalked_calls(context);
  routine(context, StatementKind::kCall, leaving_functions(context).contains(std::string(name)));
}

void do_statement(Context& context, const DoStmt& statement) {
  bool leaves = false;
  for (const auto* node : tree::Nodes(statement.args)) {
    const auto* option = tree::as<DefElem>(node);
    if (tree::text(option->defname) == "as")
      leaves = leaves_in_session(tree::string_of(option->arg), leaving_functions(context));
  }
  routine(context, StatementKind::kDo, leaves);
}

void discard(Context& context, const DiscardStmt& statement) {
  context.out.kind = statement.target == DISCARD_ALL ? StatementKind::kDiscardAll : StatementKind::kDiscard;
}

// Sessions begun before have the old path, and go on to have it.
void setting_of_role(Context& context, const AlterRoleSetStmt& alter) {
  if (alter.setstmt == nullptr) return;
  const auto& catalog = context.topology.catalog;
  const bool resets_paths = alter.setstmt->kind == VAR_RESET_ALL && catalog && !catalog->search_paths.empty();
  if (!resets_paths && tree::text(alter.setstmt->name) != "search_path") return;
  context.fault(FaultReason::kNotSupported,
                "ALTER ROLE … SET and RESET of search_path are not supported on a sharded database: which tables the "
                "names of open "
                "sessions mean would not be known",
                "SET search_path in the session, or write the schema before the table's name", true);
}

}  // namespace

bool utility_statement(Context& context, const Node* node) {
  auto& out = context.out;
  out.replica_safe = false;
  switch (tree::tag(node)) {
    case T_TransactionStmt: transaction_statement(context, *tree::as<TransactionStmt>(node)); return true;
    case T_VariableSetStmt: set_statement(context, *tree::as<VariableSetStmt>(node)); return true;
    case T_VariableShowStmt: show_statement(context, *tree::as<VariableShowStmt>(node)); return true;
    case T_DiscardStmt: discard(context, *tree::as<DiscardStmt>(node)); return true;
    case T_CopyStmt:
      out.replica_safe = true;
      copy_statement(context, *tree::as<CopyStmt>(node));
      return true;
    case T_ExplainStmt:
      out.replica_safe = true;
      explain_statement(context, *tree::as<ExplainStmt>(node));
      return true;
    case T_DeclareCursorStmt:
      out.replica_safe = true;
      declare_cursor(context, *tree::as<DeclareCursorStmt>(node));
      return true;
    case T_FetchStmt: named(context, StatementKind::kFetch, tree::as<FetchStmt>(node)->portalname); return true;
    case T_ClosePortalStmt:
      named(context, StatementKind::kCloseCursor, tree::as<ClosePortalStmt>(node)->portalname);
      return true;
    case T_PrepareStmt:
      named(context, StatementKind::kSqlPrepare, tree::as<PrepareStmt>(node)->name);
      out.pins = PinReason::kSqlPrepare;
      only_protocol_level(context, "PREPARE");
      return true;
    case T_ExecuteStmt:
      named(context, StatementKind::kSqlExecute, tree::as<ExecuteStmt>(node)->name);
      only_protocol_level(context, "EXECUTE");
      return true;
    case T_DeallocateStmt:
      named(context, StatementKind::kDeallocate, tree::as<DeallocateStmt>(node)->name);
      return true;
    case T_ListenStmt:
      named(context, StatementKind::kListen, tree::as<ListenStmt>(node)->conditionname);
      out.pins = PinReason::kListen;
      return true;
    case T_UnlistenStmt:
      named(context, StatementKind::kUnlisten, tree::as<UnlistenStmt>(node)->conditionname);
      return true;
    case T_NotifyStmt: named(context, StatementKind::kNotify, tree::as<NotifyStmt>(node)->conditionname); return true;
    case T_LoadStmt:
      out.kind = StatementKind::kOther;
      out.pins = PinReason::kLoad;
      return true;
    case T_LockStmt: relations(context, StatementKind::kLock, tree::as<LockStmt>(node)->relations); return true;
    case T_TruncateStmt:
      relations(context, StatementKind::kTruncate, tree::as<TruncateStmt>(node)->relations);
      return true;
    case T_CallStmt: call_statement(context, *tree::as<CallStmt>(node)); return true;
    case T_DoStmt: do_statement(context, *tree::as<DoStmt>(node)); return true;
    case T_AlterRoleSetStmt: setting_of_role(context, *tree::as<AlterRoleSetStmt>(node)); [[fallthrough]];
    default:
      const bool known = ddl_statement(context, node);
      if (!known) out.kind = StatementKind::kOther;
      note_unwalked_calls(context);
      return known;
  }
}

}  // namespace shardway::router::analyze
