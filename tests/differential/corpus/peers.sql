-- Statements that other proxies are known to answer wrongly without a word.

-- name: order by an expression; ordered
select cid from customers order by lower(name), cid;
-- name: order by a column not selected; ordered
select cid from customers order by name, cid;
-- name: order by with nulls first; ordered
select cid, score from customers order by score asc nulls first, cid;
-- name: order by with desc nulls last; ordered
select cid, score from customers order by score desc nulls last, cid;
-- name: order by text under its collation; ordered
select name, cid from customers order by name, cid;
-- name: group by an expression that is not selected
select count(*) from orders group by date_trunc('day', ts);
-- name: group by without an aggregate
select status from orders group by status;
-- name: group by, order by the count, limit; ordered
select status, count(*) from orders group by status order by 2 desc, 1 limit 2;
-- name: having on each shard
select country, count(*) from customers group by country having count(*) > 4;
-- name: an aggregate inside an expression
select count(*) + 1 from customers;
-- name: an aggregate inside coalesce
select coalesce(sum(total), 0) from orders;
-- name: a distinct aggregate behind a cast
select sum(distinct qty)::int from items;
-- name: limit by a subquery; counted
select cid from customers limit (select 5);
-- name: limit by arithmetic; counted
select cid from customers limit 2 + 3;
-- name: offset without limit; counted
select cid from customers offset 5;
-- name: union of two keys
select cid, name from customers where cid = 1 union select cid, name from customers where cid = 2;
-- name: union of three keys
select cid from customers where cid = 3 union all select cid from customers where cid = 4 union all select cid from customers where cid = 6;
-- name: the key compared in the select list
select cid = 1, name from customers;
-- name: the key in CASE
select case when cid = 1 then 'one' else 'other' end from customers;
-- name: the key in FILTER
select count(*) filter (where cid = 1) from customers;
-- name: the key in IS NOT TRUE
select cid from customers where (cid = 1) is not true;
-- name: the key in SET
update cfg set v = (1 = 1)::text;
-- name: the key compared in SET
update customers set email = (cid = 1)::text where cid = 2;
-- name: the key compared in SET of all rows
update customers set email = (cid = 1)::text;
-- name: the key inside IN of another column
select cid from customers where name in (select name from customers where cid = 1);
-- name: the key inside EXISTS
select cid from customers where exists (select 1 from customers where cid = 1);
-- name: the key inside ON of an outer join
select a.cid, b.cid from customers a left join customers b on b.cid = 1;
-- name: key modulo constant
select cid from customers where cid % 2 = 1;
-- name: key plus constant
select cid from customers where cid - 1 = 2;
-- name: a sum as the key
select cid from customers where cid = 1 + 10;
-- name: a parameter plus a constant as the key
-- $1 int8 4
select cid from customers where cid = $1 + 1;
-- name: delete where the key plus a constant
delete from customers where cid - 1 = 2;
-- name: delete where the key is a sum
delete from customers where cid = 1 + 10;
-- name: a list with arithmetic
select cid from customers where cid in (1, 10 + 1);
-- name: a list with a function
-- $1 int8 1
select cid from customers where cid in ($1, abs(-11));
-- name: insert of a sum as the key
insert into customers (cid, name) values (1000 + 10, 'x');
-- name: insert from another table
insert into events (eid, kind) select cid + 100000, name from customers where cid between 1 and 9;
-- name: a text key as a literal of digits
insert into lk (email, cid) values ('123', 1);
-- name: a text key as a parameter of digits
-- $1 text 123
insert into lk (email, cid) values ($1, 1);
-- name: a text key as a literal of digits, read
select * from lk where email = '007';
-- name: self join off the key
select a.cid, b.cid from customers a join customers b on a.country = b.country and a.cid < b.cid;
-- name: a cross join of a table with itself
select count(*) from customers a join customers b on true;
-- name: a cross join of a table with itself, one side fixed
select a.cid, b.cid from customers a join customers b on true where a.cid = 15;
-- name: greater than the average of all
select cid from customers where score > (select avg(score) from customers where score <> 'NaN');
-- name: row_number over all; ordered
select cid, row_number() over (order by cid) from customers order by cid;
-- name: distinct on a qualified column; ordered
select distinct on (t.country) t.country, t.cid from customers t order by t.country, t.cid;
-- name: several rows of several shards
insert into customers (cid, name) values (2001, 'a'), (2002, 'b'), (2003, 'c'), (2004, 'd');
-- name: prepare and execute
prepare p (int8) as select name from customers where cid = $1;
execute p(1);
execute p(2);
execute p(3);
deallocate p;
-- name: set_config is tracked
select set_config('application_name', 'judge', false);
show application_name;
-- name: do
do $$ begin null; end $$;
-- name: several statements in one message; whole
select cid from customers where cid = 1;
select cid from customers where cid = 2;
select cid from customers where cid = 3;
-- name: an insert whose value is a subquery of another key
insert into customers (cid, name) values (3001, (select name from customers where cid = 2));
-- name: a select list subquery over the same table
select cid, (select count(*) from customers) from customers where cid = 5;
-- name: a WITH of values decides an update
with v (c, n) as (values (1::int8, 'a'), (2, 'b'), (3, 'c')) update customers set email = v.n from v where customers.cid = v.c;
-- name: a WITH that moves the key
with s as (select cid + 1 as i from customers where cid = 3) insert into customers (cid, name) select i + 5000, 'moved' from s;
-- name: limit 2 over all; counted
select cid from orders limit 2;
-- name: average of averages of numerics
select avg(total), sum(total) / count(total) from orders;
-- name: = any of an array of keys
select cid from customers where cid = any('{1,2,3,4,5,6}');
-- name: = any of a parameter of keys
-- $1 int8[] {1,2,3,4,5,6}
select cid from customers where cid = any($1);
-- name: two outer joins, zero groups
select s.cid, s.n from (select cid, count(*) n from orders where status = 'none' group by cid) s;
-- name: a union of an aggregate of nothing
select sum(total) from orders where false union all select 1;
-- name: is distinct from
select cid from customers where cid is distinct from 1;
-- name: update without the key
update customers set country = 'de' where country = 'DE';
-- name: delete without the key
delete from events where kind = 'x';
-- name: alias that hides the key's table
select c.cid from customers o join orders c on c.cid = o.cid where o.cid = 3;
-- name: column alias that takes the key's name
select * from (select oid as cid, cid as other from orders) x where x.cid = 3;
-- name: a table alias with column aliases
select * from orders as o (cid, oid) where o.cid = 2;
-- name: a table alias with column aliases, the real key
select * from orders as o (a, b) where o.b = 3;
