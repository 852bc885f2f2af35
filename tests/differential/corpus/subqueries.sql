-- Subqueries, WITH, set operations.

-- name: exists, colocated, fixed; demanded
select c.cid from customers c where c.cid = 3 and exists (select 1 from orders o where o.cid = c.cid);
-- name: exists, colocated, over all
select c.cid from customers c where exists (select 1 from orders o where o.cid = c.cid);
-- name: not exists, colocated, over all
select c.cid from customers c where not exists (select 1 from orders o where o.cid = c.cid);
-- name: exists, off the key
select c.cid from customers c where c.cid = 3 and exists (select 1 from events e where e.cid = c.cid);
-- name: exists, not correlated, same key
select c.cid from customers c where c.cid = 3 and exists (select 1 from orders o where o.cid = 3);
-- name: exists, not correlated, another key
select c.cid from customers c where c.cid = 3 and exists (select 1 from orders o where o.cid = 2);
-- name: exists, not correlated, no key
select c.cid from customers c where c.cid = 4 and exists (select 1 from orders o where o.oid = 3);
-- name: exists, inner name hides the outer one
select c.cid from customers c where c.cid = 3 and exists (select 1 from orders o where o.cid = cid);
-- name: exists, or
select c.cid from customers c where c.cid = 3 or exists (select 1 from orders o where o.cid = c.cid and o.oid = 3);
-- name: in a subquery of the key
select cid from customers where cid in (select cid from orders where cid = 3);
-- name: in a subquery of the key, over all
select cid from customers where cid in (select cid from orders where status = 'new');
-- name: in a subquery with the outer key fixed
select cid from customers where cid = 3 and cid in (select cid from orders);
-- name: in a subquery with a limit
select cid from customers where cid = 3 and cid in (select cid from orders order by cid, oid limit 3);
-- name: not in, fixed
select cid from customers where cid = 4 and cid not in (select cid from orders);
-- name: not in, fixed, correlated; demanded
select cid from customers c where cid = 4 and cid not in (select cid from orders o where o.cid = c.cid);
-- name: in a subquery of another column
select cid from customers where cid = 3 and country in (select code from countries);
-- name: in a subquery of a reference table, over all
select cid from customers where country in (select code from countries);
-- name: not in a subquery of a reference table with NULLs
select cid from customers where country not in (select name from countries);
-- name: scalar, colocated, fixed; demanded
select cid, (select sum(total) from orders o where o.cid = c.cid) from customers c where cid = 3;
-- name: scalar, same key twice
select (select name from customers where cid = 3), (select count(*) from orders where cid = 3);
-- name: scalar, two keys
select (select name from customers where cid = 3), (select count(*) from orders where cid = 2);
-- name: scalar over all
select cid, (select count(*) from orders) from customers where cid = 3;
-- name: scalar in the comparison with the key
select cid from customers where cid = (select max(cid) from orders where cid = 3);
-- name: scalar in the comparison with the key, no rows
select cid from customers where cid = (select cid from orders where cid = 4);
-- name: any with a subquery
select cid from customers where cid = 3 and cid = any(select cid from orders);
-- name: all with a subquery
select cid from customers where cid = 3 and cid >= all(select cid from orders where cid = 3);
-- name: array of a subquery; demanded
select array(select oid from orders where cid = 3 order by oid);
-- name: array of a subquery over all
select array(select oid from orders order by cid, oid);
-- name: row of a subquery
select cid from orders where (cid, oid) = (select cid, max(oid) from orders where cid = 3 group by cid) and cid = 3;
-- name: from a subquery, key inside; demanded
select * from (select cid, oid from orders where cid = 3) s;
-- name: from a subquery, key outside; demanded
select * from (select cid, oid from orders) s where s.cid = 3;
-- name: from a subquery, renamed key outside
select * from (select cid as k, oid from orders) s where s.k = 3;
-- name: from a subquery, another column named as the key
select * from (select oid as cid, cid as k from orders) s where s.cid = 3;
-- name: from a subquery, computed key outside
select * from (select cid - 1 as cid, oid from orders) s where s.cid = 3;
-- name: from a subquery with a limit, key outside
select * from (select cid, oid from orders order by cid desc, oid limit 5) s where s.cid = 24;
-- name: from a subquery with distinct, key outside
select * from (select distinct cid, status from orders) s where s.cid = 3;
-- name: from a subquery with group by, key outside
select * from (select cid, count(*) from orders group by cid) s where s.cid = 3;
-- name: from a subquery with a window, key outside
select * from (select cid, row_number() over (order by cid, oid) r from orders) s where s.cid = 3;
-- name: from a subquery with column aliases
select * from (select cid, oid from orders) s (a, b) where s.a = 3;
-- name: from a subquery with swapped column aliases
select * from (select cid, oid from orders) s (oid, cid) where s.cid = 3;
-- name: from a subquery, aggregated outside
select count(*), sum(oid) from (select cid, oid from orders where cid in (3)) s;
-- name: from a subquery over all, aggregated outside
select count(*) from (select cid from orders) s;
-- name: from a union, key outside
select * from (select cid from orders union all select cid from customers) s where s.cid = 3;
-- name: from a union, key inside
select * from (select cid from orders where cid = 3 union all select cid from customers where cid = 3) s;
-- name: nested thrice
select * from (select * from (select * from (select * from orders where cid = 3) a) b) c;
-- name: with, key inside; demanded
with w as (select * from orders where cid = 3) select count(*) from w;
-- name: with, key outside
with w as (select * from orders) select * from w where cid = 3;
-- name: with, key in both, different
with w as (select * from orders where cid = 3) select * from w where cid = 2;
-- name: with, used twice
with w as (select * from orders where cid = 3) select a.oid, b.oid from w a join w b on a.oid < b.oid;
-- name: with, two keys
with a as (select * from orders where cid = 3), b as (select * from orders where cid = 2) select a.oid, b.oid from a, b;
-- name: with, named like the table
with orders as (select * from orders where cid = 3) select * from orders;
-- name: with, named like the table, inside a subquery
select * from (with customers as (select 5 as cid) select * from customers) x;
-- name: with, named like another table
with customers as (select cid, oid from orders where cid = 3) select * from customers;
-- name: with, not used
with w as (select * from customers) select cid from orders where cid = 3;
-- name: with, not used, that would fail
with w as (select 1 / 0) select cid from orders where cid = 3;
-- name: with recursive, without tables
with recursive r (n) as (select 1 union all select n + 1 from r where n < 5) select * from r;
-- name: with recursive, fixed
with recursive r as (select oid from orders where cid = 3 and oid = 1 union all select o.oid from orders o join r on o.oid = r.oid + 1 where o.cid = 3) select * from r;
-- name: with recursive, fixed only at the start
with recursive r as (select cid, oid from orders where cid = 3 union select o.cid, o.oid from orders o join r on o.cid = r.cid - 1) select * from r;
-- name: with joined to a colocated table
with w as (select cid, count(*) n from orders where cid = 3 group by cid) select c.name, w.n from w join customers c on c.cid = w.cid;
-- name: with joined to a colocated table, fixed twice; demanded
with w as (select cid, count(*) n from orders where cid = 3 group by cid) select c.name, w.n from w join customers c on c.cid = w.cid where c.cid = 3;
-- name: union of one key; demanded
select cid, oid from orders where cid = 3 union select cid, iid from items where cid = 3;
-- name: union all over all
select cid from orders union all select cid from customers;
-- name: union, one arm over all
select cid from orders where cid = 3 union all select cid from customers;
-- name: union with values; ordered
select cid from customers where cid = 3 union all values (1), (2) order by 1;
-- name: union with a constant
select 'customer', cid from customers where cid = 3 union all select 'constant', 0;
-- name: union of types
select cid from customers where cid = 3 union all select total from orders where cid = 3;
-- name: union with NULL
select null union select name from customers where cid = 3;
-- name: intersect of one key
select cid from orders where cid = 3 intersect select cid from customers where cid = 3;
-- name: except of one key
select oid from orders where cid = 3 except select oid from items where cid = 3;
-- name: except, the other arm over all
select oid from orders where cid = 3 except select oid from items;
-- name: order and limit of a union; ordered
select oid from orders where cid = 3 union all select iid from items where cid = 3 order by 1 desc limit 2;
-- name: union of references; demanded
select code from countries union select name from countries;
-- name: union of a reference and one key
select name from countries union all select name from customers where cid = 3;
-- name: union of a reference and all
select name from countries union all select name from customers;
-- name: table command
table countries;
-- name: values alone
values (1, 'a'), (2, null);
-- name: values ordered; ordered
values (2, 'a'), (1, 'b') order by 1;
-- name: in values
select cid from customers where cid in (values (1), (2), (3));
-- name: in values of one key
select cid from customers where cid = 3 and cid in (values (1), (3));
-- name: subquery in limit
select oid from orders where cid = 3 order by oid limit (select count(*) from orders where cid = 2);
-- name: subquery in order by; ordered
select oid from orders o where cid = 3 order by (select count(*) from items i where i.cid = o.cid and i.oid = o.oid), oid;
-- name: aggregate of the outer level in a subquery
select (select count(o.oid)) from orders o where o.cid = 3;
-- name: correlated two levels up
select c.cid from customers c where c.cid = 3 and exists (select 1 from orders o where o.cid = c.cid and exists (select 1 from items i where i.cid = c.cid and i.oid = o.oid));
-- name: derived table joined on the key
select c.name, s.n from customers c join (select cid, count(*) n from orders group by cid) s on s.cid = c.cid where c.cid = 3;
-- name: derived table joined on the key, fixed in both
select c.name, s.n from customers c join (select cid, count(*) n from orders where cid = 3 group by cid) s on s.cid = c.cid where c.cid = 3;
-- name: derived table with offset 0
select * from (select cid, oid from orders where cid = 3 offset 0) s;
-- name: case with a subquery over a sharded table
select case when exists (select 1 from orders where cid = 3) then 'yes' else 'no' end;
-- name: subquery over a reference table beside all rows
select cid, (select name from countries where code = 'de') from customers;
-- name: subquery correlated with a reference table beside all rows
select cid, (select k.name from countries k where k.code = c.country) from customers c;
