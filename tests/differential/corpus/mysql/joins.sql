-- Joins: on the key, off it, with reference and single tables, in every way.

-- name: on the key, one key; demanded
select c.name, o.order_id from customers c join orders o on o.customer_id = c.customer_id where c.customer_id = 3;
-- name: on the key, one key of the other side; demanded
select c.name, o.order_id from customers c join orders o on o.customer_id = c.customer_id where o.customer_id = 3;
-- name: on the key, all
select c.name, o.order_id from customers c join orders o on o.customer_id = c.customer_id;
-- name: on the key, all ordered; ordered
select c.name, o.order_id from customers c join orders o on o.customer_id = c.customer_id order by c.customer_id, o.order_id;
-- name: comma; demanded
select c.name, o.order_id from customers c, orders o where o.customer_id = c.customer_id and c.customer_id = 3;
-- name: using; demanded
select * from customers join orders using (customer_id) where customer_id = 3;
-- name: using, all
select customer_id, name, order_id from customers join orders using (customer_id);
-- name: natural
select * from customers natural join orders where customer_id = 3;
-- name: three; demanded
select c.name, o.order_id, i.product from customers c join orders o on o.customer_id = c.customer_id
 join order_items i on i.customer_id = o.customer_id and i.order_id = o.order_id where c.customer_id = 3;
-- name: three, all
select c.name, o.order_id, i.product from customers c join orders o on o.customer_id = c.customer_id
 join order_items i on i.customer_id = o.customer_id and i.order_id = o.order_id;
-- name: left; demanded
select c.name, o.order_id from customers c left join orders o on o.customer_id = c.customer_id where c.customer_id = 4;
-- name: left, all
select c.customer_id, o.order_id from customers c left join orders o on o.customer_id = c.customer_id;
-- name: left, anti
select c.customer_id from customers c left join orders o on o.customer_id = c.customer_id and o.status = 'new' where o.order_id is null;
-- name: left, the key in ON only
select c.customer_id, o.order_id from customers c left join orders o on o.customer_id = c.customer_id and c.customer_id = 3;
-- name: left, the key of the right side in ON
select c.customer_id, o.order_id from customers c left join orders o on o.customer_id = c.customer_id and o.customer_id = 3;
-- name: left, the key of the right side in ON as a constant
select c.customer_id, o.order_id from customers c left join orders o on o.customer_id = 3 where c.customer_id = 3;
-- name: right
select c.name, o.order_id, o.customer_id from customers c right join orders o on o.customer_id = c.customer_id;
-- name: right of one key
select c.name, o.order_id from customers c right join orders o on o.customer_id = c.customer_id where o.customer_id = 777;
-- name: cross
select count(*) from customers a cross join customers b;
-- name: cross of one key; demanded
select count(*) from orders a cross join orders b where a.customer_id = 3 and b.customer_id = 3;
-- name: two keys
select a.name, b.name from customers a, customers b where a.customer_id = 3 and b.customer_id = 5;
-- name: straight_join; demanded
select c.name, o.order_id from customers c straight_join orders o on o.customer_id = c.customer_id where c.customer_id = 3;
-- name: off the key
select c.name, e.event_id from customers c join events e on e.customer_id = c.customer_id;
-- name: off the key, one side fixed
select c.name, e.event_id from customers c join events e on e.customer_id = c.customer_id where c.customer_id = 5;
-- name: off the key, both sides fixed
select c.name, e.event_id from customers c join events e on e.customer_id = c.customer_id where c.customer_id = 5 and e.event_id = 5;
-- name: keys of two columns, equal; demanded
select c.name, e.kind from customers c join events e on e.event_id = c.customer_id where c.customer_id = 5;
-- name: off the key in the family
select count(*) from orders a join orders b on a.order_id = b.order_id;
-- name: keys of other types
select c.name, s.label from customers c join sites s on s.site = c.customer_id where c.customer_id = 5;
-- name: keys of other types, all
select c.name, s.label from customers c join sites s on s.site = c.customer_id;
-- name: key and text key
select l.email, c.name from lk l join customers c on c.customer_id = l.customer_id where l.email = 'u5@x.org';
-- name: text keys
select l.email, e.n from lk l join exact e on e.tag = l.email where l.email = '7';
-- name: reference
select c.name, k.name from customers c join countries k on k.code = c.country;
-- name: reference, one key; demanded
select c.name, k.name from customers c join countries k on k.code = c.country where c.customer_id = 5;
-- name: reference on the right, outer
select c.customer_id, k.name from customers c left join countries k on k.code = c.country;
-- name: reference preserved
select k.code, c.customer_id from countries k left join customers c on c.country = k.code;
-- name: reference preserved, one key
select k.code, c.customer_id from countries k left join customers c on c.country = k.code and c.customer_id = 5;
-- name: reference preserved, counted
select k.code, count(c.customer_id) from countries k left join customers c on c.country = k.code group by k.code;
-- name: reference and reference; demanded
select a.code, b.code from countries a join codes b on b.code <> a.code;
-- name: single with sharded
select c.name, f.v from customers c join cfg f on f.k = 'theme' where c.customer_id = 5;
-- name: single with sharded, all
select c.name, f.v from customers c, cfg f where f.k = 'theme';
-- name: on a comparison
select a.customer_id, b.customer_id from customers a join customers b on a.customer_id < b.customer_id where b.customer_id = 3;
-- name: null-safe
select c.name, l.msg from customers c join logs l on l.customer_id <=> c.customer_id;
-- name: null-safe with a fixed key
select c.name, l.msg from customers c join logs l on l.customer_id <=> c.customer_id where c.customer_id = 1;
-- name: on an or
select count(*) from customers c join orders o on o.customer_id = c.customer_id or o.order_id = 1;
-- name: derived
select x.name, o.order_id from (select * from customers where customer_id = 3) x join orders o on o.customer_id = x.customer_id;
-- name: derived and limited
select x.customer_id, o.order_id from (select customer_id from customers order by customer_id limit 3) x join orders o using (customer_id);
-- name: group over a join
select c.country, sum(o.total) from customers c join orders o on o.customer_id = c.customer_id group by c.country;
-- name: self join on the key; demanded
select a.order_id, b.order_id from orders a join orders b on a.customer_id = b.customer_id and a.order_id < b.order_id where a.customer_id = 3;
-- name: equal by a chain; demanded
select count(*) from customers c, orders o, order_items i where c.customer_id = 3 and o.customer_id = c.customer_id and i.customer_id = o.customer_id;
-- name: parameters on both sides; demanded
-- $1 bigint 3
-- $2 bigint 3
select o.order_id from customers c, orders o where c.customer_id = $1 and o.customer_id = $2;
-- name: parameters that differ
-- $1 bigint 3
-- $2 bigint 5
select o.order_id from customers c, orders o where c.customer_id = $1 and o.customer_id = $2;
-- name: the column is in two tables
select customer_id from customers c join orders o on o.customer_id = c.customer_id where c.customer_id = 3;
-- name: no such table in a join
select * from customers c join nowhere n on n.customer_id = c.customer_id where c.customer_id = 3;
