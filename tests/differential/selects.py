"""Generated SELECTs. Each is either fixed to one key, where anything may follow, or over all shards, where little may."""
from key_forms import condition, fixed_key, key_constant, loose_key, predicate
from tables import COLUMNS, FAMILY, KEY, PRIMARY, SHARDED, constant, key_value

_NUMBERS = ("int8", "int4", "int2", "numeric", "float8")


_EXPRESSIONS = {
    "text": ["upper({})", "length({})", "{} || '!'", "substr({}, 2)", "md5({})", "left({}, 1) as l", "replace({}, 'a', 'b')",
             "{} ~ '^[a-z]'",
             "lpad({}, 4, '-')", "strpos({}, 'a')", "{} like 'A%'", "split_part({}, '@', 1)", "concat({}, 1)", "{}::varchar(2)",
             "quote_literal({})"],
    "numeric": ["{}::numeric + 1", "{} / 2", "- {}", "{}::text", "abs({})", "{} * 0.5 as half", "round({}::numeric, 1)",
                "sign({}::numeric)",
                "greatest({}, 0)", "{} between 0 and 5", "{} in (1, 2, 3)", "{}::numeric(30,1)", "array[{}, 1]", "mod({}::numeric, 3)"],
    "timestamptz": ["date_trunc('month', {})", "extract(month from {})", "{}::date", "{} + interval '1 day'", "{} < '2026-05-01'",
                    "{} at time zone 'UTC'", "to_char({}, 'YYYY-MM')"],
    "date": ["{} + 1", "extract(day from {})", "{}::timestamp"], "bool": ["not {}", "{}::int", "{} is true"],
}


def columns_of(draft, table, alias):
    """A few plain columns or expressions over them."""
    names = draft.some(COLUMNS[table], 1, 4)
    return [expression(draft, table, alias, name) if draft.maybe(0.3) else f"{alias}.{name}" for name in names]


def expression(draft, table, alias, column):
    """An expression over one column that fails for no row."""
    name, kind = f"{alias}.{column}", COLUMNS[table][column]
    forms = [f"{name} is null", f"coalesce({name}::text, 'none')", f"{name} = {constant(draft, kind)}",
             f"case when {name} is null then 'n' else 'v' end as c{draft.number(1, 3)}", f"nullif({name}, {constant(draft, kind)})"]
    forms += [form.format(name) for form in _EXPRESSIONS.get(kind, _EXPRESSIONS["numeric"] if kind in _NUMBERS else [])]
    if column == KEY.get(table):
        key = key_constant(draft, kind, key_value(draft, table))
        forms += [f"{name} = {key}", f"case when {name} = {key} then 1 end"]
    return draft.one_of(*forms)


def aggregates(draft, table, alias):
    column, kind = draft.one_of(*COLUMNS[table].items())
    name = f"{alias}.{column}"
    forms = ["count(*)", f"count({name})", f"count(distinct {name})", f"min({name}::text)", f"max({name}::text)",
             f"string_agg({name}::text, ',' order by {name})", f"array_agg({name} order by {name})", f"count(*) + 1",
             f"count(*) filter (where {predicate(draft, table, alias)})", f"bool_and({name} is null)"]
    if table in KEY:
        forms.append(f"count(*) filter (where {loose_key(draft, table, f'{alias}.{KEY[table]}')})")
    if kind in _NUMBERS:
        forms += [f"sum({name})", f"avg({name}::numeric)", f"coalesce(sum({name}), 0)", f"max({name})", f"sum(distinct {name})"]
    return draft.one_of(*forms)


def single(draft):
    """From one table."""
    table = draft.one_of(*SHARDED, *SHARDED, "orders", "orders", "customers", "items", "countries", "cfg")
    is_keyed = table not in KEY or draft.maybe(0.6)
    where = condition(draft, table, "t", key_value(draft, table) if table in KEY else None, is_keyed)
    source = f"from {table} t where {where}"
    if not is_keyed and draft.maybe(0.75):
        return _plain(draft, table, source)
    return draft.one_of(_plain, _sorted, _grouped, _aggregated, _distinct, _windowed)(draft, table, source)


def _plain(draft, table, source):
    return f"select {'*' if draft.maybe(0.3) else ', '.join(columns_of(draft, table, 't'))} {source}"


def _sorted(draft, table, source):
    draft.is_ordered = True
    keys = [f"t.{column}" for column in PRIMARY[table]]
    first = f"t.{draft.one_of(*COLUMNS[table])}" + draft.one_of("", " desc", " nulls first", " desc nulls last")
    counted = draft.parameter("int8", str(draft.number(0, 4)))
    limit = draft.one_of("", "", f" limit {draft.number(0, 4)}", f" limit {counted} offset 1", " offset 1",
                         " fetch first 2 rows with ties", " limit all", " limit null")
    return f"select {', '.join(columns_of(draft, table, 't'))} {source} order by {', '.join([first, *keys])}{limit}"


def _grouped(draft, table, source):
    column = f"t.{draft.one_of(*COLUMNS[table])}"
    having = draft.one_of("", "", " having count(*) > 1", " having true")
    return f"select {column}, {aggregates(draft, table, 't')} {source} group by {draft.one_of(column, '1')}{having}"


def _aggregated(draft, table, source):
    return f"select {', '.join(aggregates(draft, table, 't') for _ in range(draft.number(1, 3)))} {source}"


def _distinct(draft, table, source):
    return f"select distinct {', '.join(f't.{c}' for c in draft.some(COLUMNS[table], 1, 2))} {source}"


def _windowed(draft, table, source):
    order = ", ".join(f"t.{column}" for column in PRIMARY[table])
    window = draft.one_of(f"row_number() over (order by {order})", f"rank() over (order by {order})", "count(*) over ()",
                          f"lag(t.{PRIMARY[table][0]}) over (order by {order})", f"count(*) over (partition by t.{PRIMARY[table][0]})")
    return f"select t.{PRIMARY[table][0]}, {window} {source}"


def joined(draft):
    """Two tables of the family, or one and a reference table, joined in every way, the key in ON or WHERE or nowhere."""
    left, right = draft.one_of(*FAMILY), draft.one_of(*FAMILY, "countries", "events", "cfg")
    value, is_keyed = key_value(draft, left), draft.maybe(0.6)
    kind = draft.weighted(**{"join": 6, "left join": 4, "right join": 1, "full join": 1})
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
        return f"b.code = a.{draft.one_of('cid::text', 'cid::text')}" if draft.maybe(0.1) else "b.name is not null"
    if right == "cfg":
        return "true"
    key = f"b.{KEY[right]}"
    link = draft.one_of(f"a.cid = {key}", f"{key} = a.cid", f"a.cid = {key}", f"a.cid = {key} and b.cid is not null")
    if draft.maybe(0.1):
        link = draft.one_of("a.cid = b.cid", f"a.cid <= {key} and a.cid >= {key}", f"a.cid is not distinct from {key}",
                            f"a.cid = {key} or b.cid = 5")
    return link


def chained(draft):
    """Three tables, inner and outer joins in a row, a reference table among them."""
    value = key_value(draft, "orders")
    first = draft.weighted(**{"join": 3, "left join": 1})
    second = draft.weighted(**{"join": 3, "left join": 2})
    third, link = draft.one_of(("items c", "c.cid = b.cid and c.oid = b.oid"), ("items c", "c.cid = a.cid"),
                               ("countries c", "c.code = a.country"), ("events c", "c.eid = a.cid"),
                               ("parts c", "c.k = b.cid"), ("sites c", "c.site = a.cid"))
    name = draft.one_of("a", "b", "c") if third.split()[0] == "items" else draft.one_of("a", "b")
    where = draft.one_of("true", "true", predicate(draft, "customers", "a"), predicate(draft, "orders", "b"))
    if draft.maybe(0.65):
        where += f" and {fixed_key(draft, 'orders', f'{name}.cid', value)}"
    some = ", ".join(columns_of(draft, "customers", "a") + columns_of(draft, "orders", "b"))
    listed = draft.one_of("*", "a.cid, b.oid", "c.*, a.name", some)
    return f"select {listed} from customers a {first} orders b on b.cid = a.cid {second} {third} on {link} where {where}"


def using(draft):
    """USING and NATURAL, where columns are merged."""
    left, right = draft.one_of(("customers", "orders"), ("orders", "items"), ("items", "orders"))
    kind = draft.weighted(**{"join": 5, "left join": 3, "right join": 1, "full join": 1})
    key = draft.one_of("cid", "cid", "a.cid", "b.cid")
    merged = draft.one_of("cid", "oid, cid" if "customers" not in (left, right) else "cid")
    where = f" where {fixed_key(draft, left, key, key_value(draft, left))}" if draft.maybe(0.7) else ""
    selected = draft.one_of("*", "cid", "a.*, b.cid", "b.cid, a.cid", "cid, b.oid")
    return f"select {selected} from {left} a {kind} {right} b using ({merged}){where}"


def nested(draft):
    """Subqueries in WHERE, FROM and the select list."""
    outer, inner = draft.one_of(*FAMILY), draft.one_of(*FAMILY)
    value = key_value(draft, outer)
    outer_key = fixed_key(draft, outer, "a.cid", value) if draft.maybe(0.75) else draft.one_of("true", loose_key(draft, outer, "a.cid"))
    inner_key = draft.one_of("b.cid = a.cid", "b.cid = a.cid", fixed_key(draft, inner, "b.cid", value),
                             fixed_key(draft, inner, "b.cid", key_value(draft, inner)), "true")
    inner_where = f"where {inner_key}" + (f" and {predicate(draft, inner, 'b')}" if draft.maybe(0.3) else "")
    source = f"from {inner} b {inner_where}"
    outer_select = f"select a.cid, a.{draft.one_of(*COLUMNS[outer])} from {outer} a"
    form = draft.weighted(exists=3, within=3, scalar=3, array=1, lateral=1, compared=1)
    if form == "exists":
        return f"{outer_select} where {outer_key} and {draft.one_of('', 'not ')}exists (select 1 {source})"
    if form == "within":
        return f"{outer_select} where {outer_key} and a.cid {draft.one_of('in', 'in', 'not in', '= any')} (select b.cid {source})"
    if form == "scalar":
        return f"select a.cid, (select {aggregates(draft, inner, 'b')} {source}) from {outer} a where {outer_key}"
    if form == "array":
        return f"select array(select b.{PRIMARY[inner][-1]} {source} order by 1) from {outer} a where {outer_key}"
    if form == "lateral":
        return f"select a.cid, x.n from {outer} a, lateral (select count(*) n {source}) x where {outer_key}"
    return f"{outer_select} where {outer_key} and a.cid >= (select coalesce(min(b.cid), 0) {source})"


def derived(draft):
    """A subquery in FROM, the key inside or outside of it."""
    table = draft.one_of(*SHARDED)
    key, value = KEY[table], key_value(draft, table)
    inside, outside = draft.one_of((True, False), (False, True), (True, True), (False, False))
    inner = condition(draft, table, "t", value, inside)
    column = draft.one_of(key, f"{key} as k", f"{key} as {key}", f"t.{key}")
    name = "k" if column.endswith(" k") else key
    outer = f" where {fixed_key(draft, table, f's.{name}', value)}" if outside else ""
    other = draft.one_of(*[c for c in COLUMNS[table] if c != key])
    tail = draft.one_of("", "", "", f" order by {', '.join(PRIMARY[table])} limit 3", f" group by {key}, {other}")
    return f"select s.* from (select {column}, {other} from {table} t where {inner}{tail}) s{outer}"


def common(draft):
    """WITH."""
    table = draft.one_of(*FAMILY)
    value = key_value(draft, table)
    inner = condition(draft, table, "t", value, draft.maybe(0.75))
    materialized = draft.one_of("", "", "materialized ", "not materialized ")
    outer = draft.one_of("", f" where {fixed_key(draft, table, 'w.cid', value)}", f" join customers c on c.cid = w.cid",
                         f" where exists (select 1 from orders o where o.cid = w.cid)", " where w.cid is not null")
    listed = draft.one_of("w.*", "w.cid", "count(*)")
    return f"with w as {materialized}(select t.* from {table} t where {inner}) select {listed} from w{outer}"


def combined(draft):
    """UNION, INTERSECT, EXCEPT."""
    value = key_value(draft, "orders")
    values = [value if draft.maybe(0.75) else key_value(draft, "orders") for _ in range(draft.number(2, 3))]
    arms = []
    for arm_value in values:
        table = draft.one_of(*FAMILY)
        where = condition(draft, table, "t", arm_value, draft.maybe(0.85))
        arms.append(f"select t.cid, t.{draft.one_of('cid', PRIMARY[table][-1])} from {table} t where {where}")
    operators = draft.one_of(" union ", " union all ", " except ", " intersect ", " except all ", " intersect all ")
    draft.is_ordered = draft.maybe(0.4)
    return operators.join(arms) + (" order by 1, 2" if draft.is_ordered else "")


def without_tables(draft):
    """Expressions alone."""
    value = draft.number(-5, 50)
    return draft.one_of(f"select {value} as a, {draft.parameter('text', 'x')} as b", f"select g from generate_series(1, {abs(value)}) g",
                        f"values ({value}, 'a'), (2, NULL)", f"select {draft.parameter('int4', str(value))} + 1, NULL, true",
                        f"select * from unnest({draft.parameter('int8[]', '{1,2,NULL}')}) u where u = {value}")


def select(draft):
    form = draft.weighted(single=32, joined=15, chained=8, using=8, nested=15, derived=9, common=8, combined=8, without_tables=1)
    return globals()[form](draft)
