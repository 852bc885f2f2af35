-- DELETE and TRUNCATE.

-- name: one key; demanded
delete from orders where customer_id = 3;
-- name: one row; demanded
delete from orders where customer_id = 3 and order_id = 1;
-- name: no row; demanded
delete from orders where customer_id = 31337;
-- name: returning; demanded
delete from orders where customer_id = 3 returning order_id, total;
-- name: returning all; demanded
delete from customers where customer_id = 5 returning *;
-- name: returning over all
delete from orders where status = 'lost' returning customer_id;
-- name: a parameter; demanded
-- $1 bigint 3
delete from orders where customer_id = $1;
-- name: keys in a list
delete from orders where customer_id in (3, 5, 6);
-- name: keys in a list, returned
delete from orders where customer_id in (3, 5, 6) returning customer_id, order_id;
-- name: all
delete from order_items;
-- name: all, a condition
delete from orders where status = 'paid';
-- name: order and limit, one key; demanded
delete from orders where customer_id = 3 order by order_id desc limit 1;
-- name: order and limit, all
delete from orders order by total, customer_id, order_id limit 3;
-- name: limit alone
delete from orders limit 1000;
-- name: quick and ignore; demanded
delete low_priority quick ignore from orders where customer_id = 3;
-- name: alias; demanded
delete o from orders as o where o.customer_id = 3;
-- name: two tables, one key; demanded
delete o, i from orders o join order_items i on i.customer_id = o.customer_id and i.order_id = o.order_id where o.customer_id = 3;
-- name: two tables, from using; demanded
delete from o using orders o join customers c on c.customer_id = o.customer_id where c.customer_id = 3;
-- name: two tables, all
delete o from orders o join customers c on c.customer_id = o.customer_id where c.country = 'de';
-- name: two tables, off the key
delete o from orders o join events e on e.customer_id = o.customer_id where e.event_id = 5;
-- name: by a subquery; demanded
delete from orders where customer_id = 3 and order_id in (select order_id from order_items where customer_id = 3);
-- name: by a subquery over all
delete from orders where customer_id in (select customer_id from events where kind = 'x');
-- name: text key; demanded
delete from lk where email = '7';
-- name: text key, a space
delete from lk where email = '7 ';
-- name: text key, a number
delete from lk where email = 7;
-- name: no pad, a space
delete from exact where tag = 'a ';
-- name: NULL key
delete from logs where customer_id is null;
-- name: reference table; demanded
delete from countries where code = 'xx';
-- name: reference table, returning
delete from countries where code = 'xx' returning name;
-- name: reference table, referenced
delete from countries where code = 'fr';
-- name: reference table, limited
delete from countries limit 1;
-- name: single table; demanded
delete from cfg;
-- name: cascade; demanded
delete from accounts where aid = 4;
-- name: cascade over all
delete from accounts;
-- name: none
delete from orders where false;
-- name: an unknown table
delete from nowhere where customer_id = 3;
-- name: an unknown column
delete from orders where nothing = 3;
-- name: truncate
truncate table order_items;
select count(*) from order_items;
-- name: truncate a reference table
truncate codes;
select count(*) from codes;
-- name: truncate a single table
truncate audit_log;
insert into audit_log (entry) values ('x');
select entry_id, entry from audit_log;
-- name: truncate one that is referenced
truncate accounts;
-- name: truncate commits
begin;
update customers set score = 1 where customer_id = 5;
truncate table order_items;
rollback;
select score from customers where customer_id = 5;
