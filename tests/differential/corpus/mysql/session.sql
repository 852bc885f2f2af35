-- What belongs to a session: variables, settings, the last insert id, counts of the last statement, locks, temporary tables.

-- name: user variable
set @a = 1;
select @a, @b;
-- name: user variables of every type
set @i = 1, @d = 1.5, @f = 1e0, @s = 'x', @b = x'00ff', @n = null, @t = now() > '2000-01-01';
select @i, @d, @f, @s, @b, @n, @t;
-- name: user variable by assignment in a select
select @a := 5;
select @a;
-- name: user variable that counts
set @n := 0;
select @n := @n + 1 from orders where customer_id = 3;
select @n;
-- name: user variable in quotes
set @`a b` = 1, @'c d' = 2;
select @`a b`, @"c d";
-- name: user variable in another case
set @Abc = 1;
select @aBC;
-- name: user variable in a where
set @key = 5, @name = 'Ada';
select customer_id from customers where customer_id = @key and name <> @name;
-- name: user variable as a limit
set @n = 2;
prepare p from 'select code from countries order by code limit ?';
execute p using @n;
-- name: set of a select
set @name = (select name from customers where customer_id = 5);
select @name;
-- name: set of a select over all
set @count = (select count(*) from customers);
select @count;
-- name: last_insert_id
insert into audit_log (entry) values ('a');
select last_insert_id();
select last_insert_id(), last_insert_id();
-- name: last_insert_id of several rows
insert into audit_log (entry) values ('a'), ('b'), ('c');
select last_insert_id();
-- name: last_insert_id after a given one
insert into audit_log (entry_id, entry) values (500, 'a');
select last_insert_id();
-- name: last_insert_id after a sharded one
insert into audit_log (entry) values ('a');
insert into customers (customer_id, name) values (500, 'x');
select last_insert_id();
-- name: last_insert_id after a failure
insert into audit_log (entry) values ('a');
insert into audit_log (entry_id, entry) values (1, 'there');
select last_insert_id();
-- name: last_insert_id set
select last_insert_id(42);
select last_insert_id();
-- name: last_insert_id set by an update
update cfg set v = last_insert_id(77) where k = 'theme';
select last_insert_id();
-- name: last_insert_id as a variable
insert into audit_log (entry) values ('a');
select @@last_insert_id, @@identity;
-- name: last_insert_id of a sharded counter
insert into tickets (title) values ('a');
select last_insert_id();
-- name: insert_id
set insert_id = 700;
insert into audit_log (entry) values ('a');
select entry_id from audit_log where entry = 'a';
-- name: auto_increment_increment
set auto_increment_increment = 10;
insert into audit_log (entry) values ('a'), ('b');
select last_insert_id();
-- name: row_count after an update
update orders set note = 'x' where customer_id = 3;
select row_count();
-- name: row_count after an insert
insert into customers (customer_id, name) values (500, 'x'), (501, 'y');
select row_count();
-- name: row_count after a select
select name from customers where customer_id = 5;
select row_count();
-- name: row_count after an error
insert into customers (customer_id, name) values (5, 'there');
select row_count();
-- name: row_count after a delete over all
delete from orders where status = 'paid';
select row_count();
-- name: row_count after DDL
create table fresh (i int);
select row_count();
-- name: found_rows after a select
select order_id from orders where customer_id = 3;
select found_rows();
-- name: found_rows after a limit
select order_id from orders where customer_id = 3 limit 1;
select found_rows();
-- name: found_rows after all
select customer_id from customers;
select found_rows();
-- name: show warnings after none
select 1;
show warnings;
-- name: show warnings after a warning
select 1 / 0;
show warnings;
select @@warning_count;
-- name: show warnings twice
select cast('x' as signed);
show warnings;
show warnings;
show count(*) warnings;
-- name: show errors
select * from nowhere;
show errors;
select @@error_count;
-- name: show warnings with a limit
select 1 / 0, 2 / 0, 3 / 0;
show warnings limit 1, 1;
-- name: warnings of one key
set sql_mode = '';
update orders set status = repeat('x', 30) where customer_id = 3;
show warnings;
-- name: warnings over all
set sql_mode = '';
update orders set status = repeat('x', 30);
show warnings;
-- name: notes
create table if not exists customers (i int);
show warnings;
-- name: notes off
set sql_notes = 0;
drop table if exists nowhere;
show warnings;
-- name: get diagnostics
select * from nowhere;
get diagnostics condition 1 @state = returned_sqlstate, @text = message_text;
select @state, @text;
-- name: signal
signal sqlstate '45000' set message_text = 'by hand', mysql_errno = 1234;
-- name: max_error_count
set max_error_count = 1;
select 1 / 0, 2 / 0;
show warnings;
-- name: time zone
set time_zone = '+05:00';
select at from audit_log where entry_id = 2;
select unix_timestamp(at) from audit_log where entry_id = 2;
-- name: timestamp
set timestamp = 1000000000;
select now(), customer_id from customers where customer_id = 5;
insert into tagged (id, seen) values (500, now());
select seen from tagged where id = 500;
-- name: group_concat_max_len
set group_concat_max_len = 4;
select group_concat(order_id) from orders where customer_id = 3;
-- name: div_precision_increment
set div_precision_increment = 10;
select 1 / 3;
select avg(total) from orders where customer_id = 3;
-- name: big_tables and others
set sort_buffer_size = 100000, @@join_buffer_size = 200000;
select @@sort_buffer_size, @@join_buffer_size;
-- name: a wrong variable
set nothing_such = 1;
-- name: a wrong value
set sql_mode = 'NOTHING_SUCH';
-- name: a global variable
set global max_connections = 300;
-- name: a read only variable
set version = 'x';
-- name: several, the last is wrong
set @a = 1, sort_buffer_size = 100000, nothing_such = 1;
select @a, @@sort_buffer_size = 100000;
-- name: set statement
set statement sql_mode = 'ANSI_QUOTES' for select "name" from customers where customer_id = 5;
-- name: set statement of a write
set statement sql_mode = '' for insert into tiny (k, v) values (70000, 'clipped');
-- name: set default
set sql_mode = default;
select @@sql_mode;
-- name: insert with a set value
set @@session.foreign_key_checks = 0;
insert into entries (aid, n) values (500, 1);
set foreign_key_checks = 1;
insert into entries (aid, n) values (501, 1);
-- name: unique checks off
set unique_checks = 0;
insert into customers (customer_id, name) values (500, 'x');
-- name: temporary table
create temporary table mine (i int primary key, v varchar(10));
insert into mine values (1, 'a'), (2, 'b');
select * from mine;
drop temporary table mine;
-- name: temporary table that hides a sharded one
create temporary table customers (customer_id bigint, name varchar(10));
insert into customers values (1, 'mine');
select * from customers;
drop table customers;
select name from customers where customer_id = 5;
-- name: temporary table of a select
create temporary table mine select code from countries;
select count(*) from mine;
-- name: temporary table of a sharded select
create temporary table mine select * from orders where customer_id = 3;
select count(*) from mine;
-- name: temporary table like
create temporary table mine like customers;
select count(*) from mine;
-- name: get_lock
select get_lock('lock {here}', 0);
select is_free_lock('lock {here}');
select release_lock('lock {here}');
select is_free_lock('lock {here}'), release_all_locks();
-- name: lock tables
lock tables cfg read;
select v from cfg where k = 'theme';
update cfg set v = 'x' where k = 'theme';
select code from countries;
unlock tables;
-- name: lock tables of a sharded table
lock tables customers write;
update customers set score = 1 where customer_id = 5;
unlock tables;
-- name: handler
handler countries open;
handler countries read first;
handler countries close;
-- name: do
do 1 + 1;
do nothing_such();
-- name: do sleep and a variable
do @a := 5;
select @a;
-- name: use
use {here};
select count(*) from cfg;
-- name: use of no such database
use nowhere;
select count(*) from cfg;
-- name: use of another; simple
use information_schema;
select database();
select count(*) > 0 from tables;
-- name: qualified by the database; demanded
select name from {here}.customers where customer_id = 5;
-- name: qualified by the database, all the way; demanded
select {here}.customers.name from {here}.customers where {here}.customers.customer_id = 5;
-- name: an insert qualified by the database; demanded
insert into {here}.customers (customer_id, name) values (500, 'x');
-- name: qualified by another database
select * from mysql.user;
-- name: sequence
select nextval(numbers);
select lastval(numbers);
-- name: sequence, standard words
select next value for numbers;
-- name: sequence in an insert
insert into customers (customer_id, name) values (nextval(numbers) + 1000, 'x');
-- name: flush
flush tables;
-- name: reset query cache
reset query cache;
-- name: analyze
analyze table cfg;
-- name: check table
check table cfg;
-- name: checksum of a sharded table
checksum table customers;
-- name: help
help 'select';
-- name: show status
show session status like 'Compression';
-- name: show processlist; unseen
show processlist;
-- name: show grants
show grants;
-- name: kill of nobody
kill 4294967290;
-- name: shutdown is not ours
shutdown;
-- name: sql_log_bin
set sql_log_bin = 0;
-- name: profiling
set profiling = 0;
select 1;
-- name: optimizer_switch
set optimizer_switch = 'mrr=on';
select name from customers where customer_id = 5;
-- name: max_statement_time
set max_statement_time = 30;
select name from customers where customer_id = 5;
-- name: lc_messages
set lc_messages = 'de_DE';
select * from nowhere;
-- name: old_mode
set old_mode = '';
select name from customers where customer_id = 5;
