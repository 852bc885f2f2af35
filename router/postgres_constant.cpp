#include <algorithm>

#include "router/postgres_scope.hpp"
#include "router/table_names.hpp"

namespace shardway::router::analyze {

namespace {

bool is_integer(KeyType type) noexcept {
  return type == KeyType::kBigint || type == KeyType::kInteger || type == KeyType::kSmallint;
}

// The literal that stands at `location`; minus signs before it are folded into `negated`, as the parser folded them.
std::optional<ValueRef> literal_at(const Context& context, int location) {
  if (location < 0) return std::nullopt;
  auto at = static_cast<std::size_t>(location);
  bool negated = false;
  while (at < context.text.size()) {
    const char c = context.text[at];
    if (c == '-')
      negated = !negated;
    else if (c != ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f')
      break;
    ++at;
  }
  const auto* place = context.text.data() + at;
  const auto found = std::lower_bound(context.literals.begin(), context.literals.end(), place,
                                      [](const Literal& l, const char* p) { return l.source.data() < p; });
  if (found == context.literals.end() || found->source.data() != place) return std::nullopt;
  ValueRef value;
  value.source = ValueRef::Source::kLiteral;
  value.index = static_cast<std::uint32_t>(found - context.literals.begin());
  value.is_string = found->is_string;
  value.negated = negated;
  if (value.is_string && negated) return std::nullopt;
  return value;
}

bool digits_only(std::string_view number) noexcept {
  return !number.empty() && number.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<ValueRef> from_const(const Context& context, const A_Const& node, KeyType type) {
  if (node.isnull) return ValueRef{};
  const auto kind = tree::tag(&node.val);
  const auto value = literal_at(context, node.location);
  if (!value) return std::nullopt;
  const auto source = context.literals[value->index].source;
  if (kind == T_String) return value->is_string ? value : std::nullopt;
  if ((kind != T_Integer && kind != T_Float) || value->is_string) return std::nullopt;
  if (!is_integer(type) || !digits_only(source)) return std::nullopt;
  return value;
}

// A name without a schema means PostgreSQL's own type, unless the path says where pg_catalog stands or is not certain.
bool pg_catalog_first(const Context& context) {
  const auto path = split_search_path(context.settings.search_path);
  for (std::size_t i = 0; i < path.size(); ++i)
    if ((i > 0 && path[i] == "pg_catalog") || path[i].find(',') != std::string::npos) return false;
  return true;
}

// pg_type OIDs; 0: a type whose conversion we do not follow exactly.
std::uint32_t followed_type(const Context& context, const TypeName& type) {
  const auto name = tree::name_of(type.names);
  if (type.setof || type.pct_type || type.typmods != nullptr || type.arrayBounds != nullptr || name.longer) return 0;
  if (name.schema.empty() ? !pg_catalog_first(context) : name.schema != "pg_catalog") return 0;
  if (name.name == "int8") return 20;
  if (name.name == "int4") return 23;
  if (name.name == "int2") return 21;
  if (name.name == "text") return 25;
  if (name.name == "varchar") return 1043;
  if (name.name == "uuid") return 2950;
  return 0;
}

bool is_of_family(std::uint32_t oid, KeyType type) noexcept {
  if (is_integer(type)) return oid == 20 || oid == 21 || oid == 23;
  if (type == KeyType::kText) return oid == 25 || oid == 1043;
  return oid == 2950;
}

std::optional<ValueRef> from_parameter(Context& context, const ParamRef& node) {
  if (node.number < 1) return std::nullopt;  // the old ? marks
  context.key_parameters.insert(&node);
  ValueRef value;
  value.source = ValueRef::Source::kParameter;
  value.index = static_cast<std::uint32_t>(node.number);
  return value;
}

std::optional<ValueRef> from_cast(Context& context, const TypeCast& cast, KeyType type) {
  const auto oid = followed_type(context, *cast.typeName);
  if (oid == 0 || !is_of_family(oid, type) || cast.arg == nullptr) return std::nullopt;
  if (tree::tag(cast.arg) != T_A_Const && tree::tag(cast.arg) != T_ParamRef) return std::nullopt;
  auto value = constant(context, cast.arg, type);
  if (value) value->cast_oid = oid;
  return value;
}

// -(5::bigint), +5: a sign before an integer.
std::optional<ValueRef> from_sign(Context& context, const A_Expr& node, KeyType type) {
  if (node.kind != AEXPR_OP || node.lexpr != nullptr || !is_integer(type)) return std::nullopt;
  const bool minus = tree::is_operator(node.name, "-");
  if (!minus && !tree::is_operator(node.name, "+")) return std::nullopt;
  auto value = constant(context, node.rexpr, type);
  if (!value || value->source != ValueRef::Source::kLiteral || value->is_string) return std::nullopt;
  value->negated = value->negated != minus;
  return value;
}

bool is_array_cast(const Context& context, const TypeName& type, KeyType key) {
  const tree::Nodes bounds(type.arrayBounds);
  if (bounds.size() != 1) return false;
  TypeName element = type;
  element.arrayBounds = nullptr;
  const auto oid = followed_type(context, element);
  return oid != 0 && is_of_family(oid, key);
}

}  // namespace

std::optional<ValueRef> constant(Context& context, const Node* node, KeyType type) {
  if (node == nullptr) return std::nullopt;
  switch (tree::tag(node)) {
    case T_A_Const: return from_const(context, *tree::as<A_Const>(node), type);
    case T_ParamRef: return from_parameter(context, *tree::as<ParamRef>(node));
    case T_TypeCast: return from_cast(context, *tree::as<TypeCast>(node), type);
    case T_A_Expr: return from_sign(context, *tree::as<A_Expr>(node), type);
    default: return std::nullopt;
  }
}

// '{1,2}', $1, ARRAY[1, 2], and these with a cast to an array of the key's type.
std::optional<std::vector<ValueRef>> constant_array(Context& context, const Node* node, KeyType type) {
  if (node == nullptr) return std::nullopt;
  if (tree::tag(node) == T_TypeCast) {
    const auto* cast = tree::as<TypeCast>(node);
    if (!is_array_cast(context, *cast->typeName, type)) return std::nullopt;
    return constant_array(context, cast->arg, type);
  }
  if (tree::tag(node) == T_A_ArrayExpr) {
    std::vector<ValueRef> values;
    for (const auto* element : tree::Nodes(tree::as<A_ArrayExpr>(node)->elements)) {
      const auto value = constant(context, element, type);
      if (!value) return std::nullopt;
      values.push_back(*value);
    }
    return values;
  }
  if (tree::tag(node) != T_ParamRef && tree::tag(node) != T_A_Const) return std::nullopt;
  auto value = constant(context, node, type);
  if (!value || (value->source == ValueRef::Source::kLiteral && !value->is_string)) return std::nullopt;
  value->is_array = value->source != ValueRef::Source::kNull;
  return std::vector<ValueRef>{*value};
}

}  // namespace shardway::router::analyze
