-- Statements over all shards whose answers have to be put together: order, limits, groups, aggregates, duplicates.

-- name: order by the key; ordered
select customer_id from customers order by customer_id;
-- name: order by the key backwards; ordered
select customer_id, name from customers order by customer_id desc;
-- name: order by unsigned; ordered
select u from counters order by u;
-- name: order by a number with NULL; ordered
select score, customer_id from customers order by score, customer_id;
-- name: order by a number with NULL backwards; ordered
select score, customer_id from customers order by score desc, customer_id;
-- name: order by is null; ordered
select customer_id from customers order by score is null, score, customer_id;
-- name: order by text of no case; ordered
select name, customer_id from customers order by name, customer_id;
-- name: order by binary text; ordered
select email from lk order by email;
-- name: order by text without padding; ordered
select tag from exact order by tag;
-- name: order by bytes; ordered
select d from digests order by d;
-- name: order by uuid; ordered
select id from docs order by id;
-- name: order by a date; ordered
select created from customers order by created, customer_id;
-- name: order by a time; ordered
select id, span from typed order by span, id;
-- name: order by an enum; ordered
select id, kind from typed order by kind, id;
-- name: order by a set; ordered
select id, tags from typed order by tags, id;
-- name: order by bits; ordered
select id from typed order by flags, id;
-- name: order by a float; ordered
select id, f from typed order by f desc, id;
-- name: order by a double; ordered
select event_id, val from events order by val, event_id;
-- name: order by latin1; ordered
select id, latin from typed order by latin, id;
-- name: order by year; ordered
select id, y from typed order by y desc, id;
-- name: order by a column that is not selected; ordered
select name from customers order by created, customer_id;
-- name: order by an ordinal; ordered
select customer_id, score from customers order by 2, 1;
-- name: order by an ordinal out of range
select customer_id from customers order by 2;
-- name: order by an alias; ordered
select customer_id as c, score as s from customers order by s desc, c;
-- name: order by an alias that hides a column; ordered
select customer_id, -customer_id as score from customers where customer_id between 1 and 9 order by score;
-- name: order by an expression; ordered
select customer_id from customers order by abs(customer_id - 10), customer_id;
-- name: order by lower; ordered
select name, customer_id from customers order by lower(name), customer_id;
-- name: order by another collation; ordered
select name, customer_id from customers order by name collate utf8mb4_bin, customer_id;
-- name: order by binary; ordered
select name, customer_id from customers order by binary name, customer_id;
-- name: order by a star; ordered
select * from customers order by customer_id;
-- name: order by twice; ordered
select customer_id from customers order by customer_id, customer_id desc;
-- name: order by a constant
select customer_id from customers order by 'x';
-- name: order by null
select customer_id from customers order by null;
-- name: order by rand; unseen
select customer_id from customers order by rand();
-- name: order by field; ordered
select customer_id from customers where customer_id in (1, 2, 3) order by field(customer_id, 2, 3, 1);
-- name: limit; ordered
select customer_id from customers order by customer_id limit 5;
-- name: limit and offset; ordered
select customer_id from customers order by customer_id limit 5 offset 10;
-- name: offset, limit; ordered
select customer_id from customers order by customer_id limit 10, 5;
-- name: limit beyond; ordered
select customer_id from customers order by customer_id limit 100 offset 35;
-- name: limit 0
select customer_id, name from customers order by customer_id limit 0;
-- name: limit largest; ordered
select customer_id from customers order by customer_id limit 18446744073709551615;
-- name: limit largest with an offset; ordered
select customer_id from customers order by customer_id limit 18446744073709551615 offset 5;
-- name: limit by parameters; ordered
-- $1 bigint 3
-- $2 bigint 2
select customer_id from customers order by customer_id limit $1 offset $2;
-- name: limit by a NULL parameter
-- $1 bigint NULL
select customer_id from customers order by customer_id limit $1;
-- name: limit negative
select customer_id from customers order by customer_id limit -1;
-- name: limit of text
select customer_id from customers order by customer_id limit '3';
-- name: limit without an order; counted
select customer_id from customers limit 7;
-- name: fetch first; ordered
select customer_id from customers order by customer_id fetch first 3 rows only;
-- name: fetch with ties; ordered
select score from customers order by score fetch first 3 rows with ties;
-- name: offset rows; ordered
select customer_id from customers order by customer_id offset 3 rows fetch next 2 rows only;
-- name: limit rows examined; unseen
select customer_id from customers order by customer_id limit 3 rows examined 100000;
-- name: sql_calc_found_rows; ordered
select sql_calc_found_rows customer_id from customers order by customer_id limit 3;
select found_rows();
-- name: sql_calc_found_rows of one key
select sql_calc_found_rows order_id from orders where customer_id = 3 limit 1;
select found_rows();
-- name: sql_select_limit; ordered
set sql_select_limit = 3;
select customer_id from customers order by customer_id;
select customer_id from customers order by customer_id limit 5;
-- name: count
select count(*) from customers;
-- name: count of a column
select count(score) from customers;
-- name: count of nothing
select count(*) from customers where country = 'nowhere';
-- name: count where false
select count(*) from orders where false;
-- name: count of two
select count(*), count(*) from orders;
-- name: count distinct
select count(distinct country) from customers;
-- name: count distinct of the key
select count(distinct customer_id) from orders;
-- name: count distinct of two
select count(distinct status, total) from orders;
-- name: sum
select sum(total) from orders;
-- name: sum of integers
select sum(qty) from order_items;
-- name: sum of doubles
select sum(val) from events;
-- name: sum of nothing
select sum(total), min(total), max(total), avg(total), count(*) from orders where status = 'nothing';
-- name: sum of text
select sum(note) from orders;
-- name: sum distinct
select sum(distinct total) from orders;
-- name: sum of a key, beyond bigint
select sum(customer_id) from customers;
-- name: avg
select avg(total) from orders;
-- name: avg of integers
select avg(qty) from order_items;
-- name: avg of doubles
select avg(val) from events;
-- name: min and max
select min(total), max(total), min(status), max(status) from orders;
-- name: min of text of no case
select min(name), max(name) from customers;
-- name: min of dates
select min(created), max(created) from customers;
-- name: min of an enum
select min(kind), max(kind), min(tags) from typed;
-- name: min of unsigned
select min(u), max(u) from counters;
-- name: bit aggregates
select bit_and(qty), bit_or(qty), bit_xor(qty) from order_items;
-- name: variance
select var_pop(qty), stddev_samp(qty) from order_items;
-- name: group_concat
select group_concat(name order by customer_id) from customers where country = 'de';
-- name: group_concat of all; unseen
select group_concat(name) from customers;
-- name: json_arrayagg
select json_arrayagg(k) from tiny where k = 5;
-- name: any value and none
select max(customer_id) + 1, count(*) * 2 from customers;
-- name: group
select country, count(*) from customers group by country;
-- name: group, ordered; ordered
select country, count(*) n from customers group by country order by n desc, country;
-- name: group of no case
select status, count(*) from orders group by status;
-- name: group by the key
select customer_id, count(*) from orders group by customer_id;
-- name: group by the key, limited; ordered
select customer_id, count(*) from orders group by customer_id order by 2 desc, 1 limit 3;
-- name: group, limited; ordered
select country, sum(score) from customers group by country order by sum(score) desc, country limit 2;
-- name: group by an expression
select length(name), count(*) from customers group by length(name);
-- name: group by an alias
select upper(country) c, count(*) from customers group by c;
-- name: group by an ordinal
select country, max(score) from customers group by 1;
-- name: group by two
select status, total, count(*) from orders group by status, total;
-- name: group without an aggregate
select country from customers group by country;
-- name: group with a column that is not grouped; unseen
select country, name from customers group by country;
-- name: group, only full
set sql_mode = 'ONLY_FULL_GROUP_BY';
select country, name from customers group by country;
-- name: having
select country, sum(score) from customers group by country having sum(score) > 10;
-- name: having without a group
select count(*) from customers having count(*) > 1000;
-- name: having an alias
select country, count(*) n from customers group by country having n > 3;
-- name: rollup
select country, count(*) from customers group by country with rollup;
-- name: distinct
select distinct country from customers;
-- name: distinct of no case
select distinct status from orders;
-- name: distinct, ordered; ordered
select distinct status from orders order by status;
-- name: distinct and limited; ordered
select distinct country from customers order by country limit 2;
-- name: distinct of the key
select distinct customer_id from orders;
-- name: distinctrow
select distinctrow total from orders;
-- name: distinct of two
select distinct country, score from customers;
-- name: distinct count
select distinct count(*) from orders group by customer_id;
-- name: null in groups
select score, count(*) from customers group by score;
-- name: large sum
select sum(customer_id * 1.0) from customers where customer_id > 0;
-- name: aggregate of an expression
select sum(qty * price), count(if(qty > 1, 1, null)) from order_items;
-- name: aggregate in an expression
select sum(total) / count(*) from orders;
-- name: aggregate with a filter by case
select sum(case when status = 'paid' then total else 0 end) from orders;
-- name: reference table counted once
select count(*) from countries;
-- name: single table counted
select count(*), max(v) from cfg;
-- name: two sharded tables counted
select (select count(*) from customers) + (select count(*) from orders);
-- name: exists
select exists(select 1 from orders where status = 'lost');
-- name: reads one row per shard
select 'x' from customers limit 1;
-- name: a constant over all
select 1 from customers;
