-- UPDATE: rows changed and rows found, the key among what is set, order and limit, several tables.

-- name: one key; demanded
update customers set score = 1 where customer_id = 5;
-- name: one key, expressions; demanded
update orders set total = total + 1, note = concat(coalesce(note, ''), '!') where customer_id = 3;
-- name: nothing changes; demanded
update customers set name = name where customer_id = 5;
-- name: nothing changes, rows found; found_rows; demanded
update customers set name = name where customer_id = 5;
-- name: some change; demanded
update orders set status = 'paid' where customer_id = 3;
-- name: some change, rows found; found_rows; demanded
update orders set status = 'paid' where customer_id = 3;
-- name: some change, all
update orders set status = 'paid';
-- name: some change, all, rows found; found_rows
update orders set status = 'paid';
-- name: no row; demanded
update customers set score = 1 where customer_id = 31337;
-- name: a parameter; demanded
-- $1 decimal 7.5
-- $2 bigint 5
update customers set score = $1 where customer_id = $2;
-- name: a text key; demanded
update lk set customer_id = 77 where email = 'u5@x.org';
-- name: a text key with a space
update lk set customer_id = 77 where email = 'u5@x.org ';
-- name: keys in a list
update customers set score = 1 where customer_id in (3, 5, 6);
-- name: all
update customers set score = 1;
-- name: all, a condition
update customers set score = 1 where country = 'de';
-- name: all, an error
update orders set total = total * 10000;
-- name: or
update customers set score = 1 where customer_id = 5 or name = 'Ada';
-- name: the key to itself
update customers set customer_id = 5, score = 2 where customer_id = 5;
-- name: the key to its column
update customers set customer_id = customer_id where customer_id = 5;
-- name: the key to another
update customers set customer_id = 500 where customer_id = 5;
-- name: the key to another that is there
update customers set customer_id = 6 where customer_id = 5;
-- name: the key to NULL
update logs set customer_id = null where customer_id = 1;
-- name: the key to a number
update customers set customer_id = customer_id + 1000 where country = 'de';
-- name: the key to a text of its value
update customers set customer_id = '5' where customer_id = 5;
-- name: the key to DEFAULT
update customers set customer_id = default where customer_id = 5;
-- name: the text key to what differs by a space
update lk set email = 'u5@x.org ' where email = 'u5@x.org';
-- name: order and limit, one key; demanded
update orders set note = 'first' where customer_id = 3 order by order_id limit 1;
-- name: order and limit, all
update orders set note = 'first' order by total, customer_id, order_id limit 3;
-- name: order, the key grows; demanded
update orders set order_id = order_id + 1 where customer_id = 3 order by order_id desc;
-- name: order, the key grows and is there
update orders set order_id = order_id + 1 where customer_id = 3 order by order_id;
-- name: limit alone
update customers set score = 5 limit 40;
-- name: limit of a parameter; demanded
-- $1 bigint 1
update orders set note = 'first' where customer_id = 3 order by order_id limit $1;
-- name: ignore; demanded
update ignore orders set order_id = 1 where customer_id = 3;
-- name: low_priority; demanded
update low_priority customers set score = 1 where customer_id = 5;
-- name: evaluated from left to right; demanded
update typed set t = t + 1, n = t where id = 5;
-- name: simultaneous
set sql_mode = 'SIMULTANEOUS_ASSIGNMENT';
update typed set t = t + 1, n = t where id = 5;
select t, n from typed where id = 5;
-- name: default; demanded
update tagged set tag = default, seen = default(seen) where id = 5;
-- name: generated column; demanded
update gen set a = 5 where id = 5;
-- name: generated column set
update gen set b = 5 where id = 5;
-- name: check violated; demanded
update orders set total = 2000000 where customer_id = 3;
-- name: not null violated; demanded
update customers set name = null where customer_id = 5;
-- name: not null violated, strict off
set sql_mode = '';
update customers set name = null where customer_id = 5;
update customers set name = null where country = 'de';
-- name: an unknown column
update customers set nothing = 1 where customer_id = 5;
-- name: an unknown table
update nowhere set a = 1;
-- name: two tables, one key; demanded
update customers c join orders o on o.customer_id = c.customer_id set o.note = c.name where c.customer_id = 3;
-- name: two tables, both set; demanded
update customers c, orders o set o.note = 'x', c.score = 9 where o.customer_id = c.customer_id and c.customer_id = 3;
-- name: two tables, all
update customers c join orders o on o.customer_id = c.customer_id set o.note = c.name;
-- name: two tables, off the key
update orders o join events e on e.customer_id = o.customer_id set o.note = e.kind where e.event_id = 5;
-- name: two tables, a reference table
update customers c join countries k on k.code = c.country set c.name = k.name where c.customer_id = 5;
-- name: a subquery; demanded
update customers set score = (select count(*) from orders where customer_id = 3) where customer_id = 3;
-- name: a subquery over all
update customers set score = (select count(*) from orders) where customer_id = 3;
-- name: a subquery of the table itself
update customers set score = (select max(score) from customers where customer_id = 5) where customer_id = 5;
-- name: reference table; demanded
update countries set name = concat(name, '!') where code in ('de', 'fr');
-- name: reference table, all; demanded
update countries set name = 'same';
-- name: reference table, rows found; found_rows; demanded
update countries set name = 'Germany';
-- name: reference table, its key; demanded
update countries set code = 'zz' where code = 'xx';
-- name: reference table, referenced
update countries set code = 'zz' where code = 'fr';
-- name: reference table, limited
update countries set name = 'x' limit 1;
-- name: reference table, limited and ordered
update countries set name = 'x' order by code limit 1;
-- name: reference table by a single table
update countries set name = (select v from cfg where k = 'theme') where code = 'de';
-- name: reference table, a variable
update countries set name = @nothing where code = 'de';
-- name: reference table, a function that varies; unseen
update countries set name = uuid() where code = 'de';
-- name: single table; demanded
update cfg set v = concat(v, v) where k = 'theme';
-- name: single table by a sharded one
update cfg set v = (select name from customers where customer_id = 5) where k = 'theme';
-- name: warnings of a conversion; demanded
update orders set note = concat('a', 1 / 0) where customer_id = 3;
-- name: division by zero over all
update customers set score = 1 / 0 where country = 'de';
-- name: NULL key
update logs set msg = 'x' where customer_id is null;
-- name: NULL key null-safe
update logs set msg = 'x' where customer_id <=> null;
-- name: returning is not known
update customers set score = 1 where customer_id = 5 returning score;
-- name: a variable counts
set @n = 0;
update orders set note = (@n := @n + 1) where customer_id = 3 order by order_id;
select @n;
-- name: with
with x as (select 1) update customers set score = 1 where customer_id = 5;
-- name: safe updates
set sql_safe_updates = 1;
update customers set score = 1;
update customers set score = 1 where customer_id = 5;
