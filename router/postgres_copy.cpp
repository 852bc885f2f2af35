#include <algorithm>
#include <cctype>

#include "router/postgres_utility.hpp"
#include "router/table_names.hpp"

namespace shardway::router::analyze {

namespace {

std::string string_argument(const DefElem& option) {
  return option.arg != nullptr ? std::string(tree::string_of(option.arg)) : std::string();
}

std::vector<std::string> names_argument(const Node* node) {
  std::vector<std::string> names;
  if (node == nullptr || tree::tag(node) != T_List) return names;
  for (const auto* name : tree::Nodes(tree::as<List>(node))) names.emplace_back(tree::string_of(name));
  return names;
}

void copy_option(CopyFacts& facts, const DefElem& option, const List* all) {
  const auto name = tree::text(option.defname);
  if (name == "format") {
    facts.format = string_argument(option);
  } else if (name == "delimiter") {
    facts.delimiter = string_argument(option);
  } else if (name == "null") {
    facts.null = string_argument(option);
    facts.null_given = true;
  } else if (name == "quote") {
    facts.quote = string_argument(option);
  } else if (name == "escape") {
    facts.escape = string_argument(option);
  } else if (name == "encoding") {
    facts.encoding = string_argument(option);
  } else if (name == "header") {
    facts.header = option_is_on(all, "header");
  } else if (name == "force_null") {
    facts.force_null = names_argument(option.arg);
  } else if (name == "force_not_null") {
    facts.force_not_null = names_argument(option.arg);
  }
}

// A COPY FROM without a list fills all columns but the generated ones; the list says which those were thought to be.
void write_copied_list(Context& context, const RangeVar& target, int term) {
  const auto& table = context.table_of(term);
  const auto* known = context.topology.catalog ? context.topology.catalog->columns(table.schema, table.name) : nullptr;
  if (known == nullptr) return;
  std::vector<std::string_view> columns;
  for (const auto& column : *known)
    if (!column.generated) columns.emplace_back(column.name);
  if (!columns.empty()) write_columns(context, target, columns);
}

// Letters and digits in lower case: an encoding's name as the server compares it.
std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return plain;
}

// Its letters outside of ASCII have no bytes that are ASCII, where the ends of rows and columns are looked for.
bool keeps_ascii_apart(std::string_view plain) {
  for (const std::string_view known : {"latin", "iso8859", "win12", "windows12", "koi8", "euc", "sqlascii"})
    if (plain.starts_with(known)) return true;
  return false;
}

// Rows are looked at as they come; a text key is hashed as the server stores it, in UTF8.
void check_encoding(Context& context, const CopyFacts& facts, int term) {
  const auto plain = plain_name(facts.encoding);
  if (plain.empty() || plain == "utf8" || plain == "unicode") return;
  const bool by_text = term != kNoTerm && context.table_of(term).key_type == KeyType::kText;
  if (!by_text && keeps_ascii_apart(plain)) return;
  context.fault(FaultReason::kNotSupported,
                by_text ? "COPY (ENCODING \"" + facts.encoding + "\") into " + shown_name(context.table_of(term)) +
                              " is not supported: its shard key is a text"
                        : "COPY (ENCODING \"" + facts.encoding + "\") is not supported on a sharded database",
                "convert the data to UTF8 and leave ENCODING out");
}

bool reads_the_clock(const router::Column& column) {
  const auto has = [&](std::string_view part) { return column.type.find(part) != std::string::npos; };
  return column.own_type != 0 || has("date") || has("time") || has("range");
}

// Into the copies of a reference table: what each of them would compute, or read, by itself.
void look_at_copied_columns(Context& context, const RangeVar& target, CopyFacts& facts) {
  const auto named = resolve_table(context.topology, context.settings.search_path, tree::text(target.schemaname),
                                   tree::text(target.relname));
  const auto* columns =
      context.topology.catalog ? context.topology.catalog->columns(named.schema, tree::text(target.relname)) : nullptr;
  if (columns == nullptr) return context.not_repeatable("the default of a column that is not known");
  std::size_t next = 0;
  for (const auto& column : *columns) {
    if (column.generated) continue;
    const auto given = std::find(facts.columns.begin(), facts.columns.end(), column.name);
    if (!facts.columns.empty() && given == facts.columns.end()) {
      if (column.default_varies) context.not_repeatable("the default of column \"" + column.name + "\"");
      continue;
    }
    const auto place = facts.columns.empty() ? next++ : static_cast<std::size_t>(given - facts.columns.begin());
    if (facts.format != "binary" && reads_the_clock(column)) facts.clock_columns.push_back({place, column.name});
  }
}

}  // namespace

void copy_statement(Context& context, const CopyStmt& copy) {
  auto& out = context.out;
  out.kind = copy.is_from ? StatementKind::kCopyIn : StatementKind::kCopyOut;
  CopyFacts facts;
  for (const auto* column : tree::Nodes(copy.attlist)) facts.columns.emplace_back(tree::string_of(column));
  for (const auto* node : tree::Nodes(copy.options)) copy_option(facts, *tree::as<DefElem>(node), copy.options);
  facts.from_client = copy.filename == nullptr && !copy.is_program;
  out.copy = std::move(facts);
  context.not_scatterable("COPY");
  if (copy.relation != nullptr) {
    Level level;
    level.top = true;
    const int term = use_relation(context, &level, *copy.relation, copy.is_from ? Access::kInsert : Access::kRead);
    if (copy.is_from && copy.attlist == nullptr && term != kNoTerm) write_copied_list(context, *copy.relation, term);
    if (copy.is_from) note_clock_defaults(context, copy);
    if (copy.is_from) check_encoding(context, *out.copy, term);
    if (copy.is_from && term == kNoTerm) look_at_copied_columns(context, *copy.relation, *out.copy);
    walk(context, level, copy.whereClause);
  } else {
    Outputs outputs;
    query_statement(context, copy.query, nullptr, nullptr, true, outputs);
    out.kind = StatementKind::kCopyOut;
  }
  // A file is one server's.
  if (!out.copy->from_client)
    context.fault(FaultReason::kNotSupported,
                  "COPY with a file or a program on the server is not supported on a sharded database",
                  "use COPY … FROM STDIN or TO STDOUT, or name the shard in a comment: /* shardway: shard=… */", true);
  if (copy.is_from || !out.copy->from_client) out.replica_safe = false;
}

}  // namespace shardway::router::analyze
