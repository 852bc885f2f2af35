// postgres_utility: statements that are not queries, one function per kind. Called by postgres_analyze.cpp only.
#pragma once

#include "router/postgres_scope.hpp"

namespace shardway::router::analyze {

// postgres_setting.cpp: SET, RESET, SHOW, and set_config() in a select list.
void set_statement(Context& context, const VariableSetStmt& set);
void show_statement(Context& context, const VariableShowStmt& show);
bool record_set_config(Context& context, const FuncCall& call);
void uncertain_set_config(Context& context);
std::string_view string_constant(const Node* node);

// postgres_transaction.cpp
void transaction_statement(Context& context, const TransactionStmt& transaction);
// The modes of BEGIN and SET TRANSACTION.
void begin_options(Statement& out, const List* options);
void begin_level(Statement& out, std::string_view level);

// postgres_copy.cpp
void copy_statement(Context& context, const CopyStmt& copy);

// postgres_constraints.cpp: what a configured table is given that the shards cannot keep becomes the context's fault.
void check_constraints(Context& context, const Node* node);

// serial and its like.
bool is_serial(const TypeName* type);
// A default that calls nextval() or its like.
bool calls_sequence(Context& context, const Node* expression);

// postgres_defaults.cpp: what the expressions in a definition of `relation` do that the shards cannot, becomes the
// fault.
void check_expressions(Context& context, const Node* node, const RangeVar* relation);

// postgres_ddl.cpp: false if the node is no definition of ours.
bool ddl_statement(Context& context, const Node* node);

// Whether an option like ANALYZE or CONCURRENTLY is given and not switched off.
bool option_is_on(const List* options, std::string_view name);

}  // namespace shardway::router::analyze
