"""Generated INSERTs, UPDATEs, DELETEs and upserts, the key in odd forms among them."""
from key_forms import condition, fixed_key, key_constant, loose_key, predicate
from tables import COLUMNS, FAMILY, KEY, PRIMARY, SHARDED, constant, key_value

# RETURNING of a joined table would depend on which of several rows was met first.
_RETURNING = ("", "", " returning *", " returning {key}", " returning {key} as k, 1 as one", " returning t.*")


def returning(draft, table, alias="t"):
    key = KEY.get(table, PRIMARY[table][0])
    return draft.one_of(*_RETURNING).format(key=f"{alias}.{key}").replace("t.*", f"{alias}.*")


def column_value(draft, table, column, value):
    """What an INSERT gives a column."""
    kind = COLUMNS[table][column]
    if column == KEY.get(table):
        return key_constant(draft, kind, value, odd=0.12)
    if column in PRIMARY[table]:
        return str(draft.number(1, 6) if draft.maybe(0.4) else draft.number(100, 999)) if kind != "text" else constant(draft, kind)
    if table == "customers" and column == "name":
        return draft.one_of("'Ada'", "'it''s'", draft.parameter("text", "new name"), "NULL" if draft.maybe(0.2) else "'x'", "upper('ab')")
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


def insert(draft):
    """VALUES of one to three rows, of one key or of several."""
    table = draft.one_of(*SHARDED, "orders", "items", "customers", "countries", "cfg")
    columns, listed = _columns(draft, table)
    first = _new_key(draft, table)
    values = [first] + [first if draft.maybe(0.75) else _new_key(draft, table) for _ in range(draft.one_of(0, 0, 0, 1, 2))]
    shown = ", ".join("(" + ", ".join(column_value(draft, table, column, value) for column in columns) + ")" for value in values)
    return f"insert into {table} as t{listed} values {shown}{_conflict(draft, table, first)}{returning(draft, table)}"


def _new_key(draft, table):
    if table not in KEY or draft.maybe(0.02):
        return None
    return key_value(draft, table, is_new=draft.maybe(0.5))


def _conflict(draft, table, value):
    """An upsert's clause, or nothing."""
    if draft.maybe(0.6):
        return ""
    target = f" ({', '.join(PRIMARY[table])})"
    if draft.maybe(0.35):
        return f" on conflict{draft.one_of('', target)} do nothing"
    where = draft.one_of("", "", f" where {predicate(draft, table, 't')}")
    return f" on conflict{target} do update set {_assignment(draft, table, value, True)}{where}"


def _assignment(draft, table, value, is_upsert=False):
    """One or two columns that are set, now and then the key."""
    key = KEY.get(table)
    if key and draft.maybe(0.12):
        kind = COLUMNS[table][key]
        forms = [f"{key} = {key_constant(draft, kind, value)}", f"{key} = {key}" if not is_upsert else f"{key} = excluded.{key}",
                 f"{key} = {key_constant(draft, kind, key_value(draft, table))}", f"{key} = DEFAULT", f"{key} = NULL", f"{key} = t.{key}"]
        return draft.one_of(*forms)
    column = draft.one_of(*[c for c in COLUMNS[table] if c not in PRIMARY[table]])
    kind = COLUMNS[table][column]
    forms = [constant(draft, kind), constant(draft, kind), f"t.{column}", "DEFAULT", f"coalesce(t.{column}, {constant(draft, kind)})"]
    if is_upsert:
        forms.append(f"excluded.{column}")
    if kind == "text":
        forms += [f"t.{column} || 'x'", f"upper(t.{column})"]
        if key:
            forms.append(f"(t.{key} = {key_constant(draft, COLUMNS[table][key], key_value(draft, table))})::text")
    if kind in ("numeric", "int4", "float8"):
        forms += [f"t.{column} + 1", f"t.{column} * 2"]
    return f"{column} = {draft.one_of(*forms)}"


def _where(draft, table, value, keyed=0.85):
    if table not in KEY:
        return condition(draft, table, "t", None, False)
    return condition(draft, table, "t", value, draft.maybe(keyed))


def update(draft):
    table = draft.one_of(*SHARDED, "orders", "items", "customers", "countries", "cfg")
    value = key_value(draft, table) if table in KEY else None
    return f"update {table} t set {_assignment(draft, table, value)} where {_where(draft, table, value)}{returning(draft, table)}"


def update_from(draft):
    """Another table decides or gives a value; at most one of its rows matches."""
    value = key_value(draft, "orders")
    link = draft.one_of("c.cid = t.cid", "c.cid = t.cid", fixed_key(draft, "customers", "c.cid", value))
    where = draft.one_of(fixed_key(draft, "orders", "t.cid", value), fixed_key(draft, "customers", "c.cid", value), "true")
    given = draft.one_of("c.name", "coalesce(c.email, 'none')", "t.status || c.name")
    return f"update orders t set note = {given} from customers c where {link} and {where}{returning(draft, 'orders')}"


def delete(draft):
    table = draft.one_of(*SHARDED, "orders", "items", "customers", "countries", "cfg")
    value = key_value(draft, table) if table in KEY else None
    return f"delete from {table} t where {_where(draft, table, value)}{returning(draft, table)}"


def delete_using(draft):
    value = key_value(draft, "items")
    inner = draft.one_of("o.cid = t.cid and o.oid = t.oid", "o.cid = t.cid", "o.oid = t.oid")
    key = draft.one_of(fixed_key(draft, "items", "t.cid", value), fixed_key(draft, "orders", "o.cid", value),
                       loose_key(draft, "items", "t.cid"))
    if draft.maybe(0.5):
        return f"delete from items t using orders o where {inner} and {key}{returning(draft, 'items').replace(' *', ' t.*')}"
    inside = draft.one_of("o.cid = t.cid", fixed_key(draft, "orders", "o.cid", value), "true")
    where = f"{fixed_key(draft, 'items', 't.cid', value)} and exists (select 1 from orders o where {inside})"
    return f"delete from items t where {where}{returning(draft, 'items')}"


def insert_select(draft):
    """Rows of another table, with their key, a constant in its place, or something computed."""
    value = key_value(draft, "orders")
    kind = draft.weighted(same=5, constant=3, computed=1, swapped=1)
    key = {"same": "o.cid", "constant": key_constant(draft, "int8", value), "computed": "o.cid / 2", "swapped": "o.oid"}[kind]
    # With one key for several customers, which of their rows conflicts would depend on their order: they are of one customer then.
    where = condition(draft, "orders", "o", value, kind in ("constant", "computed") or draft.maybe(0.8))
    other = "o.cid % 1000 + 5000" if kind == "swapped" else "o.oid + 500"
    tail = draft.one_of("", "", " on conflict do nothing")
    if draft.maybe(0.5):
        rows = f"select {other}, {key}, o.status, 1 from orders o where {where}"
        return f"insert into items as t (iid, cid, sku, qty) {rows}{tail}{returning(draft, 'items')}"
    rows = f"select {other}, {key}, o.note from orders o where {where}"
    return f"insert into orders as t (oid, cid, note) {rows}{tail}{returning(draft, 'orders')}"


def with_write(draft):
    """A write inside WITH."""
    table = draft.one_of(*FAMILY)
    value = key_value(draft, table)
    where = condition(draft, table, "t", value, draft.maybe(0.85))
    verb = draft.one_of(f"delete from {table} t", f"update {table} t set {_assignment(draft, table, value)}")
    change = f"{verb} where {where} returning t.cid"
    also = f"update customers set score = 1 where {fixed_key(draft, 'customers', 'cid', value)}" if table != "customers" else "select 1"
    then = draft.one_of("select count(*) from w", "select * from w", f"select w.cid from w join customers c on c.cid = w.cid",
                        f"delete from events where {fixed_key(draft, 'events', 'eid', value)}", "delete from cfg where k = 'none'",
                        also)
    return f"with w as ({change}) {then}"


def write(draft):
    form = draft.weighted(insert=34, update=24, update_from=5, delete=14, delete_using=5, insert_select=8, with_write=7)
    return globals()[form](draft)
