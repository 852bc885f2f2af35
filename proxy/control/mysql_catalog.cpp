// The catalogue of one MariaDB or MySQL database. https://mariadb.com/kb/en/information-schema-tables/
// https://dev.mysql.com/doc/refman/8.0/en/information-schema-columns-table.html
#include "proxy/control/catalog_reader.hpp"

namespace shardway::proxy::control {

const char* const kMysqlCatalogQuery =
    "SELECT c.TABLE_NAME, c.COLUMN_NAME, c.COLUMN_TYPE, coalesce(c.GENERATION_EXPRESSION, '') <> '',"
    " c.IS_NULLABLE = 'NO', c.EXTRA LIKE '%DEFAULT_GENERATED%' OR coalesce(c.COLUMN_DEFAULT, '') REGEXP '[(]',"
    " coalesce(c.COLUMN_DEFAULT, '') REGEXP '(?i)nextval',"
    " c.COLLATION_NAME, c.CHARACTER_SET_NAME, coalesce(c.COLUMN_DEFAULT, ''),"
    " t.TABLE_TYPE IN ('VIEW', 'SYSTEM VIEW'), c.EXTRA LIKE '%INVISIBLE%', c.EXTRA LIKE '%auto_increment%',"
    " c.EXTRA LIKE '%on update%'"
    " FROM information_schema.COLUMNS c JOIN information_schema.TABLES t"
    " ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME"
    " WHERE c.TABLE_SCHEMA = DATABASE() ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION;"

    "SELECT ROUTINE_NAME FROM information_schema.ROUTINES;"

    "SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, SUB_PART IS NOT NULL OR COLUMN_NAME IS NULL"
    " FROM information_schema.STATISTICS"
    " WHERE TABLE_SCHEMA = DATABASE() AND NON_UNIQUE = 0 ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX;"

    "SELECT TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_SCHEMA = DATABASE(), REFERENCED_TABLE_SCHEMA,"
    " REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE"
    " WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME IS NOT NULL"
    " ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION;"

    "SELECT EVENT_OBJECT_TABLE, TRIGGER_NAME FROM information_schema.TRIGGERS"
    " WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY 1, 2;"

    "SELECT @@global.sql_mode, @@global.lower_case_table_names, @@version, @@global.auto_increment_increment,"
    " @@global.auto_increment_offset";

namespace {

std::string name_in(const Rows& r, std::size_t row) { return "public." + r.text(row, 0); }
bool is_true(const Rows& r, std::size_t row, std::size_t column) { return r.text(row, column) == "1"; }

// Names of columns are compared without regard to case; here as the configuration has them.
std::string column_name(const Rows& r, std::size_t row, std::size_t column) {
  auto name = r.text(row, column);
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return name;
}

// Why equal values of a text column may have different bytes, or bytes other than those a client sends; else nothing.
std::string obstacle(const std::string& collation, const std::string& charset) {
  if (collation.empty()) return {};
  if (!collation.ends_with("_bin"))
    return "it compares by the collation " + collation + ", which takes different texts for equal";
  if (charset != "utf8mb4" && charset != "utf8mb3" && charset != "utf8" && charset != "ascii" && charset != "binary")
    return "it is of the character set " + charset + ", in which a text has other bytes than clients send";
  return {};
}

bool is_padded(const std::string& collation) {
  return !collation.ends_with("_nopad_bin") && collation != "utf8mb4_0900_bin";
}

void read_columns(const Rows& r, ShardCatalog& into) {
  for (std::size_t i = 0; i < r.size(); ++i) {
    router::Column column;
    const auto& collation = r.text(i, 7);
    column.name = column_name(r, i, 1);
    // How it is padded decides how it is hashed: it is part of the key's type.
    column.type = (is_padded(collation) ? "" : "nopad ") + r.text(i, 2);
    column.generated = is_true(r, i, 3);
    column.not_null = is_true(r, i, 4);
    column.default_varies = is_true(r, i, 5);
    column.from_sequence = is_true(r, i, 6);
    column.unfit_as_key = obstacle(collation, r.text(i, 8));
    column.loose = !column.unfit_as_key.empty();
    column.default_sql = r.text(i, 9);
    column.hidden = is_true(r, i, 11);
    column.auto_increment = is_true(r, i, 12);
    column.varies_on_update = is_true(r, i, 13);
    const auto name = name_in(r, i);
    if (is_true(r, i, 10)) into.views.insert(name);
    into.tables[name].columns.push_back(std::move(column));
  }
}

// A unique index of a column's beginning, or of an expression, says nothing of the whole column.
void read_unique_keys(const Rows& r, ShardCatalog& into) {
  for (std::size_t i = 0; i < r.size(); ++i) {
    auto& shape = into.tables[name_in(r, i)];
    auto& keys = shape.unique_keys;
    if (keys.empty() || keys.back().name != r.text(i, 1)) keys.push_back({r.text(i, 1), {}, false});
    if (!is_true(r, i, 3)) keys.back().columns.push_back(column_name(r, i, 2));
    if (r.text(i, 1) == "PRIMARY") shape.primary_key = keys.back().columns;
  }
}

void read_foreign_keys(const Rows& r, ShardCatalog& into) {
  for (std::size_t i = 0; i < r.size(); ++i) {
    auto& keys = into.tables[name_in(r, i)].foreign_keys;
    if (keys.empty() || keys.back().name != r.text(i, 1))
      keys.push_back({r.text(i, 1), {}, is_true(r, i, 3) ? "public" : r.text(i, 4), r.text(i, 5), {}});
    keys.back().columns.push_back(column_name(r, i, 2));
    keys.back().columns_there.push_back(column_name(r, i, 6));
  }
}

}  // namespace

ShardCatalog read_mysql_catalog(const std::vector<Rows>& results) {
  ShardCatalog found;
  if (results.size() != 6) return found;
  read_columns(results[0], found);
  for (std::size_t i = 0; i < results[1].size(); ++i) found.functions.insert(results[1].text(i, 0));
  read_unique_keys(results[2], found);
  read_foreign_keys(results[3], found);
  for (std::size_t i = 0; i < results[4].size(); ++i)
    found.tables[name_in(results[4], i)].triggers.push_back(results[4].text(i, 1));
  found.sql_mode = results[5].text(0, 0);
  found.folds_table_names = results[5].text(0, 1) != "0";
  found.server_version = results[5].text(0, 2);
  found.numbering = {results[5].number(0, 3), results[5].number(0, 4)};
  return found;
}

}  // namespace shardway::proxy::control
