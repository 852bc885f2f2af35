#include "router/builtin_functions.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace shardway::router {

namespace {

struct Function {
  std::string_view name;
  char volatility;
  bool aggregate, set_returning, window;
};
constexpr Function kFunctions[] = {
#include "router/postgres_functions.inc"
};

struct Relation {
  std::string_view name;
  char kind;
};
constexpr Relation kRelations[] = {
#include "router/postgres_relations.inc"
};

constexpr std::string_view kOperators[] = {
#include "router/postgres_operators.inc"
};

// https://www.postgresql.org/docs/15/datatype.html; sorted
constexpr std::string_view kTypes[] = {"aclitem",
                                       "bit",
                                       "bool",
                                       "box",
                                       "bpchar",
                                       "bytea",
                                       "char",
                                       "cid",
                                       "cidr",
                                       "circle",
                                       "cstring",
                                       "date",
                                       "datemultirange",
                                       "daterange",
                                       "float4",
                                       "float8",
                                       "inet",
                                       "int2",
                                       "int2vector",
                                       "int4",
                                       "int4multirange",
                                       "int4range",
                                       "int8",
                                       "int8multirange",
                                       "int8range",
                                       "interval",
                                       "json",
                                       "jsonb",
                                       "jsonpath",
                                       "line",
                                       "lseg",
                                       "macaddr",
                                       "macaddr8",
                                       "money",
                                       "name",
                                       "numeric",
                                       "nummultirange",
                                       "numrange",
                                       "oid",
                                       "oidvector",
                                       "path",
                                       "pg_lsn",
                                       "pg_snapshot",
                                       "point",
                                       "polygon",
                                       "record",
                                       "refcursor",
                                       "regclass",
                                       "regcollation",
                                       "regconfig",
                                       "regdictionary",
                                       "regnamespace",
                                       "regoper",
                                       "regoperator",
                                       "regproc",
                                       "regprocedure",
                                       "regrole",
                                       "regtype",
                                       "text",
                                       "tid",
                                       "time",
                                       "timestamp",
                                       "timestamptz",
                                       "timetz",
                                       "tsmultirange",
                                       "tsquery",
                                       "tsrange",
                                       "tstzmultirange",
                                       "tstzrange",
                                       "tsvector",
                                       "txid_snapshot",
                                       "unknown",
                                       "uuid",
                                       "varbit",
                                       "varchar",
                                       "void",
                                       "xid",
                                       "xid8",
                                       "xml"};

template <std::size_t N>
constexpr bool any_of(const std::string_view (&names)[N], std::string_view name) noexcept {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// Volatile only because their answers differ from call to call; they change nothing.
constexpr std::string_view kVolatileReads[] = {"random",
                                               "clock_timestamp",
                                               "timeofday",
                                               "gen_random_uuid",
                                               "pg_sleep",
                                               "pg_sleep_for",
                                               "pg_sleep_until",
                                               "current_query",
                                               "pg_partition_tree",
                                               "pg_partition_ancestors",
                                               "pg_relation_size",
                                               "pg_table_size",
                                               "pg_indexes_size",
                                               "pg_total_relation_size",
                                               "pg_database_size",
                                               "pg_tablespace_size"};

// Stable, but about the server, its transactions or this session's backend.
constexpr std::string_view kAboutTheServer[] = {"txid_current",
                                                "txid_current_if_assigned",
                                                "txid_current_snapshot",
                                                "txid_visible_in_snapshot",
                                                "pg_current_xact_id",
                                                "pg_current_xact_id_if_assigned",
                                                "pg_current_snapshot",
                                                "pg_visible_in_snapshot",
                                                "pg_backend_pid",
                                                "pg_postmaster_start_time",
                                                "pg_conf_load_time",
                                                "inet_server_addr",
                                                "inet_server_port",
                                                "inet_client_addr",
                                                "inet_client_port",
                                                "pg_listening_channels",
                                                "pg_cursor",
                                                "pg_prepared_statement",
                                                "pg_my_temp_schema",
                                                "pg_is_other_temp_schema",
                                                "pg_lock_status",
                                                "pg_show_all_settings",
                                                "pg_settings_get_flags",
                                                "pg_get_replication_slots",
                                                "pg_relation_filenode",
                                                "pg_relation_filepath",
                                                "pg_filenode_relation",
                                                "pg_sequence_parameters",
                                                "pg_replication_origin_oid",
                                                "mxid_age",
                                                "pg_get_multixact_members"};

constexpr std::string_view kReadsUnseen[] = {"query_to_xml",
                                             "query_to_xmlschema",
                                             "query_to_xml_and_xmlschema",
                                             "cursor_to_xml",
                                             "cursor_to_xmlschema",
                                             "table_to_xml",
                                             "table_to_xmlschema",
                                             "table_to_xml_and_xmlschema",
                                             "schema_to_xml",
                                             "schema_to_xmlschema",
                                             "schema_to_xml_and_xmlschema",
                                             "database_to_xml",
                                             "database_to_xmlschema",
                                             "database_to_xml_and_xmlschema",
                                             "ts_stat",
                                             "ts_rewrite",
                                             "currtid2"};

constexpr std::string_view kNow[] = {"now", "transaction_timestamp"};
constexpr std::string_view kSequences[] = {"nextval", "currval", "setval", "lastval"};
constexpr std::string_view kSessionSequences[] = {"currval", "lastval"};

// Stable only through settings that follow the client to every server, never through tables or the clock.
constexpr std::string_view kStableEverywhere[] = {"array_to_json",
                                                  "array_to_string",
                                                  "concat",
                                                  "concat_ws",
                                                  "convert",
                                                  "convert_from",
                                                  "convert_to",
                                                  "date",
                                                  "date_part",
                                                  "date_trunc",
                                                  "extract",
                                                  "format",
                                                  "interval_pl_timestamptz",
                                                  "json_build_array",
                                                  "json_build_object",
                                                  "jsonb_build_array",
                                                  "jsonb_build_object",
                                                  "length",
                                                  "make_timestamptz",
                                                  "numeric",
                                                  "overlaps",
                                                  "quote_literal",
                                                  "quote_nullable",
                                                  "row_to_json",
                                                  "timestamp",
                                                  "timestamptz",
                                                  "timestamptz_mi_interval",
                                                  "timestamptz_pl_interval",
                                                  "timezone",
                                                  "to_char",
                                                  "to_json",
                                                  "to_jsonb",
                                                  "to_number",
                                                  "textanycat",
                                                  "anytextcat",
                                                  "generate_series",
                                                  "jsonb_path_exists_tz",
                                                  "jsonb_path_match_tz",
                                                  "jsonb_path_query_array_tz",
                                                  "jsonb_path_query_first_tz"};

constexpr std::string_view kOrderFree[] = {"count", "min", "max", "bool_and", "bool_or", "every", "bit_and", "bit_or"};

bool starts_with(std::string_view text, std::string_view start) noexcept {
  return text.substr(0, start.size()) == start;
}

bool is_advisory(std::string_view name) noexcept {
  return starts_with(name, "pg_advisory_") || starts_with(name, "pg_try_advisory_");
}

bool is_large_object(std::string_view name) noexcept {
  return starts_with(name, "lo_") || name == "loread" || name == "lowrite";
}

bool is_about_the_server(std::string_view name) noexcept {
  return any_of(kAboutTheServer, name) || starts_with(name, "pg_stat_") || starts_with(name, "pg_wal_") ||
         starts_with(name, "pg_last_") || starts_with(name, "pg_current_wal") || starts_with(name, "binary_upgrade_");
}

const Function* find(std::string_view name) noexcept {
  const auto found = std::lower_bound(std::begin(kFunctions), std::end(kFunctions), name,
                                      [](const Function& f, std::string_view n) { return f.name < n; });
  return found != std::end(kFunctions) && found->name == name ? found : nullptr;
}

}  // namespace

FunctionFacts function_facts(std::string_view name) noexcept {
  FunctionFacts facts;
  const auto* function = find(name);
  if (function == nullptr) return facts;
  facts.known = true;
  facts.aggregate = function->aggregate;
  facts.window = function->window;
  facts.order_matters = function->aggregate && !any_of(kOrderFree, name);
  facts.now = any_of(kNow, name);
  facts.sequence = any_of(kSequences, name);
  facts.session_sequence = any_of(kSessionSequences, name);
  facts.session_lock = is_advisory(name) && name.find("advisory_lock") != std::string_view::npos;
  facts.needs_home = is_advisory(name) || is_large_object(name) || name == "pg_notify";
  facts.writes_home = is_large_object(name) || name == "pg_notify";
  facts.reads_unseen = any_of(kReadsUnseen, name);
  const bool quiet = function->volatility != 'v' || any_of(kVolatileReads, name);
  facts.replica_safe =
      quiet && !facts.sequence && !facts.needs_home && !facts.reads_unseen && !is_about_the_server(name);
  facts.same_everywhere = !is_about_the_server(name) && !facts.reads_unseen &&
                          (function->volatility == 'i' || any_of(kStableEverywhere, name));
  return facts;
}

bool is_builtin_operator(std::string_view name) noexcept {
  return std::binary_search(std::begin(kOperators), std::end(kOperators), name) || name == "<>" || name == "!=";
}

bool is_builtin_type(std::string_view name) noexcept {
  return std::binary_search(std::begin(kTypes), std::end(kTypes), name);
}

CatalogRelation catalog_relation(std::string_view name) noexcept {
  static constexpr std::string_view kViewsOfTables[] = {"pg_group",
                                                        "pg_indexes",
                                                        "pg_matviews",
                                                        "pg_policies",
                                                        "pg_publication_tables",
                                                        "pg_roles",
                                                        "pg_rules",
                                                        "pg_seclabels",
                                                        "pg_shadow",
                                                        "pg_stats",
                                                        "pg_stats_ext",
                                                        "pg_stats_ext_exprs",
                                                        "pg_tables",
                                                        "pg_user",
                                                        "pg_user_mappings",
                                                        "pg_views",
                                                        "pg_timezone_names",
                                                        "pg_timezone_abbrevs",
                                                        "pg_available_extensions",
                                                        "pg_available_extension_versions"};
  const auto found = std::lower_bound(std::begin(kRelations), std::end(kRelations), name,
                                      [](const Relation& r, std::string_view n) { return r.name < n; });
  if (found == std::end(kRelations) || found->name != name) return CatalogRelation::kNone;
  return found->kind == 'r' || any_of(kViewsOfTables, name) ? CatalogRelation::kReplicaSafe
                                                            : CatalogRelation::kServerState;
}

}  // namespace shardway::router
