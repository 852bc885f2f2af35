"""Generated SELECTs in MySQL's dialect. Each is either fixed to one key, where anything may follow, or over all shards.

What a server decides by the order it meets rows in is left out: which of several texts of no case stands for a group, a sum of doubles
beyond what is exact.
"""
from mysql_key_forms import condition, fixed_key, key_constant, loose_key, predicate
from mysql_tables import COLUMNS, FAMILY, INTEGERS, KEY, NUMBERS, PRIMARY, SHARDED, constant, key_value

_TEXTS = ["upper({})", "char_length({})", "concat({}, '!')", "substr({}, 2)", "md5({})", "left({}, 1) as l", "replace({}, 'a', 'b')",
          "lpad({}, 4, '-')", "locate('a', {})", "{} like 'A%'", "hex({})", "ifnull({}, 'none')", "reverse({})", "{} collate utf8mb4_bin"]
_NUMERIC = ["{} + 1", "{} / 2", "- {}", "concat({})", "abs({})", "{} * 0.5 as half", "round({}, 1)", "sign({})", "greatest({}, 0)",
            "{} between 0 and 5", "{} in (1, 2, 3)", "cast({} as decimal(30,1))", "{} % 3", "{} div 2", "{} is true", "format({}, 1)"]
_MOMENTS = ["date({})", "extract(month from {})", "{} + interval 1 day", "{} < '2026-05-01'", "date_format({}, '%Y-%m')",
            "unix_timestamp({})"]
_EXPRESSIONS = {"text": _TEXTS, "name": _TEXTS, "datetime": _MOMENTS, "bytes": ["hex({})", "length({})"], "uuid": ["concat({})"]}


def columns_of(draft, table, alias):
    """A few plain columns or expressions over them."""
    names = draft.some(COLUMNS[table], 1, 4)
    return [expression(draft, table, alias, name) if draft.maybe(0.3) else f"{alias}.{name}" for name in names]


def expression(draft, table, alias, column):
    """An expression over one column that fails for no row but the largest."""
    name, kind = f"{alias}.{column}", COLUMNS[table][column]
    forms = [f"{name} is null", f"{name} = {constant(draft, kind)}",
             f"case when {name} is null then 'n' else 'v' end as c{draft.number(1, 3)}",
             f"nullif({name}, {constant(draft, kind)})"]
    forms += [form.format(name) for form in _EXPRESSIONS.get(kind, _NUMERIC if kind in NUMBERS and column != KEY.get(table) else [])]
    if column == KEY.get(table):
        key = key_constant(draft, kind, key_value(draft, table))
        forms += [f"{name} = {key}", f"case when {name} = {key} then 1 end", f"if({name} = {key}, 'this', 'other') as w"]
    return draft.one_of(*forms)


def aggregates(draft, table, alias):
    column, kind = draft.one_of(*COLUMNS[table].items())
    name = f"{alias}.{column}"
    order = ", ".join(f"{alias}.{one}" for one in PRIMARY[table])
    forms = ["count(*)", f"count({name})", f"count(distinct {name})", f"min(hex({name}))", f"max(hex({name}))", "count(*) + 1",
             f"group_concat({name} order by {order})", f"count(if({predicate(draft, table, alias)}, 1, null))", f"sum({name} is null)"]
    if table in KEY:
        forms.append(f"sum({loose_key(draft, table, f'{alias}.{KEY[table]}')})")
    if kind in NUMBERS:
        forms += [f"sum({name})", f"avg({name})", f"coalesce(sum({name}), 0)", f"max({name})", f"min({name})", f"sum(distinct {name})"]
    if kind == "datetime":
        forms += [f"max({name})", f"min({name})"]
    if kind in INTEGERS:
        forms += [f"bit_or({name})", f"bit_xor({name})"]
    return draft.one_of(*forms)


def single(draft):
    """From one table."""
    table = draft.one_of(*SHARDED, *SHARDED, "orders", "orders", "customers", "order_items", "countries", "cfg")
    is_keyed = table not in KEY or draft.maybe(0.6)
    where = condition(draft, table, "t", key_value(draft, table) if table in KEY else None, is_keyed)
    source = f"from {table} t where {where}"
    if not is_keyed and draft.maybe(0.5):
        return _plain(draft, table, source)
    return draft.one_of(_plain, _sorted, _grouped, _aggregated, _distinct, _windowed)(draft, table, source)


def _plain(draft, table, source):
    if draft.maybe(0.07):
        draft.is_counted = True
        source += f" limit {draft.number(0, 5)}"
    return f"select {'*' if draft.maybe(0.3) else ', '.join(columns_of(draft, table, 't'))} {source}"


def _sorted(draft, table, source):
    draft.is_ordered = True
    keys = [f"t.{column}" for column in PRIMARY[table]]
    first = f"t.{draft.one_of(*COLUMNS[table])}" + draft.one_of("", "", " asc", " desc")
    counted = draft.parameter("bigint", str(draft.number(0, 4)))
    limit = draft.one_of("", "", f" limit {draft.number(0, 4)}", f" limit {counted} offset 1", f" limit 1, {draft.number(1, 3)}",
                         " limit 18446744073709551615", " fetch first 2 rows only")
    return f"select {', '.join(columns_of(draft, table, 't'))} {source} order by {', '.join([first, *keys])}{limit}"


def _grouped(draft, table, source):
    """By a column whose equal values are the same value."""
    column = f"t.{draft.one_of(*[c for c, kind in COLUMNS[table].items() if kind not in ('text', 'name')] or ['1'])}"
    if column == "t.1":
        return _aggregated(draft, table, source)
    having = draft.one_of("", "", " having count(*) > 1", " having true")
    return f"select {column}, {aggregates(draft, table, 't')} {source} group by {draft.one_of(column, '1')}{having}"


def _aggregated(draft, table, source):
    return f"select {', '.join(aggregates(draft, table, 't') for _ in range(draft.number(1, 3)))} {source}"


def _distinct(draft, table, source):
    names = [c for c, kind in COLUMNS[table].items() if kind != "text"]
    return f"select distinct {', '.join(f't.{c}' for c in draft.some(names or COLUMNS[table], 1, 2))} {source}"


def _windowed(draft, table, source):
    order = ", ".join(f"t.{column}" for column in PRIMARY[table])
    window = draft.one_of(f"row_number() over (order by {order})", "count(*) over ()",
                          f"lag(t.{PRIMARY[table][0]}) over (order by {order})",
                          f"count(*) over (partition by t.{PRIMARY[table][0]})")
    return f"select t.{PRIMARY[table][0]}, {window} {source}"


def joined(draft):
    """Two tables of the family, or one and another, joined in every way, the key in ON or WHERE or nowhere."""
    left, right = draft.one_of(*FAMILY), draft.one_of(*FAMILY, "countries", "events", "cfg", "logs")
    value, is_keyed = key_value(draft, left), draft.maybe(0.6)
    kind = draft.weighted(**{"join": 6, "left join": 4, "right join": 1, "straight_join": 1, "cross join": 1})
    link = _link(draft, right)
    where = [f"({condition(draft, left, 'a', value, True)})"] if is_keyed else []
    if right in KEY and draft.maybe(0.15):
        side = f"b.{KEY[right]}"
        extra = fixed_key(draft, right, side, key_value(draft, right)) if draft.maybe(0.5) else loose_key(draft, right, side)
        (link, where) = (f"{link} and ({extra})", where) if draft.maybe(0.5) else (link, [*where, f"({extra})"])
    if draft.maybe(0.3):
        where.append(predicate(draft, left, "a"))
    tail = f" where {' and '.join(where)}" if where else ""
    source = f"from {left} a {kind} {right} b on {link}{tail}"
    if is_keyed and draft.maybe(0.4):
        return f"select {aggregates(draft, left, 'a')}, {aggregates(draft, right, 'b')} {source}"
    return f"select {', '.join(columns_of(draft, left, 'a') + columns_of(draft, right, 'b'))} {source}"


def _link(draft, right):
    if right == "countries":
        return "b.name is not null"
    if right == "cfg":
        return "true"
    key = f"b.{KEY[right]}"
    return draft.one_of(f"a.customer_id = {key}", f"{key} = a.customer_id", f"a.customer_id = {key}",
                        f"a.customer_id = {key} and a.customer_id is not null",
                        f"a.customer_id <=> {key}", f"a.customer_id <= {key} and a.customer_id >= {key}",
                        f"a.customer_id = {key} or {key} = 5")


def using(draft):
    """USING, NATURAL and the comma."""
    left, right = draft.some(FAMILY, 2, 2)
    value = key_value(draft, left)
    form = draft.weighted(using=3, natural=1, comma=3)
    if form == "comma":
        where = [draft.one_of("a.customer_id = b.customer_id", "b.customer_id = a.customer_id"),
                 fixed_key(draft, left, "a.customer_id", value)]
        return f"select a.customer_id, b.{PRIMARY[right][-1]} from {left} a, {right} b where {' and '.join(where[:draft.number(1, 2)])}"
    key = "customer_id" if form == "using" else draft.one_of("a.customer_id", "b.customer_id")
    where = f" where {fixed_key(draft, left, key, value)}" if draft.maybe(0.7) else ""
    source = f"{left} a join {right} b using (customer_id)" if form == "using" else f"{left} a natural join {right} b"
    return f"select {draft.one_of('*', key)} from {source}{where}"


def nested(draft):
    """A subquery in WHERE or in the list."""
    outer, inner = draft.one_of(*FAMILY), draft.one_of(*FAMILY, "events", "logs", "countries")
    value = key_value(draft, outer)
    outer_key = condition(draft, outer, "a", value, draft.maybe(0.75))
    key = f"b.{KEY[inner]}" if inner in KEY else "1"
    link = draft.one_of(f"{key} = a.customer_id", f"{key} = a.customer_id",
                        fixed_key(draft, inner, key, value) if inner in KEY else "true", "true")
    source = f"from {inner} b where {link}" + (f" and {predicate(draft, inner, 'b')}" if draft.maybe(0.3) else "")
    outer_select = f"select a.customer_id, a.{draft.one_of(*COLUMNS[outer])} from {outer} a"
    form = draft.weighted(exists=3, within=3, scalar=3, compared=1)
    if form == "exists":
        return f"{outer_select} where {outer_key} and {draft.one_of('', 'not ')}exists (select 1 {source})"
    if form == "within":
        return f"{outer_select} where {outer_key} and a.customer_id {draft.one_of('in', 'in', 'not in', '= any')} (select {key} {source})"
    if form == "scalar":
        return f"select a.customer_id, (select {aggregates(draft, inner, 'b')} {source}) from {outer} a where {outer_key}"
    return f"{outer_select} where {outer_key} and a.customer_id >= (select coalesce(min({key}), 0) {source})"


def derived(draft):
    """A subquery in FROM, the key inside or outside of it."""
    table = draft.one_of(*SHARDED)
    key, value = KEY[table], key_value(draft, table)
    inside, outside = draft.one_of((True, False), (False, True), (True, True), (False, False))
    inner = condition(draft, table, "t", value, inside)
    column = draft.one_of(key, f"{key} as k", f"t.{key}")
    name = "k" if column.endswith(" k") else key
    outer = f" where {fixed_key(draft, table, f's.{name}', value)}" if outside else ""
    other = draft.one_of(*[c for c in COLUMNS[table] if c != key])
    tail = draft.one_of("", "", "", f" order by {', '.join(PRIMARY[table])} limit 3")
    return f"select s.* from (select {column}, {other} from {table} t where {inner}{tail}) s{outer}"


def common(draft):
    """WITH."""
    table = draft.one_of(*FAMILY)
    value = key_value(draft, table)
    inner = condition(draft, table, "t", value, draft.maybe(0.75))
    outer = draft.one_of("", f" where {fixed_key(draft, table, 'w.customer_id', value)}",
                         " join customers c on c.customer_id = w.customer_id",
                         " where exists (select 1 from orders o where o.customer_id = w.customer_id)", " where w.customer_id is not null")
    return f"with w as (select t.* from {table} t where {inner}) select {draft.one_of('w.*', 'w.customer_id', 'count(*)')} from w{outer}"


def combined(draft):
    """UNION, INTERSECT, EXCEPT."""
    value = key_value(draft, "orders")
    arms = []
    for _ in range(draft.number(2, 3)):
        table = draft.one_of(*FAMILY)
        arm_value = value if draft.maybe(0.75) else key_value(draft, "orders")
        where = condition(draft, table, "t", arm_value, draft.maybe(0.85))
        second = draft.one_of("customer_id", *[column for column in PRIMARY[table][-1:] if column != "line"])
        arms.append(f"select t.customer_id, t.{second} from {table} t where {where}")
    draft.is_ordered = draft.maybe(0.4)
    return draft.one_of(" union ", " union all ", " except ", " intersect ").join(arms) + (" order by 1, 2" if draft.is_ordered else "")


def without_tables(draft):
    """Expressions alone."""
    value = draft.number(-5, 50)
    return draft.one_of(f"select {value} as a, {draft.parameter('varchar', 'x')} as b", f"select seq from seq_1_to_{abs(value) + 1}",
                        f"values ({value}, 'a'), (2, NULL)", f"select {draft.parameter('int', str(value))} + 1, NULL, true")


def select(draft):
    form = draft.weighted(single=38, joined=15, using=6, nested=14, derived=8, common=7, combined=8, without_tables=1)
    return globals()[form](draft)
