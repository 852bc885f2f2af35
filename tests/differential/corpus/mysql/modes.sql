-- sql_mode, and what it makes of a text.

-- name: ansi quotes
set sql_mode = 'ANSI_QUOTES';
select "name" from "customers" where "customer_id" = 5;
-- name: ansi quotes, a key in double quotes is a name
set sql_mode = 'ANSI_QUOTES';
select name from customers where customer_id = "5";
-- name: ansi quotes, a text in single quotes
set sql_mode = 'ANSI_QUOTES';
select name from customers where customer_id = '5';
-- name: ansi quotes, an insert
set sql_mode = 'ANSI_QUOTES';
insert into "customers" ("customer_id", "name") values (500, '"x"');
select name from customers where customer_id = 500;
-- name: ansi quotes, then not
set sql_mode = 'ANSI_QUOTES';
select "name" from customers where customer_id = 5;
set sql_mode = '';
select "name" from customers where customer_id = 5;
-- name: ansi
set sql_mode = 'ANSI';
select "name" || '!' from customers where customer_id = 5;
select count (*) from customers where customer_id = 5;
-- name: ansi, concatenated key
set sql_mode = 'ANSI';
select name from customers where customer_id = '4' || '2';
-- name: no backslash escapes
set sql_mode = 'NO_BACKSLASH_ESCAPES';
select '\', 'a\nb' from customers where customer_id = 5;
-- name: no backslash escapes, the key behind
set sql_mode = 'NO_BACKSLASH_ESCAPES';
select name from customers where name <> '\' and customer_id = 5;
-- name: no backslash escapes, a text key
set sql_mode = 'NO_BACKSLASH_ESCAPES';
select * from lk where email = 'b\s';
-- name: backslash escapes, a text key
select * from lk where email = 'b\s';
-- name: no backslash escapes, an insert
set sql_mode = 'NO_BACKSLASH_ESCAPES';
insert into lk (email, customer_id) values ('c\', 5), ('d\n', 6);
select * from lk where email in ('c\', 'd\n');
-- name: no backslash escapes, like
set sql_mode = 'NO_BACKSLASH_ESCAPES';
select email from lk where email like 'b\s';
-- name: no backslash escapes set in the same message; whole
set sql_mode = 'NO_BACKSLASH_ESCAPES';
select '\';
-- name: pipes as concat
set sql_mode = 'PIPES_AS_CONCAT';
select 'a' || 'b';
select customer_id from customers where customer_id = 5 || '';
-- name: pipes are or
select 1 || 0, 'a' || 'b';
-- name: ignore space
set sql_mode = 'IGNORE_SPACE';
select count (*) from orders where customer_id = 3;
-- name: a space before a parenthesis
select count (*) from orders where customer_id = 3;
-- name: high not precedence
set sql_mode = 'HIGH_NOT_PRECEDENCE';
select customer_id from customers where not customer_id = 5;
select not 1 between -5 and 5;
-- name: no unsigned subtraction
set sql_mode = 'NO_UNSIGNED_SUBTRACTION';
select u - 10 from counters where u = 5;
-- name: unsigned subtraction
select u - 10 from counters where u = 5;
-- name: real as float and others; unseen
set sql_mode = 'REAL_AS_FLOAT';
select 1;
-- name: pad char to full length
set sql_mode = 'PAD_CHAR_TO_FULL_LENGTH';
select c from typed where id = 1;
select customer_id from customers where customer_id = 5;
-- name: strict all
set sql_mode = 'STRICT_ALL_TABLES';
insert into customers (customer_id, name) values ('500x', 'x');
-- name: strict trans
set sql_mode = 'STRICT_TRANS_TABLES';
insert into customers (customer_id, name) values ('500x', 'x');
-- name: not strict
set sql_mode = '';
insert into customers (customer_id, name) values ('500x', 'x');
select customer_id from customers where customer_id in (0, 500);
-- name: traditional
set sql_mode = 'TRADITIONAL';
insert into orders (customer_id, order_id, total) values (3, 100, 1 / 0);
-- name: no zero date
set sql_mode = 'NO_ZERO_DATE,STRICT_ALL_TABLES';
insert into tagged (id, seen) values (500, '0000-00-00');
-- name: zero date
set sql_mode = '';
insert into tagged (id, seen) values (500, '0000-00-00'), (501, '2026-02-30');
select * from tagged where id = 500;
-- name: allow invalid dates
set sql_mode = 'ALLOW_INVALID_DATES';
insert into tagged (id, seen) values (500, '2026-02-31');
select * from tagged where id = 500;
-- name: only full group by
set sql_mode = 'ONLY_FULL_GROUP_BY';
select status, note from orders where customer_id = 3 group by status;
-- name: time round fractional
set sql_mode = 'TIME_ROUND_FRACTIONAL';
insert into tagged (id, seen) values (500, '2026-01-01 00:00:00.9');
select seen from tagged where id = 500;
-- name: oracle
set sql_mode = 'ORACLE';
select name from customers where customer_id = 5;
select 'a' || 'b';
-- name: oracle, empty is not null
set sql_mode = 'ORACLE,EMPTY_STRING_IS_NULL';
select '' is null;
select * from lk where email = '';
-- name: msdos of old
set sql_mode = 'MSSQL';
select "name" from customers where customer_id = 5;
-- name: mode by number
set sql_mode = 4;
select "name" from customers where customer_id = 5;
-- name: mode by concat
set sql_mode = concat(@@sql_mode, ',ANSI_QUOTES');
select "name" from customers where customer_id = 5;
-- name: mode by a variable
set @mode = 'ANSI_QUOTES';
set sql_mode = @mode;
select "name" from customers where customer_id = 5;
-- name: mode in a transaction
begin;
update customers set name = "quoted" where customer_id = 5;
set sql_mode = 'ANSI_QUOTES';
update customers set name = "email" where customer_id = 6;
commit;
select name from customers where customer_id = 6;
-- name: mode of a prepared statement
-- $1 bigint 5
select "name" from customers where customer_id = $1;
set sql_mode = 'ANSI_QUOTES';
-- $1 bigint 5
select "name" from customers where customer_id = $1;
-- name: case sensitive like
select name from customers where name like 'ada';
-- name: sql_quote_show_create
set sql_quote_show_create = 0;
show create table countries;
