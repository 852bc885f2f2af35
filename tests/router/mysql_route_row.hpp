// How a row of tests/golden/routes_mysql.txt is read: its flags as modes and parameters, its statement as plans.
#pragma once

#include <cstring>

#include "router/language.hpp"
#include "tests/router/route_row.hpp"

namespace shardway::router::shop {

inline MysqlMode mysql_mode_of(const Row& row) {
  MysqlMode mode;
  mode.ansi_quotes = row.has("ansi_quotes");
  mode.no_backslash_escapes = row.has("no_backslash_escapes");
  mode.pipes_as_concat = row.has("pipes_as_concat");
  mode.ignore_space = row.has("ignore_space");
  mode.oracle = row.has("oracle");
  mode.lower_case_table_names = row.has("lower_case_table_names");
  mode.zero_is_number = row.has("no_auto_value_on_zero");
  if (row.has("gbk")) mode.charset = MysqlMode::Charset::kGbk;
  if (row.has("sjis")) mode.charset = MysqlMode::Charset::kSjis;
  if (row.has("big5")) mode.charset = MysqlMode::Charset::kBig5;
  if (row.has("latin1")) mode.charset = MysqlMode::Charset::kSingleByte;
  if (row.has("mysql8")) {
    mode.server = MysqlMode::Server::kMysql;
    mode.version = 80036;
  }
  return mode;
}

inline std::shared_ptr<Topology> mysql_topology(const Row& row) {
  auto made = topology_of(row);
  made->language = &kMysqlLanguage;
  if (row.has("counting_alike") && made->catalog) {
    auto catalog = std::make_shared<Catalog>(*made->catalog);
    catalog->numberings = {{1, 1}, {1, 1}};
    made->catalog = std::move(catalog);
  }
  return made;
}

// ?1=42 (a LONGLONG), ?1:string=42, ?1:double=42, ?1=NULL; all as COM_STMT_EXECUTE brings them.
struct MysqlParameters {
  std::vector<std::string> bytes;
  std::vector<ParameterValue> values;
  std::vector<std::uint32_t> types;

  explicit MysqlParameters(const Row& row) {
    bytes.reserve(9);
    for (int i = 1; i <= 9; ++i) {
      const auto name = "?" + std::to_string(i);
      if (const auto integer = row.value(name + "=")) {
        const bool null = *integer == "NULL";
        const std::int64_t value = null ? 0 : std::stoll(*integer);
        add(8, std::string(reinterpret_cast<const char*>(&value), sizeof value), null);
      } else if (const auto text = row.value(name + ":string=")) {
        add(253, *text, false);
      } else if (const auto number = row.value(name + ":double=")) {
        const double value = std::stod(*number);
        add(5, std::string(reinterpret_cast<const char*>(&value), sizeof value), false);
      } else {
        break;
      }
    }
  }

 private:
  void add(std::uint32_t type, std::string value, bool null) {
    bytes.push_back(std::move(value));
    values.push_back({null ? std::nullopt : std::optional<std::string_view>(bytes.back()), true});
    types.push_back(type);
  }
};

// \xNN in a row is that byte.
inline std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "\\x" && i + 3 < text.size() &&
        std::isxdigit(static_cast<unsigned char>(text[i + 2])) != 0) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 2, 2)), nullptr, 16));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

// The plans, and what else the session must know.
inline std::string mysql_route(const Row& row, StatementCache& cache, unsigned& parameter_count) {
  const auto text = unescaped(row.sql);
  ParseSettings settings;
  settings.mysql = mysql_mode_of(row);
  const auto database = row.value("db=").value_or("");
  settings.search_path = database;
  Literals literals;
  const auto query = cache.find(text, settings, literals);
  const MysqlParameters parameters(row);
  const Values values{&literals, &parameters.values, &parameters.types};
  SessionView session;
  session.hints_allowed = row.has("hints");
  session.mysql = settings.mysql;
  std::string all;
  parameter_count = 0;
  for (const auto& statement : query->statements) {
    const auto made = plan(statement, values, *cache.topology(), session, text);
    parameter_count += statement.parameters;
    all += (all.empty() ? "" : " ; ") + written(statement, made, *cache.topology());
    if (made.action == Action::kRefuse) continue;
    if (made.numbers) all += " numbers";
    if (made.numbering.increment != 0)
      all += "=" + std::to_string(made.numbering.offset) + "+" + std::to_string(made.numbering.increment);
    for (const auto& [flag, name] :
         {std::pair(statement.implicit_commit, " commits"),
          std::pair(statement.reads_last_insert_id, " last_insert_id"),
          std::pair(statement.reads_last_outcome, " last_outcome"),
          std::pair(statement.leaves_found_rows, " found_rows"),
          std::pair(statement.reads_user_variables, " user_variables"),
          std::pair(statement.reads_connection_id, " connection_id"),
          std::pair(statement.loads_client_file, " client_file"), std::pair(statement.read_only_begin, " read_only"),
          std::pair(statement.consistent_snapshot, " snapshot"), std::pair(statement.chain, " chain"),
          std::pair(statement.release, " release"), std::pair(statement.kind == StatementKind::kOther, " other")})
      if (flag) all += name;
  }
  return all;
}

}  // namespace shardway::router::shop
