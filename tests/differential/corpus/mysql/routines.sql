-- Procedures, functions, events, and statements around them.

-- name: call
call orders_of(3);
-- name: call of no rows
call orders_of(31337);
-- name: call with an out parameter
set @n = 5;
call double_it(@n);
select @n;
-- name: call with the wrong number
call orders_of();
-- name: call of nothing
call nothing_such();
-- name: call in a message; whole
select 1;
call orders_of(3);
select 2;
-- name: call prepared
-- $1 bigint 3
call orders_of($1);
-- $1 bigint 5
call orders_of($1);
-- name: a function of ours in a select
select twice(customer_id) from customers where customer_id = 5;
-- name: a function that reads
select customers_of('de');
-- name: a function that reads, of one key
select customers_of('de') from customers where customer_id = 5;
-- name: begin not atomic with a variable
begin not atomic declare n int default 5; select n; end;
-- name: load data of the server
load data infile '/nowhere' into table cfg;
-- name: into outfile
select * from cfg into outfile '/nowhere/x';
-- name: into dumpfile
select 'x' into dumpfile '/nowhere/y';
-- name: load_file
select load_file('/nowhere');
-- name: benchmark
select benchmark(1, 1);
-- name: name_const
select name_const('a', 5), customer_id from customers where customer_id = 5;
-- name: version; unseen
select version(), connection_id() > 0;
