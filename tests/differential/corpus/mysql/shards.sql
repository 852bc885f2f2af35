-- One session, several shards: what was said once holds on each of them, and nothing of one shard's answer is taken for another's.

-- name: sql_mode on every shard
set sql_mode = 'ANSI_QUOTES';
select "name" from customers where customer_id = 1;
select "name" from customers where customer_id = 2;
select "name" from customers where customer_id = 3;
select "name" from customers where customer_id = 4;
select "name" from customers where customer_id = 5;
select "name" from customers where customer_id = 6;
select "name" from customers where country = 'fr';
-- name: sql_mode and back
select "name" from customers where customer_id = 1;
set sql_mode = 'ANSI_QUOTES';
select "name" from customers where customer_id = 1;
select "name" from customers where customer_id = 2;
set sql_mode = default;
select "name" from customers where customer_id = 1;
select "name" from customers where customer_id = 2;
select "name" from customers where customer_id = 3;
-- name: time zone on every shard
set time_zone = '+09:00';
select customer_id, unix_timestamp(created) from customers where customer_id = 1;
select customer_id, unix_timestamp(created) from customers where customer_id = 2;
select customer_id, unix_timestamp(created) from customers where customer_id = 3;
select customer_id, unix_timestamp(created) from customers where customer_id = 4;
select customer_id, @@time_zone from customers;
-- name: names on every shard
set names latin1;
select name from customers where customer_id = 4;
select name from customers where customer_id = 6;
select name from customers where customer_id = 8;
select customer_id, name from customers;
set names utf8mb4;
select name from customers where customer_id = 4;
select customer_id, name from customers;
-- name: the collation on every shard
set collation_connection = utf8mb4_bin;
select 'a' = 'A', customer_id from customers where customer_id in (1, 2, 3, 4);
select 'a' = 'A', customer_id from customers where customer_id = 5;
select 'a' = 'A', customer_id from customers where customer_id = 6;
-- name: division on every shard
set div_precision_increment = 8;
select customer_id / 7 from customers where customer_id = 1;
select customer_id / 7 from customers where customer_id = 2;
select customer_id / 7 from customers;
-- name: strictness on every shard
set sql_mode = '';
insert into orders (customer_id, order_id, status) values (1, 100, repeat('x', 30));
insert into orders (customer_id, order_id, status) values (2, 100, repeat('y', 30));
insert into orders (customer_id, order_id, status) values (3, 100, repeat('z', 30));
select status from orders where customer_id = 2 and order_id = 100;
-- name: a user variable on every shard
set @v = 7;
select @v from customers where customer_id = 1;
select @v from customers where customer_id = 2;
select @v from customers where customer_id = 3;
select @v from customers where customer_id = 4;
-- name: a user variable counted on several shards
set @v = 0;
select @v := @v + 1 from customers where customer_id = 1;
select @v := @v + 1 from customers where customer_id = 2;
select @v := @v + 1 from customers where customer_id = 3;
select @v;
-- name: row_count after another shard
update orders set note = 'x' where customer_id = 3;
update orders set note = 'x' where customer_id = 2;
select row_count();
-- name: row_count after two shards read
update orders set note = 'x' where customer_id = 3;
select name from customers where customer_id = 2;
select row_count();
-- name: last_insert_id after other shards
insert into audit_log (entry) values ('x');
select name from customers where customer_id = 1;
select name from customers where customer_id = 2;
select name from customers where customer_id = 3;
select last_insert_id();
-- name: last_insert_id in a write on another shard
insert into audit_log (entry) values ('x');
update orders set note = last_insert_id() where customer_id = 2;
update orders set note = last_insert_id() where customer_id = 3;
select note from orders where customer_id = 2;
select note from orders where customer_id = 3;
-- name: last_insert_id in a transaction over shards
begin;
insert into audit_log (entry) values ('x');
insert into orders (customer_id, order_id) values (1, last_insert_id());
insert into orders (customer_id, order_id) values (2, last_insert_id());
commit;
select order_id from orders where customer_id = 2 and order_id > 90;
-- name: found_rows after another shard
select order_id from orders where customer_id = 3;
select order_id from orders where customer_id = 2 limit 1;
select found_rows();
-- name: warnings are the last statement's
select 1 / 0 from customers where customer_id = 1;
select name from customers where customer_id = 2;
show warnings;
-- name: warnings of one shard asked for behind another
select name from customers where customer_id = 1;
select 1 / 0 from customers where customer_id = 2;
show warnings;
select @@warning_count;
-- name: one prepared statement on every shard
-- $1 bigint 1
select name, score from customers where customer_id = $1;
-- $1 bigint 2
select name, score from customers where customer_id = $1;
-- $1 bigint 3
select name, score from customers where customer_id = $1;
-- $1 varchar 4
select name, score from customers where customer_id = $1;
-- $1 int 5
select name, score from customers where customer_id = $1;
-- $1 bigint NULL
select name, score from customers where customer_id = $1;
-- $1 bigint 6
select name, score from customers where customer_id = $1;
-- name: one prepared insert on every shard
-- $1 bigint 501
-- $2 varchar a
insert into customers (customer_id, name) values ($1, $2);
-- $1 bigint 502
-- $2 varchar b
insert into customers (customer_id, name) values ($1, $2);
-- $1 bigint 503
-- $2 varchar c
insert into customers (customer_id, name) values ($1, $2);
-- $1 bigint 5
-- $2 varchar there
insert into customers (customer_id, name) values ($1, $2);
-- $1 bigint 504
-- $2 varchar d
insert into customers (customer_id, name) values ($1, $2);
-- name: one prepared statement, one key, then all
-- $1 bigint 1
-- $2 bigint 1
select customer_id from customers where customer_id in ($1, $2);
-- $1 bigint 1
-- $2 bigint 2
select customer_id from customers where customer_id in ($1, $2);
-- $1 bigint 1
-- $2 bigint 5
select customer_id from customers where customer_id in ($1, $2);
-- name: one prepared statement in and out of a transaction
-- $1 bigint 1
update customers set score = 5 where customer_id = $1;
begin;
-- $1 bigint 2
update customers set score = 5 where customer_id = $1;
-- $1 bigint 3
update customers set score = 5 where customer_id = $1;
rollback;
-- $1 bigint 2
select score from customers where customer_id = $1;
-- name: a prepared statement under another sql_mode
-- $1 bigint 1
select "name" from customers where customer_id = $1;
set sql_mode = 'ANSI_QUOTES';
-- $1 bigint 2
select "name" from customers where customer_id = $1;
-- name: autocommit off on every shard
set autocommit = 0;
update customers set score = 11 where customer_id = 1;
update customers set score = 12 where customer_id = 2;
update customers set score = 13 where customer_id = 3;
rollback;
select score from customers where customer_id = 1;
select score from customers where customer_id = 2;
select score from customers where customer_id = 3;
-- name: autocommit off, reads only
set autocommit = 0;
select name from customers where customer_id = 1;
select name from customers where customer_id = 2;
select customer_id from customers where country = 'fr';
commit;
select name from customers where customer_id = 3;
-- name: isolation on every shard
set session transaction isolation level read uncommitted;
select @@transaction_isolation, name from customers where customer_id = 1;
select @@transaction_isolation, name from customers where customer_id = 2;
-- name: read only on every shard
set session transaction read only;
update customers set score = 1 where customer_id = 1;
update customers set score = 1 where customer_id = 2;
update customers set score = 1 where customer_id = 3;
-- name: read only transaction on every shard
start transaction read only;
select name from customers where customer_id = 1;
update customers set score = 1 where customer_id = 2;
update customers set score = 1 where customer_id = 3;
rollback;
-- name: savepoints over shards
begin;
update customers set score = 11 where customer_id = 1;
savepoint a;
update customers set score = 12 where customer_id = 2;
savepoint b;
update customers set score = 13 where customer_id = 3;
rollback to a;
update customers set score = 14 where customer_id = 4;
release savepoint a;
commit;
select score from customers where customer_id = 1;
select score from customers where customer_id = 2;
select score from customers where customer_id = 3;
select score from customers where customer_id = 4;
-- name: a duplicate on another shard leaves the transaction
begin;
insert into customers (customer_id, name) values (501, 'a');
insert into customers (customer_id, name) values (502, 'b');
insert into customers (customer_id, name) values (5, 'there');
insert into customers (customer_id, name) values (503, 'c');
commit;
select name from customers where customer_id = 501;
select name from customers where customer_id = 503;
-- name: a transaction that changes its mind
begin;
update customers set score = 11 where customer_id = 1;
update customers set score = 12 where customer_id = 2;
commit and chain;
update customers set score = 13 where customer_id = 3;
update customers set score = 14 where customer_id = 4;
rollback;
select score from customers where customer_id = 2;
select score from customers where customer_id = 4;
-- name: foreign key checks on every shard
set foreign_key_checks = 0;
insert into entries (aid, n) values (501, 1);
insert into entries (aid, n) values (502, 1);
insert into entries (aid, n) values (503, 1);
set foreign_key_checks = 1;
insert into entries (aid, n) values (504, 1);
insert into entries (aid, n) values (505, 1);
-- name: a row limit of the session on every shard; counted
set sql_select_limit = 2;
select customer_id from customers;
select order_id from orders where customer_id = 3;
-- name: max_statement_time on every shard
set max_statement_time = 20;
select @@max_statement_time, name from customers where customer_id = 1;
select @@max_statement_time, name from customers where customer_id = 2;
-- name: reset by default on every shard
set sort_buffer_size = 100000;
select @@sort_buffer_size from customers where customer_id = 1;
set sort_buffer_size = default;
select @@sort_buffer_size = @@global.sort_buffer_size from customers where customer_id = 1;
select @@sort_buffer_size = @@global.sort_buffer_size from customers where customer_id = 2;
-- name: use and every shard
use {here};
select name from customers where customer_id = 1;
select name from customers where customer_id = 2;
-- name: set statement over shards
set statement sql_mode = 'ANSI_QUOTES' for select "name" from customers where customer_id = 2;
set statement sql_mode = 'ANSI_QUOTES' for select "name" from customers where country = 'fr';
-- name: set of a select of another shard
set @a = (select name from customers where customer_id = 1), @b = (select name from customers where customer_id = 2);
select @a, @b;
-- name: select into variables on two shards
select name into @a from customers where customer_id = 1;
select name into @b from customers where customer_id = 2;
select @a, @b;
-- name: rows found on every shard; found_rows
update customers set country = country where customer_id = 1;
update customers set country = country where customer_id = 2;
update orders set status = 'paid' where customer_id = 3;
-- name: texts with other numbers are other keys
select name from customers where customer_id = 1;
select name from customers where customer_id = 2;
select name from customers where customer_id = '1';
select name from customers where customer_id = '2';
select name from customers where customer_id in (1, 2);
select name from customers where customer_id in (1, 1);
-- name: texts with other strings are other keys
select customer_id from lk where email = 'u1@x.org';
select customer_id from lk where email = 'u2@x.org';
select customer_id from lk where email = 'u3@x.org ';
select customer_id from lk where email = "u4@x.org";
select customer_id from lk where email = x'7535';
-- name: the same text under another sql_mode is another statement
select customer_id from lk where email = 'b\\s';
set sql_mode = 'NO_BACKSLASH_ESCAPES';
select customer_id from lk where email = 'b\\s';
select customer_id from lk where email = 'b\s';
set sql_mode = '';
select customer_id from lk where email = 'b\\s';
-- name: the same text under another character set is another key
select customer_id from lk where email = 'ß';
set names latin1;
select customer_id from lk where email = 'ß';
set names utf8mb4;
select customer_id from lk where email = 'ß';
-- name: an at sign in a text is no variable
insert into lk set email = 'new@x.org', customer_id = 5;
select name from customers where customer_id = 1;
select name from customers where customer_id = 2;
select name from customers where customer_id = 3;
select name from customers where customer_id = 4;
-- name: an at sign in a text of an update
update lk set customer_id = 5 where email = 'u1@x.org';
select name from customers where customer_id = 1;
select name from customers where customer_id = 2;
select name from customers where customer_id = 3;
select name from customers where customer_id = 4;
-- name: words of a session in texts and names
select 'get_lock', 'set @a = 1', 'create temporary table x' from customers where customer_id = 1;
select 1 as `xa`, 2 as `handler`, 3 as `call` from customers where customer_id = 2;
select name /* set @a = 1, get_lock */ from customers where customer_id = 3;
select name from customers where customer_id = 4;
select name from customers where customer_id = 5;
