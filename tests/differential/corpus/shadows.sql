-- Names that hide other names, columns that are merged, aliases that are swapped.

-- name: aliases swapped
select orders.name, customers.oid from customers orders join orders customers on customers.cid = orders.cid where customers.cid = 3;
-- name: aliases swapped, over all
select orders.name, customers.oid from customers orders join orders customers on customers.cid = orders.cid;
-- name: an alias hides the table's name
select customers.cid from customers c where customers.cid = 5;
-- name: WITH named like the table that is updated
with customers as (select 5 as cid) update customers set score = 1 where cid = 5 returning cid;
-- name: WITH named like the table that is deleted from
with customers as (select 6 as cid) delete from customers where cid = 5 returning cid;
-- name: WITH named like the table that is inserted into
with customers as (select 1001::bigint as cid, 'x' as name) insert into customers (cid, name) select cid, name from customers;
-- name: WITH named like a table that is joined
with orders as (select 3::bigint as cid) delete from items i using orders where i.cid = orders.cid and orders.cid = 3;
-- name: WITH whose columns are renamed
with w (cid, k) as (select oid, cid from orders) select * from w where cid = 3;
-- name: WITH whose columns are renamed, the key kept
with w (k, cid) as (select oid, cid from orders where cid = 3) select * from w where cid = 3;
-- name: WITH inside WITH
with a as (with b as (select * from orders where cid = 3) select * from b) select count(*) from a;
-- name: WITH inside a subquery hides the outer one
with orders as (select 1 as cid) select * from (with orders as (select 2 as cid) select * from orders) x;
-- name: natural join, merged column is no key of the other
select * from customers natural join events where cid = 5;
-- name: using, merged column is no key of the other
select cid, kind from customers join events using (cid) where cid = 5;
-- name: using, the other's key fixed
select cid, kind from customers join events using (cid) where eid = 5;
-- name: using over three tables
select cid, c.name, i.sku from customers c join orders o using (cid) join items i using (cid, oid) where cid = 3;
-- name: using over three tables, left
select cid, c.name, i.sku from customers c left join orders o using (cid) left join items i using (cid, oid) where cid = 3;
-- name: using over three tables, full
select cid from customers c full join orders o using (cid) full join items i using (cid) where cid = 3;
-- name: natural join without common columns
select c.cid, f.k from customers c natural join cfg f where c.cid = 3;
-- name: join with column aliases
select a from (customers c join orders o on o.cid = c.cid) as j (a, b, d, e, f, g, h) where a = 3;
-- name: function alias named like a table
select customers from generate_series(1, 3) customers;
-- name: function alias named like a table, with a key
select customers.cid from generate_series(1, 3) as customers (cid) where customers.cid = 3;
-- name: values alias named like a table
select * from (values (5::bigint, 'x')) as customers (cid, name) where cid = 5;
-- name: an output column named like the key
select oid as cid from orders where cid = 3 order by cid;
-- name: group by an output column named like the key
select oid + 1 as total, count(*) from orders where cid = 3 group by total;
-- name: order by an output column and an expression; ordered
select oid as note, cid from orders where cid = 3 order by note, oid;
-- name: whole row compared
select cid from countries c join customers k on k.cid = 5 where c = row('de', 'Germany');
-- name: the key through a whole row
select c.name from customers c where (c).cid = 5;
-- name: the key through a whole row, over all
select c.name from customers c where (c).cid > 5;
-- name: correlated two levels, names hidden on the way
select c.cid from customers c where c.cid = 3 and exists (select 1 from orders c where c.cid = 2 and exists (select 1 from items i where i.cid = c.cid));
-- name: inner column falls through to the outer table
select cid from customers where cid = 3 and exists (select 1 from countries where cid = 3);
-- name: inner column falls through, over all
select cid from customers where exists (select 1 from countries where code = country);
-- name: inner column falls through to the key
select name from customers where cid in (select cid from countries);
-- name: inner column falls through to the key, fixed inside only
select name from customers where name in (select name from countries where cid = 3);
-- name: lateral reaches left
select x.v from customers c, lateral (select c.cid + 1 as v) x where c.cid = 3;
-- name: lateral with the key of another
select x.oid from customers c, lateral (select oid from orders where cid = 3) x where c.cid = 3;
-- name: a target list name is not visible in where
select oid as k from orders where k = 3;
-- name: excluded used as a table's name
select excluded.cid from customers excluded where excluded.cid = 5;
-- name: a user operator named like one of PostgreSQL's
select cid @> 0::bigint from customers where cid = 5;
-- name: a user operator named like one of PostgreSQL's, over all
select cid @> 0::bigint from customers;
-- name: a user operator named like one of PostgreSQL's, written
update customers set score = cid @> 0::bigint where cid = 5;
-- name: an operator of PostgreSQL's beside a user's of the same name
select id from docs where meta @> '{"n": 4}' and id = 'c83fb72e-3761-d945-c83f-b72e3761d945';
-- name: no operator between the key and a text
select cid from customers where cid = '5'::text;
-- name: another search_path, the same tables
set search_path = public, pg_catalog;
select cid from customers where cid = 5;
