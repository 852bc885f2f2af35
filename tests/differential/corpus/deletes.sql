-- DELETE and TRUNCATE.

-- name: one key; demanded
delete from orders where cid = 3;
-- name: one key, returned; demanded
delete from orders where cid = 3 returning oid, total;
-- name: one row; demanded
delete from orders where cid = 3 and oid = 1 returning *;
-- name: no row; demanded
delete from orders where cid = 31337;
-- name: a parameter; demanded
-- $1 int4 3
delete from orders where cid = $1;
-- name: a list of keys
delete from orders where cid in (3, 5, 6);
-- name: a list of a key and NULL
delete from orders where cid in (3, null);
-- name: an array; demanded
-- $1 int8[] {3}
delete from orders where cid = any($1) returning oid;
-- name: an empty array
-- $1 int8[] {}
delete from orders where cid = any($1) returning oid;
-- name: all
delete from orders;
-- name: all, where true
delete from orders where true;
-- name: none
delete from orders where false;
-- name: or
delete from orders where cid = 3 or oid = 2;
-- name: not
delete from orders where cid <> 3;
-- name: a range
delete from orders where cid >= 3 and cid <= 3;
-- name: arithmetic
delete from orders where cid + 0 = 3;
-- name: by a subquery of the same key; demanded
delete from orders o where cid = 3 and exists (select 1 from items i where i.cid = o.cid and i.oid = o.oid);
-- name: by a subquery of the same key as a constant; demanded
delete from orders where cid = 3 and oid in (select oid from items where cid = 3);
-- name: by a subquery of another key
delete from orders where cid = 3 and oid in (select oid from items where cid = 2);
-- name: by a subquery over all
delete from orders where cid = 3 and oid in (select oid from items);
-- name: the key by a subquery
delete from orders where cid in (select cid from customers where cid = 3);
-- name: the key by a subquery of another column
delete from orders where cid in (select cid from customers where country = 'de');
-- name: using; demanded
delete from items i using orders o where o.cid = i.cid and o.oid = i.oid and i.cid = 3 returning i.iid;
-- name: using, the other side fixed
delete from items i using orders o where o.cid = i.cid and o.cid = 3;
-- name: using off the key
delete from items i using orders o where o.oid = i.oid and i.cid = 3;
-- name: using a reference table
delete from customers c using countries k where k.code = c.country and c.cid = 3;
-- name: using values
delete from orders o using (values (1), (2)) v (n) where o.oid = v.n and o.cid = 3;
-- name: alias; demanded
delete from customers as c where c.cid = 5 returning c.name;
-- name: text key; demanded
delete from lk where email = 'a ';
-- name: uuid key; demanded
delete from docs where id = '6d3a06d3-6406-d39a-6d3a-06d36406d39a' returning title;
-- name: reference table; demanded
delete from countries where code = 'de';
-- name: reference table, everything, returned; demanded
delete from countries returning *;
-- name: reference table by a subquery of itself; demanded
delete from countries where name in (select name from countries where code = 'de');
-- name: reference table by rows
delete from countries where code in (select country from customers where cid = 3);
-- name: single table; demanded
delete from cfg where k = 'limit' returning v;
-- name: single table by a fixed key
delete from cfg where k in (select name from customers where cid = 3);
-- name: within WITH; demanded
with d as (delete from orders where cid = 3 returning *) select count(*), sum(oid) from d;
-- name: within WITH, moved to another table
with d as (delete from orders where cid = 3 returning cid, oid) insert into items (cid, iid) select cid, oid + 1000 from d;
-- name: within WITH, everything
with d as (delete from orders returning *) select count(*) from d;
-- name: within WITH, of a reference table; demanded
with d as (delete from countries where code = 'de' returning code) select * from d;
-- name: truncate
truncate orders;
-- name: truncate several
truncate orders, items;
-- name: truncate a reference table
truncate countries;
-- name: truncate a single table
truncate cfg;
