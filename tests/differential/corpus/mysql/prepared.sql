-- Statements prepared by SQL, and parameters where they are unusual.

-- name: prepare and execute
prepare p from 'select name from customers where customer_id = ?';
set @k = 5;
execute p using @k;
set @k = 6;
execute p using @k;
deallocate prepare p;
-- name: prepare without parameters
prepare p from 'select name from customers where customer_id = 5';
execute p;
execute p;
-- name: prepare of all
prepare p from 'select count(*) from customers';
execute p;
-- name: prepare from a variable
set @text = 'select name from customers where customer_id = 5';
prepare p from @text;
execute p;
-- name: execute with a literal
prepare p from 'select name from customers where customer_id = ?';
execute p using 5;
-- name: execute immediate
execute immediate 'select name from customers where customer_id = 5';
-- name: execute immediate with a parameter
execute immediate 'select name from customers where customer_id = ?' using 5;
-- name: execute immediate of a write
execute immediate 'update customers set score = 1 where customer_id = ?' using 5;
select score from customers where customer_id = 5;
-- name: a prepared insert
prepare p from 'insert into customers (customer_id, name) values (?, ?)';
execute p using 500, 'a';
execute p using 501, 'b';
execute p using 5, 'there';
-- name: execute of nothing
execute nothing_such;
-- name: deallocate nothing
deallocate prepare nothing_such;
drop prepare nothing_such;
-- name: too few parameters
prepare p from 'select ?, ?';
execute p using 1;
-- name: prepare of nonsense
prepare p from 'selec 1';
execute p;
-- name: prepare of two statements
prepare p from 'select 1; select 2';
-- name: prepared again
prepare p from 'select 1';
prepare p from 'select 2';
execute p;
-- name: a name in quotes
prepare `a b` from 'select 1';
execute `a b`;
deallocate prepare `A B`;
-- name: prepare begin
prepare p from 'begin';
execute p;
update customers set score = 1 where customer_id = 5;
rollback;
select score from customers where customer_id = 5;
-- name: parameters of every type
-- $1 tinyint -1
-- $2 utinyint 255
-- $3 smallint -300
-- $4 int 70000
-- $5 ubigint 18446744073709551615
-- $6 double 0.5
-- $7 varchar it's
-- $8 hex 00ff
-- $9 date 2026-02-28
-- $10 datetime 2026-02-28 01:02:03
-- $11 decimal 1.50
-- $12 null NULL
select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12;
-- name: a parameter and its name
-- $1 bigint 5
select $1 + 1 as next, name from customers where customer_id = $1;
-- name: a parameter in a list
-- $1 bigint 5
-- $2 varchar 6
-- $3 null NULL
select customer_id from customers where customer_id in ($1, $2, $3);
-- name: a parameter as like
-- $1 varchar A%
select customer_id from customers where name like $1 and customer_id = 5;
-- name: a parameter for a table
-- $1 varchar customers
select * from $1;
-- name: a parameter in order by
-- $1 bigint 2
select customer_id, name from customers where customer_id in (5) order by $1;
-- name: parameters in an in of rows
-- $1 bigint 3
-- $2 bigint 1
select order_id from orders where (customer_id, order_id) in (($1, $2));
-- name: parameters in a set
-- $1 bigint 5
set @k = $1;
select @k;
-- name: parameters in a call
-- $1 bigint 3
call orders_of($1);
-- name: the type changes between two executions
-- $1 bigint 5
select name from customers where customer_id = $1;
-- $1 varchar 5
select name from customers where customer_id = $1;
-- $1 double 5.5
select name from customers where customer_id = $1;
-- name: the key changes its shard between two executions
-- $1 bigint 5
update customers set score = 1 where customer_id = $1;
-- $1 bigint 6
update customers set score = 1 where customer_id = $1;
-- $1 bigint 7
update customers set score = 1 where customer_id = $1;
-- name: a long text
-- $1 varchar xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
select length($1), customer_id from lk where email = $1;
-- name: into a text column
-- $1 bigint 42
insert into lk (email, customer_id) values ($1, 5);
-- name: a double into a text key
-- $1 double 1.5
insert into lk (email, customer_id) values ($1, 5);
-- name: a date into a text key
-- $1 date 2026-01-02
insert into lk (email, customer_id) values ($1, 5);
-- name: a date for a text key
-- $1 date 2026-01-02
select * from lk where email = $1;
-- name: a text into an unsigned key
-- $1 varchar 18446744073709551614
insert into counters (u, n) values ($1, 1);
-- name: a negative into an unsigned key
-- $1 bigint -1
insert into counters (u, n) values ($1, 1);
-- name: an unsigned one for a signed key
-- $1 ubigint 18446744073709551611
select name from customers where customer_id = $1;
