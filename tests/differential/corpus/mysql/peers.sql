-- Statements and conversations that other proxies are known to answer wrongly without a word.

-- name: union of two keys
select customer_id, name from customers where customer_id = 1 union select customer_id, name from customers where customer_id = 2;
-- name: union of three keys
select name from customers where customer_id = 3 union all select name from customers where customer_id = 4
 union all select name from customers where customer_id = 6;
-- name: the key inside IN of another column
select customer_id from customers where name in (select name from customers where customer_id = 1);
-- name: the key inside EXISTS
select customer_id from customers where exists (select 1 from customers where customer_id = 1);
-- name: a set operation in FROM
select count(*) from (select customer_id from customers where customer_id = 1 union all select customer_id from customers where customer_id = 2) x;
-- name: rows of one key and an aggregate of all
select name, (select count(*) from customers) from customers where customer_id = 1;
-- name: the same column twice; demanded
select name, name from customers where customer_id = 5;
-- name: an alias of another case; ordered; demanded
select name as N from customers where customer_id = 5 order by n;
-- name: a large IN of one key
select name from customers where customer_id in (5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5);
-- name: a large IN
select name from customers where customer_id in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27);
-- name: last_insert_id after ten reads
insert into audit_log (entry) values ('x');
select 1;
select 2;
select count(*) from cfg;
select name from customers where customer_id = 5;
select count(*) from countries;
select 3;
select 4;
select 5;
select 6;
select 7;
select last_insert_id();
-- name: do with a warning
do 0 / 0;
show warnings;
-- name: a setting that is not understood
set @@session.sql_mode = '', nothing_such_at_all = 1;
select name from customers where customer_id = 5;
insert into customers (customer_id, name) values (500, 'x');
-- name: a wrong syntax of SET
set names;
select name from customers where customer_id = 5;
-- name: a deadlock's way out is not taken for a transaction
begin;
update customers set score = 1 where customer_id = 5;
select * from nowhere;
select @@in_transaction;
rollback;
-- name: a table altered behind a prepared statement
-- $1 varchar theme
select * from cfg where k = $1;
alter table cfg add column extra int;
-- $1 varchar theme
select * from cfg where k = $1;
alter table cfg drop column extra;
-- $1 varchar theme
select * from cfg where k = $1;
-- name: a sharded table altered behind a prepared statement
-- $1 bigint 5
select * from customers where customer_id = $1;
alter table customers add column extra int first;
-- $1 bigint 5
select * from customers where customer_id = $1;
alter table customers drop column extra;
-- name: a column put in front of the key
alter table customers add column extra bigint first;
insert into customers values (600, 500, 'x', null, null, null, null);
select customer_id from customers where extra = 600;
-- name: the flags of a transaction
set autocommit = 0;
select 1;
select name from customers where customer_id = 5;
commit;
set autocommit = 1;
start transaction read only;
select name from customers where customer_id = 5;
commit;
-- name: an empty update counts nothing
update customers set score = 1 where customer_id = 5 and false;
select row_count();
-- name: an insert that does nothing
insert into orders (customer_id, order_id) select 3, 1 from orders where customer_id = 3 and false;
-- name: a multi-row insert, all of one key in several forms
insert into orders (customer_id, order_id) values (3, 100), ('3', 101), (3.0, 102);
-- name: a multi-row insert of parameters of one key
-- $1 bigint 3
-- $2 int 3
insert into orders (customer_id, order_id) values ($1, 100), ($2, 101);
-- name: a multi-row insert that is half refused leaves nothing
insert into customers (customer_id, name) values (501, 'a'), (502, 'b'), (503, null), (504, 'd');
select count(*) from customers where customer_id = 501;
-- name: an upsert that moves the row
insert into customers (customer_id, name) values (5, 'x') on duplicate key update customer_id = 6;
-- name: a replace that meets two rows
replace into orders (customer_id, order_id, note) values (3, 1, 'a'), (3, 1, 'b');
-- name: an update that meets a duplicate half way
update orders set order_id = 2 where customer_id = 3;
-- name: a delete from two shards by an or
delete from orders where customer_id = 2 or customer_id = 3;
-- name: count with a limit
select count(*) from customers limit 1;
-- name: count with an offset
select count(*) from customers limit 1 offset 1;
-- name: a limit in parentheses
(select customer_id from customers order by customer_id limit 2) limit 1;
-- name: an order inside parentheses and another outside; ordered
(select customer_id from customers order by customer_id desc limit 3) order by customer_id;
-- name: a bitmap of a NULL
select bit_and(customer_id) from orders where status = 'nothing';
-- name: a word of a comment in a text; demanded
select '/* not */ -- a # comment' from customers where customer_id = 5;
-- name: an escaped quote before the key; demanded
select customer_id from customers where name <> 'it\'s' and customer_id = 5;
-- name: an escaped backslash before the key; demanded
select customer_id from customers where name <> 'b\\' and customer_id = 5;
-- name: a doubled quote before the key; demanded
select customer_id from customers where name <> '''' and customer_id = 5;
-- name: a quote in double quotes before the key; demanded
select customer_id from customers where name <> "'" and customer_id = 5;
-- name: texts side by side before the key; demanded
select customer_id from customers where name <> 'a' 'b' and customer_id = 5;
-- name: a question mark in a text
-- $1 bigint 5
select '?', name from customers where name <> '?' and customer_id = $1;
-- name: a question mark in a comment
-- $1 bigint 5
select name /* ? */ from customers where customer_id = $1;
-- name: two statements, one of them empty; simple
select name from customers where customer_id = 5;;
