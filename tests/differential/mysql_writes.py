"""Generated INSERTs, REPLACEs, UPDATEs, DELETEs and upserts in MySQL's dialect, the key in odd forms among them."""
from mysql_key_forms import condition, fixed_key, key_constant, loose_key, odd_constant
from mysql_tables import COLUMNS, FAMILY, KEY, NUMBERS, PRIMARY, SHARDED, constant, key_kind, key_value

_WRITTEN = [*SHARDED, "docs", "orders", "order_items", "customers", "countries", "cfg"]


def returning(draft, table):
    key = KEY.get(table, PRIMARY[table][0])
    return draft.one_of("", "", "", " returning *", f" returning {key}", f" returning {key} as k, 1 as one")


def column_value(draft, table, column, value):
    """What an INSERT gives a column."""
    kind = COLUMNS[table][column]
    if column == KEY.get(table):
        return key_constant(draft, kind, value, odd=0.08)
    if column in PRIMARY[table]:
        if kind == "uuid":
            return constant(draft, kind)
        if kind in ("text", "name"):
            return constant(draft, kind, draft.one_of("de", "it", "theme", "new", "message 7"))
        return str(draft.number(1, 6) if draft.maybe(0.4) else draft.number(100, 999))
    if (table, column) == ("customers", "name"):
        return draft.one_of("'Ada'", "'it''s'", "'b\\\\s'", draft.parameter("varchar", "new name"), "NULL" if draft.maybe(0.2) else "'x'",
                            "upper('ab')")
    if (table, column) == ("entries", "code"):
        return draft.one_of("NULL", "'de'", "'zz'" if draft.maybe(0.2) else "'fr'")
    return "DEFAULT" if draft.maybe(0.05) else constant(draft, kind)


def _columns(draft, table):
    """The columns given: all of them without a list, or some with a list in any order."""
    if table != "docs" and draft.maybe(0.25):
        return list(COLUMNS[table]), ""
    needed = [*PRIMARY[table], *(["name"] if table == "customers" else [])]
    if draft.maybe(0.04):
        needed = needed[1:]
    chosen = needed + [column for column in draft.some(COLUMNS[table], 0, 3) if column not in needed]
    if draft.maybe(0.4):
        chosen.reverse()
    return (chosen or list(COLUMNS[table])), f" ({', '.join(chosen or COLUMNS[table])})"


def _new_key(draft, table):
    if table not in KEY or draft.maybe(0.02):
        return None
    return key_value(draft, table, is_new=draft.maybe(0.5))


def insert(draft):
    """VALUES of one to three rows, of one key or of several; SET; REPLACE; IGNORE."""
    table = draft.one_of(*_WRITTEN)
    columns, listed = _columns(draft, table)
    first = _new_key(draft, table)
    is_replace = draft.maybe(0.2)
    verb = "replace" if is_replace else draft.one_of("insert", "insert", "insert", "insert ignore")
    end = returning(draft, table) if is_replace else _conflict(draft, table, first) + returning(draft, table)
    if draft.maybe(0.12):
        given = ", ".join(f"{column} = {column_value(draft, table, column, first)}" for column in columns)
        return f"{verb} into {table} set {given}{end}"
    values = [first] + [first if draft.maybe(0.75) else _new_key(draft, table) for _ in range(draft.one_of(0, 0, 0, 1, 2))]
    shown = ", ".join("(" + ", ".join(column_value(draft, table, column, value) for column in columns) + ")" for value in values)
    return f"{verb}{draft.one_of(' into', ' into', '')} {table}{listed} values {shown}{end}"


def _conflict(draft, table, value):
    """An upsert's clause, or nothing."""
    if draft.maybe(0.65) or table == "logs":
        return ""
    return f" on duplicate key update {_assignment(draft, table, value, True)}"


def _assignment(draft, table, value, is_upsert=False):
    """A column that is set, now and then the key."""
    key = KEY.get(table)
    if key and draft.maybe(0.12):
        kind = key_kind(table)
        other = key_constant(draft, kind, key_value(draft, table))
        given = f"values({key})" if is_upsert else odd_constant(draft, kind, value) if value is not None else "NULL"
        return draft.one_of(f"{key} = {key_constant(draft, kind, value)}", f"{key} = {key}", f"{key} = {other}", f"{key} = DEFAULT",
                            f"{key} = {given}")
    column = draft.one_of(*([c for c in COLUMNS[table] if c not in PRIMARY[table]] or [PRIMARY[table][-1]]))
    kind = COLUMNS[table][column]
    forms = [constant(draft, kind), constant(draft, kind), column, f"coalesce({column}, {constant(draft, kind)})"]
    forms += ["DEFAULT"] if column not in PRIMARY[table] else []
    forms += [f"values({column})"] if is_upsert else []
    if kind == "text":
        forms += [f"concat({column}, 'x')", f"upper({column})"]
        if key:
            forms.append(f"({key} = {key_constant(draft, key_kind(table), key_value(draft, table))})")
    if kind in NUMBERS:
        forms += [f"{column} + 1", f"{column} * 2"]
    return f"{column} = {draft.one_of(*forms)}"


def _where(draft, table, value, keyed=0.85):
    return condition(draft, table, table, value, table in KEY and draft.maybe(keyed))


def _tail(draft, table):
    """A limit that the order decides."""
    return f" order by {', '.join(PRIMARY[table])} limit {draft.number(1, 3)}" if draft.maybe(0.12) and table != "logs" else ""


def update(draft):
    table = draft.one_of(*_WRITTEN)
    value = key_value(draft, table) if table in KEY else None
    verb = draft.one_of("update", "update", "update", "update ignore")
    return f"{verb} {table} set {_assignment(draft, table, value)} where {_where(draft, table, value)}{_tail(draft, table)}"


def update_join(draft):
    """Another table decides or gives a value; at most one of its rows matches."""
    value = key_value(draft, "orders")
    link = draft.one_of("c.customer_id = t.customer_id", "c.customer_id = t.customer_id",
                        fixed_key(draft, "customers", "c.customer_id", value))
    where = draft.one_of(fixed_key(draft, "orders", "t.customer_id", value), fixed_key(draft, "customers", "c.customer_id", value), "true")
    given = draft.one_of("c.name", "coalesce(c.email, 'none')", "concat(t.status, c.name)")
    return f"update orders t {draft.one_of('join', 'left join')} customers c on {link} set t.note = {given} where {where}"


def delete(draft):
    table = draft.one_of(*_WRITTEN)
    value = key_value(draft, table) if table in KEY else None
    return f"delete from {table} where {_where(draft, table, value)}{_tail(draft, table) or returning(draft, table)}"


def delete_join(draft):
    value = key_value(draft, "order_items")
    inner = draft.one_of("o.customer_id = t.customer_id and o.order_id = t.order_id", "o.customer_id = t.customer_id",
                         "o.order_id = t.order_id")
    key = draft.one_of(fixed_key(draft, "order_items", "t.customer_id", value), fixed_key(draft, "orders", "o.customer_id", value),
                       loose_key(draft, "order_items", "t.customer_id"))
    if draft.maybe(0.5):
        return draft.one_of(f"delete t from order_items t join orders o on {inner} where {key}",
                            f"delete from t using order_items t join orders o on {inner} where {key}")
    inside = draft.one_of("o.customer_id = t.customer_id", fixed_key(draft, "orders", "o.customer_id", value), "true")
    outside = fixed_key(draft, "order_items", "t.customer_id", value)
    return f"delete t from order_items t where {outside} and exists (select 1 from orders o where {inside})"


def insert_select(draft):
    """Rows of another table, with their key, a constant in its place, or something computed."""
    value = key_value(draft, "orders")
    form = draft.weighted(same=5, constant=3, computed=1, swapped=1)
    key = {"same": "o.customer_id", "constant": key_constant(draft, "bigint", value), "computed": "o.customer_id div 2",
           "swapped": "o.order_id"}[form]
    # With one key for several customers, which of their rows conflicts would depend on their order: they are of one customer then.
    where = condition(draft, "orders", "o", value, form in ("constant", "computed") or draft.maybe(0.8))
    other = "o.customer_id % 1000 + 5000" if form == "swapped" else "o.order_id + 500"
    verb = draft.one_of("insert", "insert ignore", "replace")
    if draft.maybe(0.5):
        rows = f"select {other}, {key}, 1, o.status from orders o where {where}"
        return f"{verb} into order_items (order_id, customer_id, line, product) {rows}"
    return f"{verb} into orders (order_id, customer_id, note) select {other}, {key}, o.note from orders o where {where}"


def by_subquery(draft):
    """A write whose condition or value is a subquery."""
    table = draft.one_of(*FAMILY)
    value = key_value(draft, table)
    inside = draft.one_of(fixed_key(draft, "events", "e.event_id", value), fixed_key(draft, "orders", "e.customer_id", value), "true")
    source = f"from {'events' if 'event_id' in inside else 'orders'} e where {inside}"
    where = fixed_key(draft, table, f"{table}.customer_id", value)
    if draft.maybe(0.5):
        return f"delete from {table} where {where} and {table}.customer_id {draft.one_of('in', 'not in')} (select e.customer_id {source})"
    return f"update customers set score = (select count(*) {source}) where {fixed_key(draft, 'customers', 'customers.customer_id', value)}"


def write(draft):
    form = draft.weighted(insert=36, update=24, update_join=5, delete=14, delete_join=5, insert_select=8, by_subquery=5)
    return globals()[form](draft)
