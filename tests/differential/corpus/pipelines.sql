-- What follows a failure, sent before the failure is known.

-- name: an error is not given to the next statement
select * from tiny where k = '40000';
select s.site, c.name from sites s join customers c on c.cid = s.site;
-- name: a failed write of a reference table, then more
insert into countries values ('it', 'Italy'), ('de', 'Again');
select 1;
select name from customers where cid = 1;
-- name: a refusal, then more
select count(*) from customers;
select name from customers where cid = 1;
-- name: a syntax error, then more; demanded
selec 1;
select name from customers where cid = 1;
select cid from customers where country = 'de';
-- name: an error over all, then more
select 1 / (cid - 5) from customers where cid between 1 and 10;
select name from customers where cid = 1;
-- name: an error over all in a transaction, then more
begin;
select 1 / (cid - 5) from customers where cid between 1 and 10;
select name from customers where cid = 1;
rollback;
select name from customers where cid = 1;
-- name: an error over all after a savepoint
begin;
savepoint a;
select 1 / (cid - 5) from customers where cid between 1 and 10;
rollback to a;
select cid, name from customers where cid in (1, 2, 3, 4);
commit;
-- name: writes of one shard and reads of all in turn; demanded
insert into customers (cid, name) values (1001, 'a');
select cid, name from customers where cid > 1000 and cid < 2000;
update customers set name = 'b' where cid = 1001;
select cid, name from customers where cid > 1000 and cid < 2000;
delete from customers where cid = 1001;
select cid, name from customers where cid > 1000 and cid < 2000;
-- name: writes of several shards in turn; demanded
insert into customers (cid, name) values (1001, 'a');
insert into customers (cid, name) values (1002, 'b');
insert into customers (cid, name) values (1003, 'c');
insert into customers (cid, name) values (1004, 'd');
update customers set name = 'x' where cid = 1003;
select cid, name from customers where cid > 1000 and cid < 2000;
-- name: a reference table written and read in turn; demanded
insert into countries values ('it', 'Italy');
select c.cid, k.name from customers c join countries k on k.code = 'it' where c.cid = 1;
select c.cid, k.name from customers c join countries k on k.code = 'it' where c.cid = 2;
select c.cid, k.name from customers c join countries k on k.code = 'it' where c.cid = 3;
delete from countries where code = 'it';
select count(*) from countries;
