"""The shard key in every place and form: constants that are one, constants that only look like one, predicates around them."""
from schema import literal
from tables import COLUMNS, KEY, constant, key_value

_INTEGERS = {"int8": ["int2", "int4", "int8"], "int4": ["int2", "int4"], "int2": ["int2"]}
_LIMITS = {"int2": 1 << 15, "int4": 1 << 31, "int8": 1 << 63}
_NAMES = {"int8": "bigint", "int4": "int", "int2": "smallint", "text": "text", "uuid": "uuid"}


def key_constant(draft, kind, value, odd=0.12):
    """An expression whose value is this key: plain forms most of the time, odd ones now and then."""
    if value is None:
        return draft.one_of("NULL", f"NULL::{_NAMES[kind]}", draft.parameter(kind, None))
    if draft.maybe(odd):
        return _odd_constant(draft, kind, value)
    if draft.maybe(0.35):
        return _key_parameter(draft, kind, value)
    name, quoted = _NAMES[kind], literal(str(value))
    if kind in ("text", "uuid"):
        return draft.one_of(quoted, quoted, f"{quoted}::{name}", f"cast({quoted} as {name})", f"{name} {quoted}")
    plain = str(value)
    return draft.one_of(plain, plain, quoted, f"{quoted}::{name}", f"({plain})::{name}", f"cast({plain} as {name})",
                        f"{name} {quoted}", f"+({plain})")


def _key_parameter(draft, kind, value):
    widths = [width for width in _INTEGERS.get(kind, [kind]) if kind not in _LIMITS or -_LIMITS[width] <= int(value) < _LIMITS[width]]
    choice = draft.weighted(typed=6, inferred=3, other=1)
    if choice == "inferred":
        return draft.parameter(kind, str(value), False)
    if choice == "other":
        return draft.parameter("text", str(value)) + f"::{_NAMES[kind]}"
    return draft.parameter(draft.one_of(*widths), str(value))


def _odd_constant(draft, kind, value):
    quoted = literal(str(value))
    if kind in ("text", "uuid"):
        general = [f"(select {quoted}::{kind})", f"coalesce({quoted}::{kind}, NULL)", f"{quoted}::varchar", f"lower({quoted})",
                   f"{quoted} || ''"]
        return draft.one_of(*(general[:2] if kind == "uuid" else general))
    plain = f"({value})"
    name = _NAMES[kind]
    fraction = f"{value}.0" if int(value) >= 0 else f"{plain}::numeric"
    return draft.one_of(f"{plain} + 0", f"(select {plain})", f"coalesce({plain}, 1)", fraction,
                        f"{quoted}::text::{name}", f"nullif({plain}, 123456)", f"{plain}::numeric", f"greatest({plain}, {plain})",
                        f"case when true then {plain} end", draft.parameter("numeric", str(value)), f"(array[{plain}])[1]",
                        f"trunc({plain}::numeric)", f"{plain} * 1", f"0 + {plain}")


def fixed_key(draft, table, column, value):
    """A predicate that holds only for rows of this key, in a form that can be seen."""
    kind = COLUMNS[table][KEY[table]]
    key = key_constant(draft, kind, value, odd=0.04)
    return draft.one_of(
        f"{column} = {key}", f"{column} = {key}", f"{column} = {key}", f"{key} = {column}", f"{column} in ({key})",
        f"{column} = any({key_array(draft, kind, [value])})", f"{column} is not distinct from {key}",
        f"({column} = {key} or {column} = {key})", f"({column} = {key} and true)", f"{column} in ({key}, {key})")


def key_array(draft, kind, values):
    """An array of keys: constructor, literal, parameter."""
    if draft.maybe(0.4):
        return f"array[{', '.join(key_constant(draft, kind, value, odd=0) for value in values)}]::{kind}[]"
    simple = all(str(value).replace("-", "").replace("@", "").replace(".", "").isalnum() and str(value) != "NULL" for value in values)
    if not simple:
        return f"array[{', '.join(literal(str(value)) for value in values)}]"
    text = "{" + ",".join(map(str, values)) + ("" if draft.maybe(0.9) else ",NULL") + "}"
    if draft.maybe(0.5):
        return literal(text) + (f"::{kind}[]" if draft.maybe(0.6) else "")
    return draft.parameter(f"{kind}[]", text, draft.maybe(0.7))


def loose_key(draft, table, column):
    """A predicate that mentions the key and yet holds for rows of other keys, or none."""
    kind = COLUMNS[table][KEY[table]]
    key, other = (key_constant(draft, kind, key_value(draft, table)) for _ in range(2))
    one = key_array(draft, kind, [key_value(draft, table)])
    general = [
        f"{column} in ({key}, {other})", f"{column} = any({key_array(draft, kind, [key_value(draft, table) for _ in range(3)])})",
        f"{column} <> {key}", f"not ({column} = {key})", f"({column} = {key}) is not true", f"{column} > {key}", f"{column} <= {key}",
        f"{column} between {key} and {other}", f"{column} not in ({key}, {other})", f"{column} = {key} or {column} = {other}",
        f"{column} is distinct from {key}", f"case when {column} = {key} then false else true end", f"coalesce({column} = {key}, true)",
        f"{column} is null", f"{column} = NULL", f"({column} = {key}) = false", f"{column} = all({one})",
        f"{column} <> all({one})", f"{column} is not null", f"({column} = {key}) is null",
        f"{column} = {key} and {column} = {other}", f"not ({column} <> {key})", f"nullif({column} = {key}, true) is null"]
    if kind.startswith("int"):
        general += [f"{column} % 2 = 1", f"{column} / 2 = 3", f"{column} - 1 = {key}",
                    f"{column}::text = {literal(str(key_value(draft, table)))}",
                    f"{column}::numeric = {key}", f"{column} = {key} - 1"]
    return draft.one_of(*general)


def predicate(draft, table, alias):
    """A condition on a column that is not the key."""
    column, kind = draft.one_of(*[(c, k) for c, k in COLUMNS[table].items() if c != KEY.get(table)] or list(COLUMNS[table].items()))
    name = f"{alias}.{column}"
    some = constant(draft, kind)
    forms = [f"{name} = {some}", f"{name} is null", f"{name} is not null", f"{name} <> {some}", f"{name} is distinct from {some}"]
    if kind == "text":
        pattern = literal(draft.one_of("%x%", "A%", "_", "%"))
        forms += [f"{name} like {pattern}", f"upper({name}) = upper({some})", f"length({name}) > {draft.number(0, 4)}",
                  f"{name} in ({some}, 'new')", f"{name} || '' = {some}"]
    elif kind != "bool":
        forms += [f"{name} > {some}", f"{name} <= {some}", f"{name} between {some} and {constant(draft, kind)}"]
    return draft.one_of(*forms)


def condition(draft, table, alias, value=None, is_keyed=True):
    """A whole WHERE for one table. value: the key it is fixed to, where is_keyed."""
    column = f"{alias}.{KEY[table]}" if table in KEY else None
    parts = [fixed_key(draft, table, column, value)] if is_keyed and column else []
    if draft.maybe(0.4):
        parts.append(predicate(draft, table, alias))
    if column and draft.maybe(0.15 if is_keyed else 0.5):
        loose = loose_key(draft, table, column)
        parts.append(f"({loose} or {predicate(draft, table, alias)})" if draft.maybe(0.3) else f"({loose})")
    if draft.maybe(0.5):
        parts.reverse()
    return " and ".join(parts) or "true"
