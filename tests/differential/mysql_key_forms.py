"""The shard key in every place and form of MySQL's dialect: what is one number, one text, one string of bytes, and what only looks so."""
from mysql_schema import literal
from mysql_tables import COLUMNS, INTEGERS, KEY, constant, key_kind, key_value

_LIMITS = {"tinyint": (-1 << 7, 1 << 7), "smallint": (-1 << 15, 1 << 15), "int": (-1 << 31, 1 << 31), "bigint": (-1 << 63, 1 << 63),
           "ubigint": (0, 1 << 64)}


def key_constant(draft, kind, value, odd=0.12):
    """An expression whose value is this key: plain forms most of the time, odd ones now and then."""
    if value is None:
        return draft.one_of("NULL", draft.bound(kind, None))
    if draft.maybe(odd):
        return odd_constant(draft, kind, value)
    if draft.maybe(0.35):
        return _key_parameter(draft, kind, value)
    if isinstance(value, bytes):
        return draft.one_of(f"x'{value.hex()}'", f"0x{value.hex()}" if value else "''")
    if kind in INTEGERS:
        return draft.one_of(str(value), str(value), str(value), f"'{value}'", f"({value})")
    quoted = literal(value)
    return draft.one_of(quoted, quoted, quoted, f"({quoted})")


def _key_parameter(draft, kind, value):
    if kind not in INTEGERS:
        return draft.bound(kind, value)
    fitting = [width for width, (low, high) in _LIMITS.items() if low <= value < high]
    form = draft.weighted(same=6, other=2, text=2, decimal=1)
    if form == "same" and kind in fitting:
        return draft.parameter(kind, str(value))
    return draft.parameter({"text": "varchar", "decimal": "decimal"}.get(form) or draft.one_of(*fitting), str(value))


def odd_constant(draft, kind, value):
    """Forms that a server takes for this key, and some that it takes for another."""
    if isinstance(value, bytes):
        return draft.one_of(f"unhex('{value.hex()}')", f"cast(x'{value.hex()}' as binary)", f"concat(x'{value.hex()}', '')")
    if kind in INTEGERS:
        return draft.one_of(
            f"{value} + 0", f"{value}.0", f"'{value} '", f"' {value}'", f"'{value}.0'", f"'{value}x'", f"{value}e0", f"- -{value}",
            f"+{value}",
            f"cast('{value}' as signed)", f"(select {value})", f"coalesce({value}, 1)", f"x'{str(value).encode().hex()}'", f"{value} * 1",
            f"if(true, {value}, 0)", f"{value}.4", f"'0{value}'", f"0{value}" if value >= 0 else f"{value}", f"_utf8mb4'{value}'",
            f"greatest({value}, {value})", f"/*!50000 {value} */", f"/*!999999 1 + */ {value}", f"/* {value} + 1 */ {value}",
            f"0x{value & (1 << 64) - 1:016x}" if kind == "ubigint" else f"{value} div 1", f'"{value}"')
    quoted = literal(value)
    simple = value.isascii() and value.isalnum()
    return draft.one_of(
        f"concat({quoted}, '')", f"(select {quoted})", f"coalesce({quoted}, 'x')", f"_utf8mb4 x'{value.encode().hex()}'",
        f"x'{value.encode().hex()}'",
        f"{quoted} ' '", f"concat({quoted}, ' ')", f"upper({quoted})",
        f"{quoted} collate utf8mb4_general_ci" if kind == "name" else f"lower({quoted})",
        f'"{value}"' if simple else quoted, f"trim({quoted})", f"cast({quoted} as char)", value if value.isdigit() else quoted)


def fixed_key(draft, table, column, value):
    """A predicate that holds only for rows of this key, in a form that can be seen."""
    key = key_constant(draft, key_kind(table), value, odd=0.04)
    if draft.maybe(0.4):
        return f"{column} = {key}"
    return draft.one_of(
        f"{column} = {key}", f"{column} = {key}", f"{column} = {key}", f"{key} = {column}", f"{column} in ({key})", f"{column} <=> {key}",
        f"({column} = {key} or {column} = {key})", f"({column} = {key} and true)", f"{column} in ({key}, {key})", f"({column}) = ({key})",
        f"({column}, 1) = ({key}, 1)", f"{column} = {key} && 1", f"{column} between {key} and {key}")


def loose_key(draft, table, column):
    """A predicate that mentions the key and yet holds for rows of other keys, or none."""
    kind = key_kind(table)
    key, other = (key_constant(draft, kind, key_value(draft, table)) for _ in range(2))
    general = [
        f"{column} in ({key}, {other})", f"{column} <> {key}", f"not ({column} = {key})", f"({column} = {key}) is not true",
        f"{column} > {key}",
        f"{column} <= {key}", f"{column} between {key} and {other}", f"{column} not in ({key}, {other})",
        f"{column} = {key} or {column} = {other}",
        f"case when {column} = {key} then false else true end", f"coalesce({column} = {key}, true)", f"{column} is null",
        f"{column} = NULL",
        f"({column} = {key}) = false", f"{column} is not null", f"({column} = {key}) is null", f"{column} = {key} and {column} = {other}",
        f"not ({column} <> {key})", f"if({column} = {key}, 0, 1)", f"{column} = {key} xor {column} = {other}",
        f"{column} = {key} || {column} = {other}",
        f"! ({column} = {key})", f"not {column} <=> {key}", f"({column} = {key}) = ({column} = {other})", f"{column} like {key}",
        f"{column} in ({key}, NULL)", f"binary {column} = {key}"]
    if kind in INTEGERS and kind != "ubigint":
        general += [f"{column} % 2 = 1", f"{column} div 2 = 3", f"{column} - 1 = {key}", f"abs({column}) = {key}", f"{column} = {key} - 1"]
    return draft.one_of(*general)


def predicate(draft, table, alias):
    """A condition on a column that is not the key."""
    column, kind = draft.one_of(*[(c, k) for c, k in COLUMNS[table].items() if c != KEY.get(table)] or list(COLUMNS[table].items()))
    name, some = f"{alias}.{column}", constant(draft, kind)
    forms = [f"{name} = {some}", f"{name} is null", f"{name} is not null", f"{name} <> {some}", f"not {name} <=> {some}"]
    if kind in ("text", "name"):
        pattern = literal(draft.one_of("%x%", "A%", "_", "%"))
        forms += [f"{name} like {pattern}", f"upper({name}) = upper({some})", f"char_length({name}) > {draft.number(0, 4)}",
                  f"{name} in ({some}, 'new')", f"concat({name}, '') = {some}", f"{name} regexp '^[a-z]'"]
    elif kind not in ("uuid", "bytes"):
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
    return draft.one_of(" and ", " and ", " && ").join(parts) or "true"
