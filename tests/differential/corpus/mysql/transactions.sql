-- Transactions: what is seen inside, what is left, what the status flags say.

-- name: commit, one key
begin;
update customers set score = 50 where customer_id = 5;
select score from customers where customer_id = 5;
commit;
select score from customers where customer_id = 5;
-- name: rollback, one key
begin;
update customers set score = 50 where customer_id = 5;
rollback;
select score from customers where customer_id = 5;
-- name: commit, two keys
begin;
update customers set score = 50 where customer_id = 5;
update customers set score = 60 where customer_id = 6;
insert into customers (customer_id, name) values (500, 'x');
commit;
select score from customers where customer_id = 6;
-- name: rollback, two keys
begin;
update customers set score = 50 where customer_id = 5;
update customers set score = 60 where customer_id = 6;
update customers set score = 70 where customer_id = 7;
rollback;
select score from customers where customer_id = 7;
-- name: start transaction and commit work
start transaction;
delete from orders where customer_id = 3;
commit work;
select count(*) from orders where customer_id = 3;
-- name: nothing in between
begin;
commit;
-- name: begin twice commits
begin;
update customers set score = 50 where customer_id = 5;
begin;
rollback;
select score from customers where customer_id = 5;
-- name: commit without a transaction
commit;
rollback;
-- name: read only
start transaction read only;
select name from customers where customer_id = 5;
update customers set score = 50 where customer_id = 5;
commit;
-- name: read write; ordered
start transaction read write;
update customers set score = 50 where customer_id = 5;
commit;
-- name: with consistent snapshot
start transaction with consistent snapshot;
select score from customers where customer_id = 5;
commit;
-- name: commit and chain
begin;
update customers set score = 50 where customer_id = 5;
commit and chain;
update customers set score = 60 where customer_id = 5;
rollback;
select score from customers where customer_id = 5;
-- name: rollback and chain
begin;
update customers set score = 50 where customer_id = 5;
rollback and chain;
update customers set score = 60 where customer_id = 6;
commit and no chain;
select score from customers where customer_id = 6;
-- name: completion_type
set completion_type = 1;
begin;
update customers set score = 50 where customer_id = 5;
commit;
select @@in_transaction;
rollback;
-- name: commit release; simple
begin;
update customers set score = 50 where customer_id = 5;
commit release;
-- name: savepoint
begin;
update customers set score = 50 where customer_id = 5;
savepoint a;
update customers set score = 60 where customer_id = 5;
rollback to savepoint a;
commit;
select score from customers where customer_id = 5;
-- name: savepoint over two keys
begin;
update customers set score = 50 where customer_id = 5;
savepoint a;
update customers set score = 60 where customer_id = 6;
update customers set score = 61 where customer_id = 5;
rollback to a;
select score from customers where customer_id = 5;
select score from customers where customer_id = 6;
commit;
select score from customers where customer_id = 6;
-- name: savepoint before anything
begin;
savepoint a;
update customers set score = 60 where customer_id = 6;
rollback to savepoint a;
commit;
select score from customers where customer_id = 6;
-- name: savepoint released
begin;
savepoint a;
update customers set score = 60 where customer_id = 6;
release savepoint a;
rollback to savepoint a;
rollback;
-- name: savepoint of no such name
begin;
rollback to savepoint nowhere;
release savepoint nowhere;
commit;
-- name: savepoint of one name twice
begin;
savepoint a;
update customers set score = 60 where customer_id = 6;
savepoint a;
update customers set score = 61 where customer_id = 6;
rollback to a;
select score from customers where customer_id = 6;
rollback;
-- name: savepoint in quotes
begin;
savepoint `a b`;
update customers set score = 60 where customer_id = 6;
rollback work to savepoint `A B`;
commit;
select score from customers where customer_id = 6;
-- name: savepoint outside of a transaction
savepoint a;
rollback to savepoint a;
-- name: nested savepoints
begin;
savepoint a;
insert into orders (customer_id, order_id) values (3, 100);
savepoint b;
insert into orders (customer_id, order_id) values (3, 101);
rollback to a;
release savepoint b;
insert into orders (customer_id, order_id) values (3, 102);
commit;
select order_id from orders where customer_id = 3;
-- name: autocommit off
set autocommit = 0;
update customers set score = 50 where customer_id = 5;
rollback;
select score from customers where customer_id = 5;
-- name: autocommit off, two keys
set autocommit = 0;
update customers set score = 50 where customer_id = 5;
update customers set score = 60 where customer_id = 6;
commit;
select score from customers where customer_id = 6;
rollback;
-- name: autocommit off, then on commits
set autocommit = 0;
update customers set score = 50 where customer_id = 5;
set autocommit = 1;
rollback;
select score from customers where customer_id = 5;
-- name: autocommit off and a savepoint
set autocommit = off;
savepoint a;
update customers set score = 50 where customer_id = 5;
rollback to a;
commit;
select score from customers where customer_id = 5;
-- name: autocommit said again
set autocommit = 1;
set @@session.autocommit = 1, @a = 1;
select @@autocommit;
-- name: autocommit set in a transaction
begin;
update customers set score = 50 where customer_id = 5;
set autocommit = 1;
rollback;
select score from customers where customer_id = 5;
-- name: an error leaves the transaction
begin;
update customers set score = 50 where customer_id = 5;
insert into customers (customer_id, name) values (6, 'there');
update customers set score = 60 where customer_id = 6;
commit;
select score from customers where customer_id = 5;
-- name: a syntax error leaves the transaction
begin;
update customers set score = 50 where customer_id = 5;
updat customers set score = 60 where customer_id = 6;
commit;
select score from customers where customer_id = 5;
-- name: an error in a multi-row insert undoes the statement only
begin;
insert into orders (customer_id, order_id) values (3, 100);
insert into orders (customer_id, order_id) values (3, 101), (3, 1);
commit;
select order_id from orders where customer_id = 3;
-- name: an error over several keys undoes the statement only
begin;
insert into customers (customer_id, name) values (500, 'a');
insert into customers (customer_id, name) values (501, 'a'), (502, 'b'), (5, 'there'), (503, 'c');
commit;
select customer_id from customers where customer_id in (500, 501, 502, 503);
-- name: reference table and a key
begin;
update countries set name = 'x' where code = 'de';
update customers set score = 50 where customer_id = 5;
commit;
select name from countries where code = 'de';
-- name: reference table rolled back
begin;
update countries set name = 'x';
rollback;
select name from countries where code = 'de';
-- name: single table and a key
begin;
insert into audit_log (entry) values ('moved');
update customers set score = 50 where customer_id = 6;
commit;
select entry from audit_log where entry = 'moved';
-- name: a transfer; demanded
begin;
update customers set score = coalesce(score, 0) - 10 where customer_id = 5;
update customers set score = coalesce(score, 0) + 10 where customer_id = 6;
commit;
-- name: reads of several keys
begin;
select name from customers where customer_id = 5;
select name from customers where customer_id = 6;
select count(*) from cfg;
commit;
-- name: reads over all in a transaction
begin;
update customers set score = 50 where customer_id = 5;
select customer_id, score from customers where score = 50;
rollback;
-- name: DDL commits
begin;
update customers set score = 50 where customer_id = 5;
create table fresh (i int);
rollback;
select score from customers where customer_id = 5;
-- name: DDL that fails commits, too
begin;
update customers set score = 50 where customer_id = 5;
create table customers (i int);
rollback;
select score from customers where customer_id = 5;
-- name: lock tables commits
begin;
update cfg set v = 'x' where k = 'theme';
lock tables cfg write;
unlock tables;
rollback;
select v from cfg where k = 'theme';
-- name: set transaction
set transaction isolation level read committed;
begin;
select @@transaction_isolation;
select name from customers where customer_id = 5;
commit;
select @@transaction_isolation;
-- name: set transaction read only, once
set transaction read only;
begin;
update customers set score = 50 where customer_id = 5;
commit;
begin;
update customers set score = 50 where customer_id = 5;
commit;
-- name: set session transaction
set session transaction isolation level serializable;
select @@transaction_isolation;
begin;
select name from customers where customer_id = 5;
commit;
-- name: set transaction inside of one
begin;
select name from customers where customer_id = 5;
set transaction isolation level read committed;
commit;
-- name: in_transaction
select @@in_transaction;
begin;
select @@in_transaction;
commit;
select @@in_transaction;
-- name: all in one message; whole
begin;
update customers set score = 50 where customer_id = 5;
select score from customers where customer_id = 5;
commit;
select score from customers where customer_id = 5;
-- name: two keys in one message; whole
begin;
update customers set score = 50 where customer_id = 5;
update customers set score = 60 where customer_id = 6;
commit;
-- name: a message that fails in the middle; whole
begin;
update customers set score = 50 where customer_id = 5;
insert into customers (customer_id, name) values (6, 'there');
commit;
-- name: begin not atomic
begin not atomic update customers set score = 50 where customer_id = 5; end;
-- name: xa
xa start '{here}';
update customers set score = 50 where customer_id = 5;
xa end '{here}';
xa commit '{here}' one phase;
select score from customers where customer_id = 5;
-- name: xa prepared
xa start '2.{here}';
update customers set score = 50 where customer_id = 5;
xa end '2.{here}';
xa prepare '2.{here}';
xa rollback '2.{here}';
select score from customers where customer_id = 5;
-- name: commit inside xa
xa start '3.{here}';
commit;
xa end '3.{here}';
xa rollback '3.{here}';
-- name: for update then update
begin;
select score from customers where customer_id = 5 for update;
update customers set score = 51 where customer_id = 5;
commit;
-- name: prepared update in a transaction
begin;
-- $1 bigint 5
update customers set score = 50 where customer_id = $1;
-- $1 bigint 6
update customers set score = 50 where customer_id = $1;
rollback;
-- $1 bigint 6
select score from customers where customer_id = $1;
-- name: begin in a comment
/* it begins */ begin /* now */;
update customers set score = 50 where customer_id = 5;
rollback /* after all */;
select score from customers where customer_id = 5;
-- name: begin work and its errors
begin wok;
begin work;
commit wrk;
rollback work;
