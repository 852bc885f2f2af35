-- UPDATE and DELETE: which rows, the key that changes, joins, what is returned.

-- name: update one key; demanded
update customers set score = 5 where cid = 5;
-- name: update one key, returned; demanded
update customers set score = coalesce(score, 0) + 1, name = upper(name) where cid = 5 returning *;
-- name: update no rows; demanded
update customers set score = 5 where cid = 31337 returning *;
-- name: update by a parameter; demanded
-- $1 numeric 12.50
-- $2 int8 5
update customers set score = $1 where cid = $2;
-- name: update by an undeclared parameter; demanded
-- $1 ?numeric 12.50
-- $2 ?int8 5
update customers set score = $1 where cid = $2 returning score;
-- name: update to NULL; demanded
-- $1 text NULL
update customers set email = $1 where cid = 5;
-- name: update with a condition; demanded
update orders set status = 'done' where cid = 3 and status = 'new' returning oid;
-- name: update with a list of one key; demanded
update orders set status = 'done' where cid in (3, 3);
-- name: update with an array; demanded
-- $1 int8[] {3,3}
update orders set status = 'done' where cid = any($1);
-- name: update with a list of keys
update orders set status = 'done' where cid in (3, 5, 6, 7);
-- name: update with a range
update orders set status = 'done' where cid between 3 and 7;
-- name: update with or
update orders set status = 'done' where cid = 3 or oid = 2;
-- name: update with not
update orders set status = 'done' where not (cid = 3);
-- name: update with a computed key
update orders set status = 'done' where cid = 1 + 2;
-- name: update with a subselect as the key
update orders set status = 'done' where cid = (select 3);
-- name: update with a NULL key
update orders set status = 'done' where cid = null;
-- name: update everything
update orders set status = 'done';
-- name: update nothing
update orders set status = 'done' where false;
-- name: the key set to itself; demanded
update customers set cid = cid where cid = 5;
-- name: the key set to its own constant; demanded
update customers set cid = 5 where cid = 5;
-- name: the key set to another constant
update customers set cid = 1005 where cid = 5;
-- name: the key set to many constants
update customers set cid = 1006 where cid in (5);
-- name: the key set to a value that is there
update customers set cid = 6 where cid = 5;
-- name: the key set to a parameter
-- $1 int8 1005
update customers set cid = $1 where cid = 5;
-- name: the key set to the same parameter; demanded
-- $1 int8 5
update customers set cid = $1, score = 1 where cid = $1;
-- name: the key set to an expression
update customers set cid = cid + 0 where cid = 5;
-- name: the key set to DEFAULT
update customers set cid = default where cid = 5;
-- name: the key set to NULL
update customers set cid = null where cid = 5;
-- name: the key set in a list
update customers set (cid, name) = (1005, 'x') where cid = 5;
-- name: the key set in a list by a subselect
update customers set (cid, name) = (select 1005, 'x') where cid = 5;
-- name: the text key set
update lk set email = 'other@x.org' where email = 'u5@x.org';
-- name: the text key set to upper case
update lk set email = upper(email) where email = 'u5@x.org';
-- name: a column set in a list by a subselect
update customers set (name, email) = (select status, note from orders where cid = 3 and oid = 1) where cid = 3;
-- name: not null violated; demanded
update customers set name = null where cid = 5;
-- name: check violated; demanded
update orders set total = 1000000 where cid = 3;
-- name: primary key violated; demanded
update orders set oid = 1 where cid = 3 and oid = 2;
-- name: default; demanded
update tiny set amount = default where k = 5 returning *;
-- name: a subselect of the same key; demanded
update customers set email = (select max(status) from orders o where o.cid = customers.cid) where cid = 3;
-- name: a subselect over all
update customers set email = (select max(status) from orders) where cid = 3;
-- name: a subselect of another key
update customers set email = (select max(status) from orders where cid = 2) where cid = 3;
-- name: from a colocated table; demanded
update orders o set note = c.name from customers c where c.cid = o.cid and o.cid = 3 returning o.oid, o.note, c.name;
-- name: from a colocated table, the other side fixed
update orders o set note = c.name from customers c where c.cid = o.cid and c.cid = 3;
-- name: from a colocated table over all
update orders o set note = c.name from customers c where c.cid = o.cid;
-- name: from a table that is not colocated
update orders o set note = e.kind from events e where e.cid = o.cid and o.cid = 3 and e.eid = 5;
-- name: from a reference table
update orders o set note = k.name from countries k where k.code = 'de' and o.cid = 3;
-- name: from values
update orders o set note = v.n from (values (1, 'one'), (2, 'two')) v (oid, n) where o.oid = v.oid and o.cid = 3;
-- name: from values that hold the key
update orders o set note = v.n from (values (3::bigint, 'one')) v (cid, n) where o.cid = v.cid;
-- name: from unnest
-- $1 int8[] {1,2}
-- $2 text[] {a,b}
update orders o set note = u.n from unnest($1::int8[], $2::text[]) u (oid, n) where o.oid = u.oid and o.cid = 3;
-- name: alias; demanded
update customers as c set score = 1 where c.cid = 5 returning c.*;
-- name: only
update only customers set score = 1 where cid = 5;
-- name: where current of
update customers set score = 1 where current of nothing;
-- name: no such column
update customers set nothing = 1 where cid = 5;
-- name: reference table; demanded
update countries set name = upper(name);
-- name: reference table, returned; demanded
update countries set name = 'x' where code in ('de', 'fr') returning *;
-- name: reference table, key changed; demanded
update countries set code = 'DK' where code = 'de';
-- name: reference table, violated; demanded
update countries set code = 'fr' where code = 'de';
-- name: reference table, random
update countries set name = (random() < 2)::text where code = 'de';
-- name: single table; demanded
update cfg set v = v || '!' returning *;
-- name: single table, by a sharded row
update cfg set v = (select name from customers where cid = 3) where k = 'limit';
-- name: within WITH; demanded
with u as (update orders set status = 'done' where cid = 3 returning oid) select count(*) from u;
-- name: within WITH, two tables of one key
with u as (update orders set status = 'done' where cid = 3 returning cid) update customers set score = 1 where cid = 3;
-- name: within WITH, two tables of two keys
with u as (update orders set status = 'done' where cid = 3 returning cid) update customers set score = 1 where cid = 2;
-- name: within WITH, joined
with u as (update orders set status = 'done' where cid = 3 returning cid, oid) delete from items i using u where i.cid = u.cid and i.oid = u.oid;
-- name: jsonb; demanded
update docs set meta = coalesce(meta, '{}') || '{"a": 2}' where id = '6d3a06d3-6406-d39a-6d3a-06d36406d39a' returning meta;
-- name: array; demanded
update docs set tags = array_append(tags, 'z') where id = '6d3a06d3-6406-d39a-6d3a-06d36406d39a' returning tags;
-- name: a key of uuid as a parameter; demanded
-- $1 uuid 6d3a06d3-6406-d39a-6d3a-06d36406d39a
update docs set flag = not flag where id = $1 returning flag;
-- name: int key; demanded
update sites set grp = 5 where site = 7;
-- name: int key, out of range
update sites set grp = 5 where site = 2147483648;
-- name: value out of range; demanded
update sites set grp = 40000 where site = 7;
-- name: merge
merge into orders o using customers c on c.cid = o.cid and o.cid = 3 when matched then update set note = 'm';
