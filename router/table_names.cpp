#include "router/table_names.hpp"

#include <algorithm>

#include "router/builtin_functions.hpp"
#include "router/statement_lexer.hpp"

namespace shardway::router {

namespace {

constexpr std::string_view kPathSpaces = " \t\n\r\f";

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// One quoted part, from behind the opening quote; `at` ends behind the closing one.
std::string quoted_part(std::string_view path, std::size_t& at, char quote) {
  std::string part;
  for (; at < path.size(); ++at) {
    if (path[at] == quote) {
      if (at + 1 >= path.size() || path[at + 1] != quote) break;
      ++at;
    }
    part += path[at];
  }
  ++at;
  return part;
}

// Of no schema at all the empty name, which none has.
std::string quoted_path(const std::vector<std::string>& schemas) {
  if (schemas.empty()) return "\"\"";
  std::string path;
  for (const auto& schema : schemas) {
    path += path.empty() ? "\"" : ", \"";
    for (const char c : schema) path += c == '"' ? "\"\"" : std::string(1, c);
    path += '"';
  }
  return path;
}

ResolvedName listed(const Table& table) { return {NameMeaning::kListed, &table, table.schema}; }

ResolvedName resolve_qualified(const Topology& topology, std::string_view schema, std::string_view name) {
  if (schema == "pg_catalog" || schema == "information_schema" || schema == "pg_toast")
    return {NameMeaning::kCatalog, nullptr, std::string(schema)};
  if (schema.substr(0, 7) == "pg_temp") return {NameMeaning::kTemporary, nullptr, std::string(schema)};
  if (const auto* table = topology.tables.find(schema, name)) return listed(*table);
  return {NameMeaning::kUnlisted, nullptr, std::string(schema)};
}

}  // namespace

std::vector<std::string> split_search_path(std::string_view path) {
  std::vector<std::string> schemas;
  std::size_t at = 0;
  while (at < path.size()) {
    const char c = path[at];
    if (kPathSpaces.find(c) != std::string_view::npos || c == ',') {
      ++at;
    } else if (c == '"') {
      schemas.push_back(quoted_part(path, ++at, '"'));
    } else if (c == '\'') {
      schemas.push_back(quoted_part(path, ++at, '\''));
    } else {
      std::string part;
      for (; at < path.size() && path[at] != ',' && kPathSpaces.find(path[at]) == std::string_view::npos; ++at)
        part += lower(path[at]);
      schemas.push_back(std::move(part));
    }
  }
  return schemas;
}

std::string search_path_of_set(std::string_view value_sql) {
  std::vector<std::string> schemas;
  StatementLexer lexer(value_sql, true);
  for (auto token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next())
    if (token.kind == TokenKind::kString)
      schemas.push_back(unquote(value_sql.substr(token.begin, token.end - token.begin), true).value_or("?,?"));
  return quoted_path(schemas);
}

std::string search_path_of_string(std::string_view literal) {
  const auto path = unquote(literal, true);
  return path ? quoted_path(split_search_path(*path)) : "\"?,?\"";
}

ResolvedName resolve_table(const Topology& topology, std::string_view search_path, std::string_view schema,
                           std::string_view name) {
  if (!schema.empty()) return resolve_qualified(topology, schema, name);
  if (catalog_relation(name) != CatalogRelation::kNone) return {NameMeaning::kCatalog, nullptr, "pg_catalog"};
  const auto path = search_path.empty() ? std::vector<std::string>{"public"} : split_search_path(search_path);
  const bool only_public = path.size() == 1 && path[0] == "public";
  const auto is_passed_over = [](const std::string& one) {
    return one.empty() || one == "$user" || one == "pg_catalog";
  };
  for (const auto& candidate : path) {
    if (is_passed_over(candidate)) continue;
    // 'a, b' in quotes is one schema or two, depending on who wrote it.
    if (candidate == "information_schema" || candidate.substr(0, 7) == "pg_temp" ||
        candidate.find(',') != std::string::npos)
      return {NameMeaning::kUnclear, nullptr, candidate};
    if (const auto* table = topology.tables.find(candidate, name)) return listed(*table);
    if (topology.catalog && topology.catalog->columns(candidate, name) != nullptr)
      return {NameMeaning::kUnlisted, nullptr, candidate};
    // Without the catalog a schema that stands earlier may have an unlisted table of this name.
    if (!topology.catalog && !only_public && candidate != path.back()) {
      bool listed_later = false;
      for (const auto& later : path) listed_later = listed_later || topology.tables.find(later, name) != nullptr;
      if (listed_later) return {NameMeaning::kUnclear, nullptr, candidate};
    }
  }
  const auto first = std::find_if_not(path.begin(), path.end(), is_passed_over);
  return {NameMeaning::kUnlisted, nullptr, first != path.end() ? *first : path.empty() ? "public" : path.front()};
}

std::string shown_name(const Table& table) {
  std::string shown;
  if (table.schema != "public") shown = '"' + table.schema + "\".";
  return shown + '"' + table.name + '"';
}

std::string shown_key(const Table& table) { return shown_name(table) + ".\"" + table.key + '"'; }

}  // namespace shardway::router
