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
    "abs acos add_months adddate addtime aes_decrypt aes_encrypt any_value ascii asin atan atan2 bin bin_to_uuid "
    "bit_count bit_length cast ceil ceiling char char_length character_length charset chr coalesce coercibility "
    "collation column_add column_check column_create column_delete column_exists column_get column_json column_list "
    "compress concat concat_ws conv convert convert_tz cos cot crc32 crc32c date date_add date_format date_sub "
    "datediff "
    "day dayname dayofmonth dayofweek dayofyear decode decode_oracle default degrees des_decrypt des_encrypt elt "
    "encode "
    "exp export_set extract extractvalue field find_in_set floor format format_bytes format_pico_time from_base64 "
    "from_days from_unixtime get_format greatest grouping hex hour if ifnull inet6_aton inet6_ntoa inet_aton inet_ntoa "
    "insert instr interval is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6 is_uuid isnull json_array json_array_append "
    "json_array_insert json_array_intersect json_compact json_contains json_contains_path json_depth json_detailed "
    "json_equals json_exists json_extract json_insert json_keys json_length json_loose json_merge json_merge_patch "
    "json_merge_preserve json_normalize json_object json_object_filter_keys json_object_to_array json_overlaps "
    "json_pretty json_query json_quote json_remove json_replace json_schema_valid json_search json_set "
    "json_storage_free "
    "json_storage_size json_type json_unquote json_valid json_value kdf last_day lcase least left length lengthb ln "
    "locate log log10 log2 lower lpad ltrim make_set makedate maketime md5 microsecond mid minute mod month monthname "
    "name_const natural_sort_key nullif nvl nvl2 oct octet_length old_password ord password period_add period_diff pi "
    "point position pow power quarter quote radians regexp_instr regexp_like regexp_replace regexp_substr repeat "
    "replace "
    "reverse right round rpad rtrim schema database sec_to_time second sformat sha sha1 sha2 sign sin soundex space "
    "sqrt "
    "statement_digest statement_digest_text strcmp str_to_date subdate substr substring substring_index subtime tan "
    "time "
    "time_format time_to_sec timediff timestamp timestampadd timestampdiff to_base64 to_char to_days to_seconds trim "
    "trim_oracle truncate ucase uncompress uncompressed_length unhex updatexml upper user current_user current_role "
    "session_user system_user uuid_to_bin validate_password_strength value values vec_distance version week weekday "
    "weekofyear weight_string year yearweek match row geometrycollection linestring multilinestring multipoint "
    "multipolygon polygon schemas area asbinary astext aswkb aswkt boundary buffer centroid contains convexhull "
    "crosses "
    "dimension disjoint endpoint envelope equals exteriorring geomcollfromtext geometryn geometrytype glength "
    "interiorringn intersects isclosed isempty isring issimple mbrcontains mbrcoveredby mbrcovers mbrdisjoint mbrequal "
    "mbrequals mbrintersects mbroverlaps mbrtouches mbrwithin numgeometries numinteriorrings numpoints overlaps "
    "pointn pointonsurface srid startpoint touches within x y st_area st_asbinary st_asgeojson st_astext st_aswkb "
    "st_aswkt st_boundary st_buffer st_centroid st_collect st_contains st_convexhull st_crosses st_difference "
    "st_dimension "
    "st_disjoint st_distance st_distance_sphere st_endpoint st_envelope st_equals st_exteriorring st_geohash "
    "st_geomcollfromtext st_geometryfromtext st_geomfromgeojson st_geomfromtext st_geomfromwkb st_geometryn "
    "st_geometrytype st_interiorringn st_intersection st_intersects st_isclosed st_isempty st_isring st_issimple "
    "st_isvalid st_latfromgeohash st_latitude st_length st_linefromtext st_longfromgeohash st_longitude "
    "st_makeenvelope st_numgeometries st_numinteriorrings st_numpoints st_overlaps st_pointfromgeohash "
    "st_pointfromtext st_pointn st_pointonsurface st_polyfromtext st_relate st_simplify st_srid st_startpoint "
    "st_swapxy st_symdifference st_touches st_transform st_union st_validate st_within st_x st_y";

constexpr std::string_view kAggregates =
    "avg bit_and bit_or bit_xor count cume_dist dense_rank first_value group_concat json_arrayagg json_objectagg lag "
    "last_value lead max median min nth_value ntile percent_rank percentile_cont percentile_disc rank row_number std "
    "stddev stddev_pop stddev_samp sum var_pop var_samp variance";

constexpr std::string_view kNow =
    "curdate current_date current_time current_timestamp curtime localtime localtimestamp now sysdate unix_timestamp "
    "utc_date utc_time utc_timestamp";

constexpr std::string_view kVarying = "encrypt rand random_bytes sys_guid uuid uuid_v4 uuid_v7 uuidv7";

// Of the server connection, or with effects there.
constexpr std::string_view kConnection = "connection_id found_rows last_insert_id ps_current_thread_id row_count";

// Locks, sequences, waiting, files, replication: one server's.
constexpr std::string_view kServers =
    "benchmark binlog_gtid_pos decode_histogram get_lock gtid_subset gtid_subtract is_free_lock is_used_lock lastval "
    "load_file master_gtid_wait master_pos_wait nextval ps_thread_id release_all_locks release_lock setval sleep "
    "source_pos_wait uuid_short wait_for_executed_gtid_set wait_until_sql_thread_after_gtids wsrep_last_seen_gtid "
    "wsrep_last_written_gtid wsrep_sync_wait_upto_gtid";

// https://dev.mysql.com/doc/refman/8.0/en/function-resolution.html
constexpr std::string_view kSpaceMatters =
    "adddate bit_and bit_or bit_xor cast count curdate curtime date_add date_sub extract group_concat json_arrayagg "
    "json_objectagg max mid min now position session_user std stddev stddev_pop stddev_samp subdate substr substring "
    "sum "
    "sysdate system_user trim variance var_pop var_samp st_collect cume_dist dense_rank first_value lag last_value "
    "lead "
    "nth_value ntile percent_rank rank row_number median percentile_cont percentile_disc";

constexpr std::string_view kGrammar =
    "against all and any as asc between bigint binary bit blob by case char character check columns convert cross cube "
    "date datetime dec decimal delayed delete desc distinct distinctrow div double else elsif end enum escape except "
    "exists explain fixed float float4 float8 for force from full geometry having high_priority if ignore in index "
    "inner "
    "inout insert int integer intersect interval into is join key language lateral left like limit long low_priority "
    "match mediumint mod natural nchar nested not null numeric nvarchar of offset on or order ordinality out outer "
    "over "
    "partition precision primary procedure quick real recursive regexp replace returning right rlike rollup row rows "
    "select separator set signed smallint some sounds sql_big_result sql_buffer_result sql_cache sql_calc_found_rows "
    "sql_no_cache sql_small_result straight_join table text then time timestamp tinyint union unique unsigned update "
    "use "
    "using value values varbinary varchar varcharacter varying when where window with xor year filter member groups "
    "range json_table ignored nowait skip wait share";

template <class Set>
void each_word(std::string_view words, Set set) {
  while (!words.empty()) {
    const auto end = std::min(words.find(' '), words.size());
    if (end > 0) set(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
}

std::unordered_map<std::string_view, FunctionFacts> make_functions() {
  std::unordered_map<std::string_view, FunctionFacts> all;
  const auto known = [&](std::string_view words, FunctionFacts facts) {
    facts.known = true;
    each_word(words, [&](std::string_view word) { all[word] = facts; });
  };
  known(kPlain, {});
  known(kAggregates, {.aggregate = true});
  known(kNow, {.varies = true, .now = true});
  known(kVarying, {.varies = true});
  known(kConnection, {.varies = true, .primary = true, .home = true});
  known(kServers, {.varies = true, .primary = true, .home = true});
  each_word(kSpaceMatters, [&](std::string_view word) { all[word].spaced_is_other = true; });
  return all;
}

std::unordered_set<std::string_view> make_grammar() {
  std::unordered_set<std::string_view> all;
  each_word(kGrammar, [&](std::string_view word) { all.insert(word); });
  return all;
}

}  // namespace

FunctionFacts function_facts(std::string_view name) {
  static const auto functions = make_functions();
  const auto found = functions.find(name);
  return found == functions.end() ? FunctionFacts{} : found->second;
}

bool is_grammar_word(std::string_view name) {
  static const auto words = make_grammar();
  return words.count(name) > 0;
}

}  // namespace shardway::router::mysql
