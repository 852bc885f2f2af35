// builtin_functions: what is known of pg_catalog's functions, operators and relations by name, and from our own lists.
// Names are as the parser folds them. A name that is not here belongs to a user or an extension: nothing is known of
// it.
#pragma once

#include <string_view>

namespace shardway::router {

struct FunctionFacts {
  bool known = false;
  bool aggregate = false;
  bool window = false;
  bool replica_safe = false;     // reads only, and answers the same on a replica as far as replicas can
  bool same_everywhere = false;  // equal arguments give equal results on every server, whenever within a statement
  bool order_matters = false;    // an aggregate whose result depends on the order of its input
  bool now = false;              // the transaction's time
  bool sequence = false;
  bool session_sequence = false;  // currval, lastval: what this server session did before
  bool needs_home = false;        // advisory locks, NOTIFY, large objects
  bool writes_home = false;       // of these, what is part of a transaction
  bool session_lock = false;      // leaves a session advisory lock behind
  bool reads_unseen = false;      // runs SQL, or reads tables, named in its arguments
};
FunctionFacts function_facts(std::string_view name) noexcept;

bool is_builtin_operator(std::string_view name) noexcept;
// As the parser names them: int4, not integer.
bool is_builtin_type(std::string_view name) noexcept;

enum class CatalogRelation : unsigned char { kNone, kReplicaSafe, kServerState };
// A relation of pg_catalog by its bare name. kServerState: a view of what one server is doing.
CatalogRelation catalog_relation(std::string_view name) noexcept;

}  // namespace shardway::router
