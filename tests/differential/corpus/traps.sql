-- Sixty-four statements that proxies answer wrongly, by number.

-- name: 01 nulls last by default; ordered
select score from customers order by score, cid;
-- name: 02 explicit nulls and a limit; ordered
select score from customers order by score desc nulls last, cid limit 5;
-- name: 03 order by text of many letters; ordered
select name from customers order by name;
-- name: 04 order by an expression, limit and offset; ordered
select name from customers order by lower(name), cid limit 10 offset 20;
-- name: 05 the sort column is not selected; ordered
select name from customers order by created, cid;
-- name: 06 order by ordinals; ordered
select cid, name from customers order by 2 desc, 1;
-- name: 07 limit 0 still describes its columns; ordered
select * from orders order by total limit 0;
-- name: 08 limit without an order; counted
select * from orders limit 10;
-- name: 09 with ties; ordered
select total from orders order by total fetch first 3 rows with ties;
-- name: 10 count of nothing is one zero
select count(*) from orders where false;
-- name: 11 sum and min of nothing are one row of NULL
select sum(total), min(total) from orders where cid = -1000;
-- name: 12 no average of averages
select avg(total) from orders;
-- name: 13 the average of integers is numeric
select avg(qty) from items;
-- name: 14 count distinct off the key
select count(distinct country) from customers;
-- name: 15 count distinct of the key
select count(distinct cid) from orders;
-- name: 16 distinct and plain aggregates together
select country, count(distinct email), sum(score) from customers group by 1;
-- name: 17 variance
select stddev_samp(total), variance(total) from orders;
-- name: 18 string_agg with an order
select string_agg(name, ',' order by name) from customers;
-- name: 19 a sum beyond bigint
select sum(x) from (select 9223372036854775807::int8 x from orders) t;
-- name: 20 a sum of floats
select sum(val) from events;
-- name: 21 having after the merge
select country, sum(score) from customers where score <> 'NaN' group by country having sum(score) > 100;
-- name: 22 limit after the merge; ordered
select country, sum(score) from customers group by country order by sum(score) desc nulls last, country limit 3;
-- name: 23 group by the key and limit; ordered
select cid, count(*) from orders group by cid order by 2 desc, 1 limit 3;
-- name: 24 group by an expression
select lower(country) c, count(*) from customers group by c;
-- name: 25 the same column twice
select count(*), count(*) from orders group by status;
-- name: 26 distinct before limit; ordered
select distinct status from orders order by status limit 2;
-- name: 27 distinct on; ordered
select distinct on (country) country, name from customers order by country, created, cid;
-- name: 28 rollup
select status, count(*) from orders group by rollup(status);
-- name: 29 arithmetic over aggregates of nothing
select a.s / a.n from (select sum(total) s, count(*) n from orders where status = 'nowhere') a where a.n > 0;
-- name: 30 join using the key
select c.name, o.oid from customers c join orders o using (cid);
-- name: 30 the column order of using
select * from customers c join orders o using (cid);
-- name: 31 anti join, on versus where
select c.cid from customers c left join orders o on o.cid = c.cid and o.status = 'new' where o.oid is null;
-- name: 32 an outer join off the key
select count(*) from customers c left join events e on e.cid = c.cid;
-- name: 33 a reference table on the preserved side
select k.code, c.cid from countries k left join customers c on c.country = k.code;
-- name: 34 full join with a reference table
select k.code, c.cid from countries k full join customers c on c.country = k.code;
-- name: 35 right join with a single table
select c.cid, f.k from customers c right join cfg f on f.k = c.name where exists (select 1 from cfg);
-- name: 36 self join off the key
select a.eid, b.eid from events a join events b on a.cid = b.cid and a.eid < b.eid;
-- name: 37 join off the key with a filter
select o.cid, e.eid from orders o, events e where o.cid = e.cid and o.oid = 2;
-- name: 38 natural join
select * from customers natural join orders;
-- name: 39 in a subquery with duplicates
select cid from customers where cid in (select cid from events where kind = 'x');
-- name: 40 not in with a NULL
select cid from customers where cid not in (select cid from events);
-- name: 41 a subquery correlated on the key
select (select max(ts) from orders o where o.cid = c.cid) from customers c;
-- name: 42 compared with an aggregate of all
select cid, oid from orders where total > (select avg(total) from orders);
-- name: 43 exists, correlated off the key
select c.cid from customers c where exists (select 1 from events e where e.cid = c.cid and e.val > c.score);
-- name: 44 a scalar subquery of two rows
select (select cid from orders where oid = 1 and cid in (1, 2));
-- name: 44 a scalar subquery of two rows, one key
select (select oid from orders where cid = 3);
-- name: 45 union removes duplicates of all shards
select cid from customers union select cid from events;
-- name: 46 except all
select cid from orders except all select cid from customers;
-- name: 46 intersect all
select cid from orders intersect all select cid from items;
-- name: 47 limits in each arm; ordered
(select cid from orders order by cid, oid limit 2) union all (select cid from items order by cid, iid limit 2) order by 1 limit 3;
-- name: 48 a materialized WITH decides an update
with x as materialized (select cid from customers order by cid limit 5) update customers set score = 1 where cid in (select cid from x);
-- name: 49 a recursive WITH
with recursive r as (select eid, cid from events where eid = 1 union select e.eid, e.cid from events e join r on e.eid = r.cid) select * from r;
-- name: 50 a window over the key
select cid, oid, row_number() over (partition by cid order by oid) from orders;
-- name: 51 a window over all; ordered
select cid, oid, rank() over (order by total) from orders order by cid, oid;
-- name: 52 several rows, one violating
insert into customers (cid, name) values (1001, 'a'), (1002, 'b'), (1001, 'c');
-- name: 52 several rows of one key, one violating
insert into orders (cid, oid) values (5, 100), (5, 101), (5, 100);
-- name: 52 several rows and what they return
insert into customers (cid, name) values (1001, 'a'), (1002, 'b') returning cid, name;
-- name: 53 insert from a select that moves keys
insert into customers (cid, name) select cid + 1000, name from customers where cid between 1 and 10;
-- name: 54 an upsert that changes the key
insert into customers (cid, name) values (5, 'x') on conflict (cid) do update set cid = 4242;
-- name: 54 an upsert that keeps the key
insert into customers (cid, name) values (5, 'x') on conflict (cid) do update set cid = 5, name = 'y' returning cid, name;
-- name: 55 an insert without the key
insert into customers (name) values ('x');
-- name: 55 an insert of DEFAULT for the key
insert into customers (cid, name) values (default, 'x');
-- name: 55 an insert of a sequence's value for the key
insert into customers (cid, name) values (setval('s', 5000), 'x');
-- name: 56 an update that moves a row
update customers set cid = cid + 1000 where cid = 5 returning *;
-- name: 56 an update that moves a row to a constant
update customers set cid = 1005 where cid = 5 returning *;
-- name: 57 an update with a limit
update orders set status = 'x' where (cid, oid) in (select cid, oid from orders order by ts, cid, oid limit 10);
-- name: 58 an update joined off the key
update orders o set note = e.kind from events e where e.cid = o.cid and e.eid = 1;
-- name: 59 delete with a list of keys
delete from orders where cid in (1, 2, 3, 3) returning *;
-- name: 60 update of a looked-up column
update customers set email = 'new@x.org' where cid = 5;
-- name: 60 update of the lookup table
update lk set cid = 6 where email = 'u5@x.org' returning *;
-- name: 61 the key as text with zeros
select cid, name from customers where cid = '007';
-- name: 61 the key as a numeric
select cid, name from customers where cid = 7.0;
-- name: 61 the key as a parameter
-- $1 int8 7
select cid, name from customers where cid = $1;
-- name: 61 the key as an undeclared parameter
-- $1 ?int8 7
select cid, name from customers where cid = $1;
-- name: 61 the key as a small parameter
-- $1 int2 7
select cid, name from customers where cid = $1;
-- name: 61 the key as a numeric parameter
-- $1 numeric 7.0
select cid, name from customers where cid = $1;
-- name: 62 or, and, NULL
select cid from customers where cid = 1 or (cid = 2 and country = 'de') or cid is null;
-- name: 63 evaluated once
select count(distinct t) from (select now() t, cid from customers) x;
-- name: 63 nextval beside rows
select setval('s', 10), cid from customers where cid = 1;
-- name: 63 version beside rows
select version() = version() as same, cid from customers;
-- name: 64 a transfer between two shards
begin;
update customers set score = 1 where cid = 1;
update customers set score = 2 where cid = 2;
update customers set score = 3 where cid = 3;
commit;
-- name: 64 a transfer between two rows of one shard
begin;
update orders set total = total - 5 where cid = 3 and oid = 1;
update orders set total = total + 5 where cid = 3 and oid = 2;
select sum(total) from orders where cid = 3;
commit;
