-- What happens at the end of a transaction, or behind the back of a statement: deferred constraints, triggers, read-only settings.

-- name: deferred foreign key, violated
insert into lines (aid, n) values (500, 1);
-- name: deferred foreign key, violated, then more
insert into lines (aid, n) values (500, 1);
select name from customers where cid = 1;
-- name: deferred foreign key, healed in the transaction
begin;
insert into lines (aid, n) values (500, 1);
insert into accounts (aid) values (500);
commit;
-- name: deferred foreign key, violated at commit
begin;
insert into lines (aid, n) values (500, 1);
select count(*) from cfg;
commit;
select n from lines where aid = 500;
-- name: deferred foreign key made immediate
begin;
insert into lines (aid, n) values (500, 1);
set constraints all immediate;
rollback;
-- name: deferred foreign key made immediate before
begin;
set constraints all immediate;
insert into lines (aid, n) values (500, 1);
rollback;
-- name: deferred foreign key of a reference table, violated
insert into codes values ('c', 'nowhere');
-- name: deferred foreign key of a reference table, violated, then more
insert into codes values ('c', 'nowhere');
select count(*) from codes;
-- name: deferred foreign key of a reference table, parent later
begin;
insert into codes values ('d', 'c');
insert into codes values ('c', 'a');
commit;
select * from codes;
-- name: deferred foreign key of a reference table, violated at commit
begin;
insert into codes values ('d', 'nowhere');
commit;
select * from codes;
-- name: deferred foreign key of a reference table and a row
begin;
insert into lines (aid, n) values (5, 1);
insert into codes values ('d', 'nowhere');
commit;
select * from codes;
select n from lines where aid = 5;
-- name: a trigger that moves the key
insert into moved (id, v) values (1, 'x') returning id;
-- name: a trigger that moves several keys
insert into moved (id, v) values (1, 'a');
insert into moved (id, v) values (2, 'b');
insert into moved (id, v) values (3, 'c');
insert into moved (id, v) values (4, 'd');
select id, v from moved;
-- name: a trigger that moves the key, read back
insert into moved (id, v) values (1, 'x');
select v from moved where id = 1001;
-- name: read only by default
set default_transaction_read_only = on;
update customers set score = 1 where cid = 5;
select name from customers where cid = 5;
insert into countries values ('it', 'Italy');
-- name: read only by session characteristics
set session characteristics as transaction read only;
update customers set score = 1 where cid = 5;
-- name: read only transaction by a setting
begin;
set transaction_read_only = on;
update customers set score = 1 where cid = 5;
rollback;
-- name: set transaction read only, then read write
begin;
set transaction read only;
select name from customers where cid = 5;
set transaction read write;
rollback;
-- name: isolation by default
set default_transaction_isolation = 'serializable';
select name from customers where cid = 5;
show transaction_isolation;
begin;
show transaction_isolation;
rollback;
-- name: row security off
set row_security = off;
select name from customers where cid = 5;
-- name: session authorization
set session authorization default;
select name from customers where cid = 5;
-- name: a sequence beside a row
select setval('s', 10);
insert into orders (cid, oid) values (3, nextval('s'));
select currval('s');
-- name: a sequence beside rows of several shards
select setval('s', 10);
insert into orders (cid, oid) values (1, nextval('s'));
select setval('s', 20);
insert into orders (cid, oid) values (2, nextval('s'));
select setval('s', 30);
insert into orders (cid, oid) values (3, nextval('s'));
-- name: a sequence in the select list of a row
select setval('s', 10);
select nextval('s'), cid from customers where cid = 1;
select setval('s', 10);
select nextval('s'), cid from customers where cid = 2;
-- name: lastval
select setval('s', 10), nextval('s');
select lastval();
-- name: a savepoint and a deferred constraint
begin;
savepoint a;
insert into lines (aid, n) values (500, 1);
rollback to a;
commit;
-- name: work_mem and planner settings
set enable_seqscan = off;
set work_mem = '1MB';
select cid from customers where country = 'de';
show work_mem;
-- name: lock timeout
set lock_timeout = '1s';
select cid from customers where cid = 5 for update;
show lock_timeout;
-- name: a setting that only a superuser may change
set log_statement = 'all';
select 1;
