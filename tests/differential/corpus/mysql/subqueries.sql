-- Subqueries in every place, and unions.

-- name: in, same key; demanded
select name from customers where customer_id = 3 and customer_id in (select customer_id from orders where customer_id = 3);
-- name: in, off the key
select name from customers where customer_id in (select customer_id from events where kind = 'x');
-- name: not in with a NULL
select name from customers where customer_id not in (select customer_id from events);
-- name: in, of the family
select name from customers where customer_id in (select customer_id from orders where status = 'paid');
-- name: exists on the key
select name from customers c where exists (select 1 from orders o where o.customer_id = c.customer_id and o.status = 'paid');
-- name: exists on the key, one; demanded
select name from customers c where c.customer_id = 3 and exists (select 1 from orders o where o.customer_id = c.customer_id);
-- name: exists, uncorrelated
select name from customers c where exists (select 1 from orders o where o.status = 'lost');
-- name: not exists
select customer_id from customers c where not exists (select 1 from orders o where o.customer_id = c.customer_id);
-- name: scalar on the key
select customer_id, (select max(ts) from orders o where o.customer_id = c.customer_id) from customers c;
-- name: scalar, one; demanded
select name, (select count(*) from orders o where o.customer_id = c.customer_id) from customers c where customer_id = 3;
-- name: scalar over all
select name from customers where score > (select avg(score) from customers);
-- name: scalar of a reference table; demanded
select name, (select k.name from countries k where k.code = c.country) from customers c where customer_id = 5;
-- name: scalar of a single table
select name, (select v from cfg where k = 'theme') from customers c where customer_id = 5;
-- name: any
select order_id from orders where customer_id = 3 and total >= all (select total from orders where customer_id = 3 and total is not null);
-- name: some over all
select customer_id from customers where customer_id = any (select customer_id from orders);
-- name: row subquery
select name from customers where (customer_id, name) = (select customer_id, name from customers where customer_id = 5);
-- name: more than one row
select name from customers where customer_id = (select customer_id from orders);
-- name: derived over all
select count(*) from (select distinct country from customers) x;
-- name: derived, key outside
select * from (select customer_id, name from customers) x where x.customer_id = 5;
-- name: derived, key inside; demanded
select * from (select customer_id, name from customers where customer_id = 5) x;
-- name: derived, renamed key
select * from (select customer_id as k, name from customers) x where x.k = 5;
-- name: derived with a limit
select * from (select customer_id from customers order by customer_id limit 3) x where customer_id > -100;
-- name: aggregate over no rows
select a.s / a.n from (select sum(total) s, count(*) n from orders where status = 'nothing') a;
-- name: with over all
with paid as (select * from orders where status = 'paid') select customer_id, count(*) from paid group by customer_id;
-- name: with twice
with o as (select * from orders where customer_id = 3) select * from o a join o b on a.order_id = b.order_id;
-- name: lateral is not known
select c.name from customers c, lateral (select 1) x where c.customer_id = 5;
-- name: in a select list, another table's key
select name, (select name from customers where customer_id = 6) from customers where customer_id = 5;
-- name: union, one key; demanded
select customer_id from customers where customer_id = 3 union select order_id from orders where customer_id = 3;
-- name: union all, one key; ordered; demanded
(select order_id from orders where customer_id = 3) union all (select customer_id from customers where customer_id = 3) order by 1;
-- name: union of two keys
select name from customers where customer_id = 3 union all select name from customers where customer_id = 5;
-- name: union over all
select customer_id from customers union select customer_id from orders;
-- name: union all over all
select customer_id from customers union all select customer_id from orders;
-- name: union, limits in the arms
(select customer_id from customers order by customer_id limit 2) union all (select order_id from orders order by order_id limit 2) order by 1 limit 3;
-- name: union with a constant
select name from customers where customer_id = 5 union all select 'x';
-- name: union with a reference table
select country from customers where customer_id = 5 union select code from countries;
-- name: union of other types
select customer_id from customers where customer_id = 5 union select name from customers where customer_id = 5;
-- name: intersect
select customer_id from customers intersect select customer_id from orders;
-- name: except, one key; demanded
select order_id from orders where customer_id = 3 except select 1;
-- name: except over all
select customer_id from customers except select customer_id from orders;
-- name: parentheses; demanded
(select name from customers where customer_id = 5);
-- name: double parentheses; demanded
((select name from customers where customer_id = 5) limit 1);
-- name: union of other column counts
select 1 union select 1, 2;
-- name: count over a union
select count(*) from (select customer_id from customers union select event_id from events) x;
-- name: update in a subquery
update customers set score = (select count(*) from orders o where o.customer_id = 3) where customer_id = 3;
-- name: delete by a subquery on another shard
delete from customers where customer_id = 3 and exists (select 1 from orders where customer_id = 5);
