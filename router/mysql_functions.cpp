#include "router/mysql_functions.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

// From information_schema.SQL_FUNCTIONS of MariaDB 10.11 and
// https://dev.mysql.com/doc/refman/8.0/en/built-in-function-reference.html.
namespace shardway::router::mysql {

namespace {

// The same for equal arguments, wherever and whenever.
constexpr std::string_view kPlain =
    "abs acos adddate addtime aes_decrypt aes_encrypt ascii asin atan atan2 bin bit_count bit_length cast ceil "
    "ceiling char char_length character_length charset coalesce coercibility collation compress concat concat_ws conv "
    "convert convert_tz cos cot crc32 current_role current_user database date date_add date_format date_sub datediff "
    "day dayname dayofmonth dayofweek dayofyear default degrees elt exp export_set extract extractvalue field "
    "find_in_set floor format from_base64 from_days from_unixtime geometrycollection get_format greatest hex hour if "
    "ifnull inet6_aton inet6_ntoa inet_aton inet_ntoa insert instr interval is_ipv4 is_ipv4_compat is_ipv4_mapped "
    "is_ipv6 isnull json_array json_array_append json_array_insert json_contains json_contains_path json_depth "
    "json_extract json_insert json_keys json_length json_merge json_merge_patch json_merge_preserve json_object "
    "json_overlaps json_pretty json_quote json_remove json_replace json_search json_set json_type json_unquote "
    "json_valid json_value last_day lcase least left length linestring ln locate log log10 log2 lower lpad ltrim "
    "make_set makedate maketime match mbrcontains mbrdisjoint mbrequals mbrintersects mbroverlaps mbrtouches "
    "mbrwithin md5 microsecond mid minute mod month monthname multilinestring multipoint multipolygon name_const "
    "nullif oct octet_length ord period_add period_diff pi point polygon position pow power quarter quote radians "
    "regexp_instr regexp_replace regexp_substr repeat replace reverse right round row rpad rtrim schema schemas "
    "sec_to_time second session_user sha sha1 sha2 sign sin soundex space sqrt st_area st_asbinary st_asgeojson "
    "st_astext st_aswkb st_aswkt st_buffer st_centroid st_contains st_convexhull st_crosses st_difference "
    "st_dimension st_disjoint st_distance st_distance_sphere st_endpoint st_envelope st_equals st_exteriorring "
    "st_geomcollfromtext st_geomcollfromwkb st_geometrycollectionfromtext st_geometrycollectionfromwkb "
    "st_geometryfromtext st_geometryfromwkb st_geometryn st_geometrytype st_geomfromgeojson st_geomfromtext "
    "st_geomfromwkb st_interiorringn st_intersection st_intersects st_isclosed st_isempty st_issimple st_length "
    "st_linefromtext st_linefromwkb st_linestringfromtext st_linestringfromwkb st_mlinefromtext st_mlinefromwkb "
    "st_mpointfromtext st_mpointfromwkb st_mpolyfromtext st_mpolyfromwkb st_multilinestringfromtext "
    "st_multilinestringfromwkb st_multipointfromtext st_multipointfromwkb st_multipolygonfromtext "
    "st_multipolygonfromwkb st_numgeometries st_numinteriorrings st_numpoints st_overlaps st_pointfromtext "
    "st_pointfromwkb st_pointn st_polyfromtext st_polyfromwkb st_polygonfromtext st_polygonfromwkb st_srid "
    "st_startpoint st_symdifference st_touches st_union st_within st_x st_y str_to_date strcmp subdate substr "
    "substring substring_index subtime system_user tan time time_format time_to_sec timediff timestamp timestampadd "
    "timestampdiff to_base64 to_days to_seconds trim truncate ucase uncompress uncompressed_length unhex updatexml "
    "upper user value values version week weekday weekofyear weight_string year yearweek";

// The same, but of one of the servers only: to another such a name is a stored function's.
constexpr std::string_view kPlainOfMariaDb =
    "add_months area asbinary astext aswkb aswkt boundary buffer centroid chr column_add column_check column_create "
    "column_delete column_exists column_get column_json column_list concat_operator_oracle contains convexhull crc32c "
    "crosses decode decode_oracle des_decrypt des_encrypt dimension disjoint encode endpoint envelope equals "
    "exteriorring geomcollfromtext geomcollfromwkb geometrycollectionfromtext geometrycollectionfromwkb "
    "geometryfromtext geometryfromwkb geometryn geometrytype geomfromtext geomfromwkb glength interiorringn "
    "intersects isclosed isempty isring issimple json_compact json_detailed json_equals json_exists json_loose "
    "json_normalize json_query lengthb linefromtext linefromwkb linestringfromtext linestringfromwkb lpad_oracle "
    "ltrim_oracle mbrequal mlinefromtext mlinefromwkb mpointfromtext mpointfromwkb mpolyfromtext mpolyfromwkb "
    "multilinestringfromtext multilinestringfromwkb multipointfromtext multipointfromwkb multipolygonfromtext "
    "multipolygonfromwkb natural_sort_key numgeometries numinteriorrings numpoints nvl nvl2 old_password overlaps "
    "password pointfromtext pointfromwkb pointn pointonsurface polyfromtext polyfromwkb polygonfromtext "
    "polygonfromwkb replace_oracle rpad_oracle rtrim_oracle sformat sql_tsi_day sql_tsi_hour sql_tsi_minute "
    "sql_tsi_month sql_tsi_second sql_tsi_year srid st_boundary st_isring st_pointonsurface st_relate startpoint "
    "substr_oracle to_char touches trim_oracle within x y";

constexpr std::string_view kPlainOfMysql =
    "any_value bin_to_uuid format_bytes grouping is_uuid json_storage_free json_storage_size mbrcoveredby "
    "mbrcovers regexp_like st_collect st_geohash st_isvalid st_latfromgeohash st_latitude st_longfromgeohash "
    "st_longitude st_makeenvelope st_pointfromgeohash st_simplify st_swapxy st_transform st_validate "
    "statement_digest statement_digest_text uuid_to_bin validate_password_strength";

// Of MariaDB 11.7, or a little earlier; the first two of MySQL too.
constexpr std::string_view kPlainOfBothLater = "format_pico_time json_schema_valid";
constexpr std::string_view kPlainOfLaterMariaDb =
    "json_array_intersect json_object_filter_keys json_object_to_array kdf vec_distance";
constexpr std::string_view kVaryingOfLaterMariaDb = "uuid_v4 uuid_v7";

constexpr std::string_view kAggregates =
    "avg bit_and bit_or bit_xor count cume_dist dense_rank first_value group_concat json_arrayagg json_objectagg lag "
    "last_value lead max median min nth_value ntile percent_rank percentile_cont percentile_disc rank row_number std "
    "stddev stddev_pop stddev_samp sum var_pop var_samp variance";

constexpr std::string_view kNow =
    "curdate current_date current_time current_timestamp curtime localtime localtimestamp now sysdate unix_timestamp "
    "utc_date utc_time utc_timestamp";

constexpr std::string_view kVarying = "encrypt rand random_bytes rownum sys_guid uuid";

// Of the server connection, or with effects there.
constexpr std::string_view kConnection = "connection_id found_rows row_count";

// Locks, sequences, files, replication: one server's.
constexpr std::string_view kServers =
    "get_lock is_free_lock is_used_lock load_file master_pos_wait release_all_locks release_lock uuid_short";

// They take their time, wherever that is.
constexpr std::string_view kIdle = "benchmark sleep";

constexpr std::string_view kServersOfMariaDb =
    "binlog_gtid_pos decode_histogram lastval master_gtid_wait nextval setval wsrep_last_seen_gtid "
    "wsrep_last_written_gtid wsrep_sync_wait_upto_gtid";

constexpr std::string_view kServersOfMysql =
    "gtid_subset gtid_subtract ps_thread_id source_pos_wait wait_for_executed_gtid_set "
    "wait_until_sql_thread_after_gtids";

// https://dev.mysql.com/doc/refman/8.0/en/function-resolution.html
constexpr std::string_view kSpaceMatters =
    "adddate bit_and bit_or bit_xor cast count curdate curtime date_add date_sub extract group_concat "
    "json_arrayagg json_objectagg max mid min now position session_user std stddev stddev_pop stddev_samp subdate "
    "substr substring sum sysdate system_user trim variance var_pop var_samp st_collect cume_dist dense_rank "
    "first_value lag lead nth_value ntile percent_rank rank median percentile_cont percentile_disc";

constexpr std::string_view kGrammar =
    "all and any as asc between bigint binary bit blob by case char character check columns convert cross date "
    "datetime dec decimal delayed delete desc distinct distinctrow div double else end enum escape except exists "
    "explain fixed float float4 float8 for force from group having high_priority if ignore in index inner inout insert "
    "int integer intersect interval into is join key language lateral left like limit long low_priority match "
    "mediumint minus mod natural nchar not null numeric nvarchar of offset on or order out outer over partition "
    "precision primary procedure real recursive regexp replace returning right rlike row rows select separator "
    "set signed smallint some sounds sql_big_result sql_buffer_result sql_cache sql_calc_found_rows sql_no_cache "
    "sql_small_result straight_join table text then time timestamp tinyint union unique unsigned update use using "
    "value values varbinary varchar varcharacter varying when where window with xor year range json_table ignored";

template <class Set>
void each_word(std::string_view words, Set set) {
  while (!words.empty()) {
    const auto end = std::min(words.find(' '), words.size());
    if (end > 0) set(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
}

constexpr std::uint32_t kAlways = 0, kLater = 110700, kNever = ~std::uint32_t{0};

struct Known {
  FunctionFacts facts;
  bool of_mysql = true;
  std::uint32_t mariadb_since = kAlways;
};

std::unordered_map<std::string_view, Known> make_functions() {
  std::unordered_map<std::string_view, Known> all;
  const auto known = [&](std::string_view words, FunctionFacts facts, bool of_mysql = true,
                         std::uint32_t mariadb_since = kAlways) {
    facts.known = true;
    each_word(words, [&](std::string_view word) { all[word] = {facts, of_mysql, mariadb_since}; });
  };
  const FunctionFacts servers{.varies = true, .primary = true, .home = true};
  known(kPlain, {});
  known(kPlainOfMariaDb, {}, false);
  known(kPlainOfMysql, {}, true, kNever);
  known(kPlainOfBothLater, {}, true, kLater);
  known(kPlainOfLaterMariaDb, {}, false, kLater);
  known(kAggregates, {.aggregate = true});
  known(kNow, {.varies = true, .now = true});
  known(kVarying, {.varies = true});
  known(kVaryingOfLaterMariaDb, {.varies = true}, false, kLater);
  known(kConnection, servers);
  known("last_insert_id", {.varies = true, .primary = true});  // the session takes it along to any connection
  known("ps_current_thread_id", servers, true, kNever);
  known(kServers, servers);
  known(kIdle, {.varies = true, .primary = true});
  known(kServersOfMariaDb, servers, false);
  known(kServersOfMysql, servers, true, kNever);
  each_word(kSpaceMatters, [&](std::string_view word) { all[word].facts.spaced_is_other = true; });
  return all;
}

std::unordered_set<std::string_view> make_grammar() {
  std::unordered_set<std::string_view> all;
  each_word(kGrammar, [&](std::string_view word) { all.insert(word); });
  return all;
}

}  // namespace

FunctionFacts function_facts(std::string_view name, const MysqlMode& mode) {
  static const auto functions = make_functions();
  const auto found = functions.find(name);
  if (found == functions.end()) return {};
  const bool mysql = mode.server == MysqlMode::Server::kMysql;
  const bool there = mysql ? found->second.of_mysql : mode.version >= found->second.mariadb_since;
  return there ? found->second.facts : FunctionFacts{};
}

bool is_grammar_word(std::string_view name) {
  static const auto words = make_grammar();
  return words.count(name) > 0;
}

}  // namespace shardway::router::mysql
