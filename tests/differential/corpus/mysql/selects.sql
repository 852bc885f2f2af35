-- SELECTs of one key, of all shards, of tables that are not sharded: what an answer looks like.

-- name: star of one key; demanded
select * from orders where customer_id = 3;
-- name: star and more; demanded
select o.*, o.total + 1, 'x' as label from orders o where customer_id = 3;
-- name: ordered, one key; ordered; demanded
select * from orders where customer_id = 3 order by order_id desc;
-- name: limit, one key; ordered; demanded
select order_id from orders where customer_id = 3 order by order_id limit 1, 2;
-- name: limit 0, one key; demanded
select order_id from orders where customer_id = 3 limit 0;
-- name: constant names; demanded
select 1, 'a', 1 + 1, null, `name`, "text" from customers where customer_id = 5;
-- name: everything
select customer_id, name, email from customers;
-- name: everything with a condition
select customer_id, name from customers where country = 'de';
-- name: nothing anywhere
select customer_id, name from customers where country = 'nowhere';
-- name: impossible condition
select customer_id from customers where 1 = 0;
-- name: expressions over all
select customer_id, upper(name), coalesce(score, 0), score * 2 from customers;
-- name: case over all
select customer_id, case country when 'de' then 1 else 0 end from customers;
-- name: if over all
select customer_id, if(score is null, 'none', score) from customers;
-- name: types of every kind, one key; demanded
select * from typed where id = 3;
-- name: types of every kind, NULL; demanded
select * from typed where id = 9;
-- name: types of every kind over all
select * from typed;
-- name: dates of one key; demanded
select day + interval 1 day, date_format(at, '%Y'), extract(hour from span), y + 1 from typed where id = 2;
-- name: casts of one key; demanded
select cast(n as char), cast(at as date), cast(id as decimal(5,2)), cast(kind as unsigned), hex(b), flags + 0 from typed where id = 4;
-- name: json of one key; demanded
select json_value(meta, '$.n'), json_extract(meta, '$.n') from docs where id = '12345678-90ab-2def-9234-567890abcdef';
-- name: single table; demanded
select * from cfg;
-- name: single table, ordered; ordered; demanded
select k, v from cfg order by k desc;
-- name: single table with time; demanded
select * from audit_log where entry_id = 2;
-- name: reference table; demanded
select * from countries;
-- name: reference table, ordered; ordered; demanded
select code from countries order by name, code;
-- name: reference and single; demanded
select k.name, c.v from countries k join cfg c on c.k = 'theme' where k.code = 'de';
-- name: no table
select 1;
-- name: dual; demanded
select 1 + 1 as two from dual;
-- name: no table, several; demanded
select 1 as a, 'x' as b, null as c, 1.5 as d, 1e0 as e, true as f, x'00ff' as g, date'2026-01-01' as h;
-- name: database
select database();
-- name: version variables; demanded
select @@version_comment, @@sql_mode, @@autocommit;
-- name: user
select current_user();
-- name: view
select * from german;
-- name: view of one key
select * from german where customer_id = 5;
-- name: generated columns; demanded
select * from gen where id = 5;
-- name: generated columns over all
select id, b, c from gen where b > 50;
-- name: information schema
select table_name from information_schema.tables where table_schema = database() and table_name = 'customers';
-- name: values
values (1, 'a'), (2, 'b');
-- name: values ordered; ordered
values (1, 'a'), (2, 'b') order by 1 desc;
-- name: derived without a table
select * from (select 1 as a union select 2) x;
-- name: sequence tables
select seq from seq_1_to_3;
-- name: for update of one key
select name from customers where customer_id = 5 for update;
-- name: for update over all
select name from customers where country = 'de' for update;
-- name: lock in share mode
select name from customers where customer_id = 5 lock in share mode;
-- name: for update skip locked
select name from customers where customer_id = 5 for update skip locked;
-- name: straight_join and high_priority; demanded
select high_priority sql_no_cache name from customers where customer_id = 5;
-- name: index hints; demanded
select name from customers use index (primary) where customer_id = 5;
-- name: force index over all
select name from customers force index (primary) where country = 'de';
-- name: index hint of none such
select name from customers use index (nowhere) where customer_id = 5;
-- name: partition
select * from parts partition (p1);
-- name: into a variable
select name into @name from customers where customer_id = 5;
select @name;
-- name: into a variable, of no row
select name into @name from customers where customer_id = 31337;
select @name;
-- name: into a variable, of all
select count(*) into @n from customers;
select @n;
-- name: procedure analyse
select name from customers where customer_id = 5 procedure analyse();
-- name: distinct of one key; demanded
select distinct status from orders where customer_id = 3;
-- name: group of one key; demanded
select status, count(*), sum(total) from orders where customer_id = 3 group by status;
-- name: rollup of one key; demanded
select status, count(*) from orders where customer_id = 3 group by status with rollup;
-- name: having of one key; demanded
select status, count(*) n from orders where customer_id = 3 group by status having n > 0;
-- name: window of one key; demanded
select order_id, row_number() over (order by order_id) from orders where customer_id = 3;
-- name: window over all
select customer_id, rank() over (order by score) from customers;
-- name: window within the key
select customer_id, order_id, row_number() over (partition by customer_id order by order_id) from orders;
-- name: group_concat of one key; demanded
select group_concat(order_id order by order_id desc separator ';') from orders where customer_id = 3;
-- name: with of one key; demanded
with o as (select * from orders where customer_id = 3) select count(*) from o;
-- name: recursive
with recursive n as (select 1 as i union all select i + 1 from n where i < 5) select * from n;
-- name: ends with a semicolon and spaces; simple
select 1 ;  ;
-- name: text with a semicolon; demanded
select ';' from customers where customer_id = 5;
-- name: a name with a question mark
select '?' as `?` from customers where customer_id = 5;
-- name: warning of a conversion
select customer_id from customers where customer_id = 5 and name = 0;
-- name: warning of a division; demanded
select 1 / 0;
-- name: warning of a division by rows
select customer_id / 0 from customers where customer_id = 5;
-- name: warning of a division over all
select customer_id / 0 from customers where country = 'fr';
-- name: error of a subquery; demanded
select (select order_id from orders where customer_id = 3 and order_id < 3) from customers where customer_id = 3;
-- name: error over all
select customer_id * 9223372036854775807 from customers;
-- name: error on one shard
select if(customer_id = 5, 9223372036854775807 * 2, 1) from customers where customer_id in (5, 6);
-- name: time functions stay the same; unseen
select now(), customer_id from customers;
-- name: random; unseen
select rand(), customer_id from customers;
-- name: uuid; unseen
select uuid();
-- name: sleep
select sleep(0);
-- name: explain; unseen
explain select * from customers where customer_id = 5;
-- name: describe
describe customers;
-- name: describe a column
describe customers name;
-- name: show columns
show columns from orders like 't%';
-- name: show create table
show create table countries;
-- name: show tables
show tables;
-- name: show tables like
show tables like 'cust%';
-- name: show databases
show databases like 'judge%';
-- name: show variables; demanded
show variables like 'sql_mode';
-- name: show index
show index from cfg;
-- name: show collation
show collation like 'utf8mb4_bin';
-- name: show errors after nothing
show errors;
