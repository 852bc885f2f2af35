#include "proxy/control/catalog_reader.hpp"

#include <algorithm>

#include "router/builtin_functions.hpp"
#include "router/key_values.hpp"
#include "router/routine_body.hpp"
#include "router/statement_lexer.hpp"

namespace shardway::proxy::control {

// A default varies if it, or its domain's, calls anything that is not immutable. The stored tree is searched for the
// functions' OIDs: https://www.postgresql.org/docs/15/catalog-pg-attrdef.html
const char* const kPostgresCatalogQuery =
    "SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attgenerated <> '', a.attnotnull,"
    " a.attidentity <> '' OR (a.attgenerated = '' AND coalesce("
    "  e.tree ~ '\\{(SQLVALUEFUNCTION|NEXTVALUEEXPR|COERCEVIAIO|SUBLINK|PARAM)' OR EXISTS (SELECT FROM"
    "   regexp_matches(e.tree, ':(?:funcid|opfuncid) (\\d+)', 'g') m JOIN pg_proc p ON p.oid = m[1]::oid"
    "   WHERE p.provolatile <> 'i'), false)),"
    " a.attidentity <> '',"
    " coalesce(NOT o.collisdeterministic, false),"
    " CASE WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN 0 ELSE t.oid END,"
    " coalesce(pg_get_expr(d.adbin, d.adrelid), CASE WHEN a.attidentity = '' THEN pg_get_expr(t.typdefaultbin, 0) END,"
    " ''), c.relkind, c.relpersistence = 'u'"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid"
    " JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_collation o ON o.oid = a.attcollation"
    " LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
    " CROSS JOIN LATERAL (SELECT coalesce(d.adbin::text, t.typdefaultbin::text)) e(tree)"
    " WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND c.relpersistence <> 't' AND a.attnum > 0 AND NOT "
    "a.attisdropped"
    " AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
    " ORDER BY c.oid, a.attnum;"

    // An immutable one for an extension's own types is not meant where its name has a meaning for PostgreSQL's own.
    "WITH own AS MATERIALIZED (SELECT p.* FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
    " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')) SELECT DISTINCT p.proname FROM own p"
    " WHERE NOT (p.provolatile = 'i' AND EXISTS (SELECT FROM unnest(p.proargtypes::oid[]) a(type)"
    "  JOIN pg_type t ON t.oid = a.type WHERE t.typnamespace <> 'pg_catalog'::regnamespace)"
    " AND EXISTS (SELECT FROM pg_proc b WHERE b.proname = p.proname"
    "  AND b.pronamespace = 'pg_catalog'::regnamespace));"

    "SELECT n.nspname, c.relname, i.relname, x.indisexclusion, x.indisprimary,"
    " ARRAY(SELECT a.attname FROM unnest(x.indkey::int2[]) WITH ORDINALITY k(number, place)"
    "  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number WHERE k.place <= x.indnkeyatts"
    "  AND (NOT x.indisexclusion OR (SELECT oprname = '=' FROM pg_operator WHERE oid = con.conexclop[k.place]))"
    "  ORDER BY k.place)"
    " FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " LEFT JOIN pg_constraint con ON con.conindid = x.indexrelid AND con.contype = 'x'"
    " WHERE (x.indisunique OR x.indisexclusion) AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
    " AND c.relpersistence <> 't' ORDER BY i.relname;"

    "SELECT n.nspname, c.relname, k.conname,"
    " ARRAY(SELECT a.attname FROM unnest(k.conkey) WITH ORDINALITY u(number, place)"
    "  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number ORDER BY u.place),"
    " fn.nspname, fc.relname,"
    " ARRAY(SELECT a.attname FROM unnest(k.confkey) WITH ORDINALITY u(number, place)"
    "  JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.number ORDER BY u.place)"
    " FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_class fc ON fc.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = fc.relnamespace"
    " WHERE k.contype = 'f' AND k.conparentid = 0 ORDER BY k.conname;"

    "SELECT n.nspname, c.relname, g.tgname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT g.tgisinternal AND g.tgenabled <> 'D'"
    " UNION ALL SELECT n.nspname, c.relname, r.rulename FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE r.ev_type <> '1' AND c.relkind IN ('r', 'p')"
    " AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2, 3;"

    "SELECT n.nspname, t.typname, t.oid, coalesce(c.relkind, 'c') <> 'c' FROM pg_type t JOIN pg_namespace n ON n.oid = "
    "t.typnamespace"
    " LEFT JOIN pg_class c ON c.oid = t.typrelid LEFT JOIN pg_type e ON e.oid = t.typelem"
    " LEFT JOIN pg_class ec ON ec.oid = e.typrelid"
    " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname NOT LIKE 'pg\\_temp%'"
    " AND n.nspname NOT LIKE 'pg\\_toast\\_temp%'"
    " AND coalesce(c.relkind, 'c') IN ('c', 'r', 'p') AND coalesce(ec.relkind, 'c') = 'c';"

    // An operator that an extension brings in C and calls immutable computes and reads nothing else; one for an
    // extension's own types is not meant where its name has a meaning for PostgreSQL's own.
    "SELECT DISTINCT o.oprname FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace"
    " JOIN pg_proc p ON p.oid = o.oprcode JOIN pg_language l ON l.oid = p.prolang"
    " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')"
    " AND NOT (p.provolatile = 'i' AND l.lanname IN ('internal', 'c'))"
    " AND (NOT EXISTS (SELECT FROM pg_type t WHERE t.oid IN (o.oprleft, o.oprright)"
    "  AND t.typnamespace <> 'pg_catalog'::regnamespace)"
    " OR NOT EXISTS (SELECT FROM pg_operator b WHERE b.oprname = o.oprname"
    "  AND b.oprnamespace = 'pg_catalog'::regnamespace));"

    // What a view or a policy calls that is not sure to compute only, with a dot before what is not PostgreSQL's
    // own; what it reads.
    "WITH defined AS (SELECT r.ev_class AS id, r.ev_action::text AS tree FROM pg_rewrite r"
    "  JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace"
    "  WHERE c.relkind = 'v' AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
    "  UNION ALL SELECT p.polrelid, concat(p.polqual::text, p.polwithcheck::text) FROM pg_policy p"
    "  JOIN pg_class c ON c.oid = p.polrelid WHERE c.relrowsecurity)"
    " SELECT n.nspname, c.relname, d.tree ~ '\\{(ROWMARKCLAUSE|COERCETODOMAIN) ',"
    " ARRAY(SELECT CASE WHEN p.pronamespace = 'pg_catalog'::regnamespace THEN '' ELSE '.' END || p.proname"
    "  FROM regexp_matches(d.tree, ':(?:funcid|opfuncid|aggfnoid|winfnoid) (\\d+)', 'g') m"
    "  JOIN pg_proc p ON p.oid = m[1]::oid JOIN pg_language l ON l.oid = p.prolang WHERE p.provolatile <> 'i'"
    "  OR (p.pronamespace <> 'pg_catalog'::regnamespace AND (p.prokind = 'a' OR l.lanname NOT IN ('internal', 'c')))),"
    " ARRAY(SELECT rn.nspname || '.' || r.relname FROM regexp_matches(d.tree, ':relid (\\d+)', 'g') m"
    "  JOIN pg_class r ON r.oid = m[1]::oid JOIN pg_namespace rn ON rn.oid = r.relnamespace WHERE r.oid <> d.id)"
    " FROM defined d JOIN pg_class c ON c.oid = d.id JOIN pg_namespace n ON n.oid = c.relnamespace;"

    "SELECT n.nspname, c.relname, pn.nspname || '.' || p.relname FROM pg_inherits i JOIN pg_class c ON c.oid = "
    "i.inhrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class p ON p.oid = i.inhparent"
    " JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE c.relkind IN ('r', 'p', 'f');"

    // What is set for a role in this database beats the role's own, then the database's, then everybody's.
    "SELECT coalesce(r.rolname, ''), substr(c, 13) FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole"
    " CROSS JOIN unnest(s.setconfig) c WHERE c LIKE 'search\\_path=%' AND s.setdatabase IN"
    " (0, (SELECT oid FROM pg_database WHERE datname = current_database()))"
    " ORDER BY s.setrole <> 0, s.setdatabase <> 0;"

    // What a value of a user's type may call or hold, by the types it is made of; and PostgreSQL's own types to which
    // the user's cast leads from another of its own.
    "WITH RECURSIVE own AS (SELECT t.oid, t.typname, t.typdefaultbin::text AS tree, pg_get_expr(t.typdefaultbin, 0) AS"
    " default_sql FROM pg_type t JOIN"
    " pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname NOT IN ('pg_catalog', 'information_schema',"
    " 'pg_toast') AND n.nspname NOT LIKE 'pg\\_temp%' AND n.nspname NOT LIKE 'pg\\_toast\\_temp%' AND t.typcategory"
    " <> 'A'), part(oid, type) AS (SELECT oid, oid FROM own UNION SELECT p.oid, x.type FROM part p JOIN pg_type t"
    " ON t.oid = p.type CROSS JOIN LATERAL (SELECT t.typbasetype WHERE t.typtype = 'd' UNION ALL SELECT t.typelem"
    " WHERE t.typcategory = 'A' UNION ALL SELECT a.atttypid FROM pg_attribute a WHERE a.attrelid = t.typrelid AND"
    " t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped UNION ALL SELECT r.rngsubtype FROM pg_range r WHERE"
    " r.rngtypid = t.oid UNION ALL SELECT r.rngtypid FROM pg_range r WHERE r.rngmultitypid = t.oid) x(type)),"
    " unknown AS (SELECT p.oid FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace <>"
    " 'pg_catalog'::regnamespace AND NOT (p.provolatile = 'i' AND l.lanname IN ('internal', 'c'))), checked AS"
    " (SELECT DISTINCT k.contypid FROM pg_constraint k CROSS JOIN LATERAL regexp_matches(k.conbin::text,"
    " ':(?:funcid|opfuncid) (\\d+)', 'g') m JOIN unknown u ON u.oid = m[1]::oid WHERE k.contypid <> 0) SELECT"
    " own.typname, EXISTS (SELECT FROM part JOIN checked ON contypid = type WHERE part.oid = own.oid), EXISTS"
    " (SELECT FROM part JOIN pg_cast ON casttarget = type JOIN unknown u ON u.oid = castfunc WHERE part.oid ="
    " own.oid), EXISTS (SELECT FROM part JOIN pg_cast ON castsource = type JOIN unknown u ON u.oid = castfunc"
    " WHERE part.oid = own.oid), coalesce(tree ~ '\\{(SQLVALUEFUNCTION|NEXTVALUEEXPR|COERCEVIAIO|SUBLINK|PARAM)' OR"
    " EXISTS (SELECT FROM regexp_matches(tree, ':(?:funcid|opfuncid) (\\d+)', 'g') m JOIN pg_proc p ON p.oid ="
    " m[1]::oid WHERE p.provolatile <> 'i'), false), EXISTS (SELECT FROM part WHERE part.oid = own.oid AND"
    " type::regtype IN ('date', 'time', 'timetz', 'timestamp', 'timestamptz')), coalesce(default_sql, '') FROM own"
    " UNION ALL SELECT t.typname, false, true, false, false, false, '' FROM pg_cast c JOIN unknown u ON u.oid ="
    " c.castfunc JOIN pg_type"
    " t ON t.oid = c.casttarget JOIN pg_type s ON s.oid = c.castsource WHERE t.typnamespace ="
    " 'pg_catalog'::regnamespace AND s.typnamespace = 'pg_catalog'::regnamespace;"

    // Functions that only compute, whichever of that name is meant.
    "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid ="
    " p.prolang LEFT JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'"
    " LEFT JOIN pg_extension e ON e.oid = d.refobjid WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')"
    " GROUP BY 1 HAVING bool_and(l.lanname IN ('internal', 'c') AND (p.provolatile = 'i' OR coalesce(e.extname IN"
    " ('uuid-ossp', 'pgcrypto'), false)));"

    // Bodies that may leave something in the session, and of those that may call them; the tables whose triggers they
    // are. One in SQL's own form (BEGIN ATOMIC) has no source.
    "WITH RECURSIVE routine AS (SELECT p.oid, p.proname, CASE WHEN p.prosrc = '' THEN pg_get_functiondef(p.oid) ELSE"
    " p.prosrc END AS prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid ="
    " p.pronamespace JOIN pg_language l ON l.oid = p.prolang WHERE n.nspname NOT IN ('pg_catalog',"
    " 'information_schema') AND l.lanname IN ('plpgsql', 'sql')), found AS (SELECT * FROM routine WHERE prosrc ~*"
    " '(set_config|pg_settings|pg_temp|advisory_lock|\\m(listen|unlisten|prepare|deallocate|load|temp|temporary|"
    "discard|reset)\\M|(;|\\mbegin|\\mthen|\\melse|\\mloop|''|^)\\s*set\\s)' UNION SELECT r.*"
    " FROM routine r JOIN found f ON strpos(lower(r.prosrc), lower(f.proname)) > 0) SELECT f.proname, f.prosrc,"
    " ARRAY(SELECT n.nspname || '.' || c.relname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE g.tgfoid = f.oid AND NOT g.tgisinternal) FROM found f;"

    // Functions that defaults call, and those that may be called by them: bodies, and whether there is one to read. In
    // C they compute if they say so, or come with an extension.
    "WITH RECURSIVE called AS (SELECT DISTINCT m[1]::oid AS oid FROM (SELECT adbin::text FROM pg_attrdef UNION ALL"
    " SELECT typdefaultbin::text FROM pg_type WHERE typdefaultbin IS NOT NULL) d(tree) CROSS JOIN LATERAL"
    " regexp_matches(d.tree, ':(?:funcid|opfuncid) (\\d+)', 'g') m), routine AS (SELECT p.oid, p.proname, CASE WHEN"
    " l.lanname NOT IN ('plpgsql', 'sql') THEN NULL WHEN p.prosrc = '' THEN pg_get_functiondef(p.oid) ELSE p.prosrc"
    " END AS body FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang"
    " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND NOT (l.lanname IN ('internal', 'c') AND"
    " (p.provolatile = 'i' OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid"
    " AND d.deptype = 'e')))), reached AS (SELECT * FROM routine WHERE oid IN (SELECT oid FROM called) UNION SELECT r.*"
    " FROM routine r JOIN reached s ON strpos(lower(s.body), lower(r.proname)) > 0)"
    " SELECT proname, coalesce(body, ''), body IS NOT NULL FROM reached";

namespace {

const std::string& text(const Rows& r, std::size_t row, std::size_t column) { return r.text(row, column); }
bool is_true(const Rows& r, std::size_t row, std::size_t column) { return r.text(row, column) == "t"; }
std::string name_in(const Rows& r, std::size_t row) { return text(r, row, 0) + "." + text(r, row, 1); }
std::uint32_t number_in(const Rows& r, std::size_t row, std::size_t column) {
  return static_cast<std::uint32_t>(r.number(row, column));
}

std::vector<std::string> list(const Rows& r, std::size_t row, std::size_t column) {
  return router::array_elements(r.text(row, column)).value_or(std::vector<std::string>());
}

using Names = std::unordered_set<std::string>;

void read_columns(const Rows& r, const Names& counters, ShardCatalog& into) {
  for (std::size_t i = 0; i < r.size(); ++i) {
    router::Column column;
    column.name = text(r, i, 2);
    column.type = text(r, i, 3);
    column.generated = is_true(r, i, 4);
    column.not_null = is_true(r, i, 5);
    column.default_varies = is_true(r, i, 6);
    column.loose = is_true(r, i, 8);
    column.own_type = number_in(r, i, 9);
    column.default_sql = text(r, i, 10);
    column.from_sequence = is_true(r, i, 7) || router::calls_one_of(column.default_sql, counters);
    const auto name = name_in(r, i);
    const auto kind = r.text(i, 11);
    if (kind == "v" || kind == "m" || kind == "f") into.views.insert(name);
    if (kind == "S") into.sequences.insert(name);
    if (is_true(r, i, 12)) into.primary_only.insert(name);  // unlogged: a replica has no rows of it
    into.tables[name].columns.push_back(std::move(column));
  }
}

void read_unique_keys(const Rows& r, ShardCatalog& into) {
  for (std::size_t i = 0; i < r.size(); ++i) {
    auto& shape = into.tables[name_in(r, i)];
    shape.unique_keys.push_back({text(r, i, 2), list(r, i, 5), is_true(r, i, 3)});
    if (is_true(r, i, 4)) shape.primary_key = shape.unique_keys.back().columns;
  }
}

void read_foreign_keys(const Rows& r, ShardCatalog& into) {
  for (std::size_t i = 0; i < r.size(); ++i) {
    into.tables[name_in(r, i)].foreign_keys.push_back(
        {text(r, i, 2), list(r, i, 3), text(r, i, 4), text(r, i, 5), list(r, i, 6)});
  }
}

using Readers = std::unordered_map<std::string, std::vector<std::string>>;  // view -> what it reads

bool is_safe(const std::string& function) { return router::function_facts(function).replica_safe; }

bool leaves_something(const std::string& function, const ShardCatalog& known) {
  if (function.starts_with('.')) return known.leaving_functions.contains(function.substr(1));
  return function == "set_config" || router::function_facts(function).session_lock;
}

// A relation of the system's tells of one server, if it is not one of those that are the same on a replica.
bool is_of_one_server(const std::string& relation) {
  constexpr std::string_view kSystem = "pg_catalog.";
  return relation.starts_with(kSystem) && router::catalog_relation(std::string_view(relation).substr(kSystem.size())) !=
                                              router::CatalogRelation::kReplicaSafe;
}

// A view over what is not to be read on a replica is not either, nor is a table over such a partition or child; a view
// over what leaves something does so, too.
void spread_to_readers(const Readers& readers, std::unordered_set<std::string>& unsafe) {
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& [view, reads] : readers)
      if (std::any_of(reads.begin(), reads.end(), [&](const auto& read) { return unsafe.contains(read); }))
        grown = unsafe.insert(view).second || grown;
  }
}

void read_definitions(const Rows& r, ShardCatalog& into) {
  Readers readers;
  for (std::size_t i = 0; i < r.size(); ++i) {
    const auto calls = list(r, i, 3), reads = list(r, i, 4);
    if (is_true(r, i, 2) || !std::all_of(calls.begin(), calls.end(), is_safe) ||
        std::any_of(reads.begin(), reads.end(), is_of_one_server))
      into.primary_only.insert(name_in(r, i));
    if (std::any_of(calls.begin(), calls.end(), [&](const auto& call) { return leaves_something(call, into); }))
      into.leaving_views.insert(name_in(r, i));
    auto& known = readers[name_in(r, i)];
    known.insert(known.end(), reads.begin(), reads.end());
  }
  spread_to_readers(readers, into.leaving_views);
  for (const auto& [child, parents] : into.parents)
    for (const auto& parent : parents) readers[parent].push_back(child);
  spread_to_readers(readers, into.primary_only);
}

void read_own_types(const Rows& r, const Names& counters, ShardCatalog& into) {
  for (std::size_t i = 0; i < r.size(); ++i)
    add(into.own_types[text(r, i, 0)], {is_true(r, i, 1), is_true(r, i, 2), is_true(r, i, 3), is_true(r, i, 4),
                                        is_true(r, i, 5), router::calls_one_of(text(r, i, 6), counters)});
}

struct Routine {
  std::string name;  // in lower case
  std::unordered_set<std::string> calls;
  bool leaves = false;
};

bool calls_one_that_leaves(const Routine& routine, const std::unordered_set<std::string>& known) {
  return std::any_of(routine.calls.begin(), routine.calls.end(),
                     [&](const auto& name) { return known.contains(name); });
}

// What counts, and differs from server to server: PostgreSQL's own, and those that may call it or write rows.
Names read_counters(const Rows& r) {
  Names known = {"nextval", "currval", "lastval", "setval"};
  std::vector<Names> called;
  for (std::size_t i = 0; i < r.size(); ++i) {
    called.push_back(router::routines_called(text(r, i, 1)));
    if (!is_true(r, i, 2) || router::may_count(text(r, i, 1))) known.insert(router::lower_case(text(r, i, 0)));
  }
  for (bool grown = true; grown;) {
    grown = false;
    for (std::size_t i = 0; i < r.size(); ++i)
      if (std::any_of(called[i].begin(), called[i].end(), [&](const auto& name) { return known.contains(name); }))
        grown = known.insert(router::lower_case(text(r, i, 0))).second || grown;
  }
  return known;
}

// Each leaves something by what it does itself, or by a call of one that does.
void read_routines(const Rows& r, ShardCatalog& into) {
  std::vector<Routine> routines;
  Names known;
  for (std::size_t i = 0; i < r.size(); ++i) {
    const auto& body = text(r, i, 1);
    routines.push_back(
        {router::lower_case(text(r, i, 0)), router::routines_called(body), router::leaves_in_session(body)});
    if (routines.back().leaves) known.insert(routines.back().name);
  }
  for (bool grown = true; grown;) {
    grown = false;
    for (auto& routine : routines)
      if (!routine.leaves && calls_one_that_leaves(routine, known)) {
        routine.leaves = grown = true;
        known.insert(routine.name);
      }
  }
  for (std::size_t i = 0; i < r.size(); ++i) {
    if (!routines[i].leaves) continue;
    into.leaving_functions.insert(text(r, i, 0));
    for (auto& table : list(r, i, 2)) into.leaving_tables.insert(std::move(table));
  }
}

void read_leaving_defaults(ShardCatalog& into) {
  for (const auto& [name, shape] : into.tables)
    for (const auto& column : shape.columns)
      if (router::left_by_calls(column.default_sql, into.leaving_functions) != router::PinReason::kNone)
        into.leaving_tables.insert(name);
}

}  // namespace

void add(router::OwnType& known, const router::OwnType& found) {
  known.checks |= found.checks;
  known.casts_to |= found.casts_to;
  known.casts_from |= found.casts_from;
  known.default_varies |= found.default_varies;
  known.reads_clock |= found.reads_clock;
  known.counts |= found.counts;
}

ShardCatalog read_postgres_catalog(const std::vector<Rows>& results) {
  ShardCatalog found;
  if (results.size() != 14) return found;
  const auto counters = read_counters(results[13]);
  read_columns(results[0], counters, found);
  const auto& functions = results[1];
  for (std::size_t i = 0; i < functions.size(); ++i) found.functions.insert(text(functions, i, 0));
  read_unique_keys(results[2], found);
  read_foreign_keys(results[3], found);
  const auto& triggers = results[4];
  for (std::size_t i = 0; i < triggers.size(); ++i)
    found.tables[name_in(triggers, i)].triggers.push_back(text(triggers, i, 2));
  const auto& types = results[5];
  for (std::size_t i = 0; i < types.size(); ++i)
    (is_true(types, i, 3) ? found.row_types : found.types)[name_in(types, i)] = number_in(types, i, 2);
  const auto& operators = results[6];
  for (std::size_t i = 0; i < operators.size(); ++i) found.operators.insert(text(operators, i, 0));
  const auto& children = results[8];
  for (std::size_t i = 0; i < children.size(); ++i) found.parents[name_in(children, i)].push_back(text(children, i, 2));
  const auto& paths = results[9];
  for (std::size_t i = 0; i < paths.size(); ++i) found.search_paths[text(paths, i, 0)] = text(paths, i, 1);
  read_own_types(results[10], counters, found);
  const auto& computing = results[11];
  for (std::size_t i = 0; i < computing.size(); ++i) found.computing_functions.insert(text(computing, i, 0));
  read_routines(results[12], found);
  read_definitions(results[7], found);
  read_leaving_defaults(found);
  return found;
}

}  // namespace shardway::proxy::control
