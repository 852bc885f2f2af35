-- Several statements: transactions, savepoints, settings, prepared statements, cursors.

-- name: commit on one shard; demanded
begin;
update customers set score = 1 where cid = 5;
select score from customers where cid = 5;
commit;
-- name: rollback on one shard; demanded
begin;
update customers set score = 1 where cid = 5;
rollback;
select score from customers where cid = 5;
-- name: reads of several shards; demanded
begin;
select name from customers where cid = 1;
select name from customers where cid = 2;
select name from customers where cid = 3;
select count(*) from cfg;
commit;
-- name: own writes are read; demanded
begin;
insert into customers (cid, name) values (1001, 'x');
select cid, name from customers where name = 'x';
rollback;
-- name: own writes are read over all; demanded
begin;
delete from customers where cid = 5;
select cid from customers where cid in (1, 2, 3, 4, 5, 6, 7);
rollback;
-- name: writes on two shards
begin;
insert into customers (cid, name) values (1001, 'a');
insert into customers (cid, name) values (1002, 'b');
insert into customers (cid, name) values (1003, 'c');
insert into customers (cid, name) values (1004, 'd');
commit;
-- name: a failed transaction; demanded
begin;
insert into customers (cid, name) values (5, 'x');
select 1;
commit;
-- name: a syntax error in a failed transaction; demanded
begin;
select nothing;
selec 1;
rollback;
-- name: a syntax error in the middle of a statement in a failed transaction
begin;
select nothing;
delete from orders where cid = (9).0;
rollback;
-- name: an empty statement in a failed transaction
begin;
select nothing;
;
rollback;
-- name: show and set in a failed transaction; demanded
begin;
select nothing;
show timezone;
set timezone = 'UTC';
rollback;
-- name: a refusal fails the transaction
begin;
update customers set name = 'x' where cid = 5;
update customers set name = 'y';
update customers set name = 'z' where cid = 5;
commit;
-- name: a failed transaction on two shards; demanded
begin;
select name from customers where cid = 1;
select name from customers where cid = 2;
insert into customers (cid, name) values (5, 'x');
select name from customers where cid = 1;
rollback;
-- name: savepoint; demanded
begin;
update customers set score = 1 where cid = 5;
savepoint a;
update customers set score = 2 where cid = 5;
rollback to savepoint a;
select score from customers where cid = 5;
release savepoint a;
commit;
-- name: savepoint heals
begin;
savepoint a;
insert into customers (cid, name) values (5, 'x');
rollback to a;
insert into customers (cid, name) values (1001, 'x');
commit;
-- name: savepoint before the first shard; demanded
begin;
savepoint a;
savepoint b;
update customers set score = 1 where cid = 5;
rollback to b;
select score from customers where cid = 5;
rollback to a;
select score from customers where cid = 5;
commit;
-- name: savepoint that is not there; demanded
begin;
rollback to nothing;
rollback;
-- name: savepoint outside of a transaction; demanded
savepoint a;
-- name: release what is gone; demanded
begin;
savepoint a;
release a;
release a;
rollback;
-- name: savepoint across shards; demanded
begin;
select name from customers where cid = 1;
savepoint a;
select name from customers where cid = 2;
rollback to a;
select name from customers where cid = 3;
commit;
-- name: begin in a transaction; demanded
begin;
begin;
commit;
-- name: commit outside of a transaction; demanded
commit;
-- name: rollback outside of a transaction; demanded
rollback;
-- name: commit and chain
begin;
update customers set score = 1 where cid = 5;
commit and chain;
update customers set score = 2 where cid = 5;
rollback;
select score from customers where cid = 5;
-- name: rollback and chain keeps the level
begin isolation level repeatable read;
rollback and chain;
show transaction_isolation;
rollback;
-- name: start transaction read only; demanded
start transaction read only;
select name from customers where cid = 5;
update customers set score = 1 where cid = 5;
rollback;
-- name: read only and a reference table; demanded
begin read only;
insert into countries values ('it', 'Italy');
rollback;
-- name: set transaction; demanded
begin;
set transaction isolation level serializable;
show transaction_isolation;
select name from customers where cid = 5;
commit;
-- name: set transaction too late; demanded
begin;
select name from customers where cid = 5;
set transaction isolation level serializable;
rollback;
-- name: abort and end; demanded
begin;
update customers set score = 1 where cid = 5;
abort;
begin work;
end;
-- name: reference table in a transaction; demanded
begin;
insert into countries values ('it', 'Italy');
select name from countries where code = 'it';
update countries set name = 'Italia' where code = 'it' returning *;
commit;
-- name: reference table and one key; demanded
begin;
insert into customers (cid, name) values (1001, 'x');
insert into countries values ('it', 'Italy');
commit;
-- name: reference table rolled back; demanded
begin;
delete from countries;
select count(*) from countries;
rollback;
select count(*) from countries;
-- name: reference table, a failure and a savepoint; demanded
begin;
savepoint a;
insert into countries values ('de', 'again');
rollback to a;
insert into countries values ('it', 'Italy');
commit;
-- name: single table and one key
begin;
update cfg set v = 'x' where k = 'limit';
update customers set score = 1 where cid = 5;
commit;
-- name: several statements in one message are one transaction; whole
insert into customers (cid, name) values (1001, 'x');
insert into customers (cid, name) values (1001, 'y');
-- name: several statements in one message, all good; whole
update customers set score = 1 where cid = 5;
update customers set score = 2 where cid = 5;
select score from customers where cid = 5;
-- name: several statements in one message, two shards; whole
update customers set score = 1 where cid = 1;
update customers set score = 1 where cid = 2;
update customers set score = 1 where cid = 3;
update customers set score = 1 where cid = 4;
-- name: several statements in one message with begin; whole
begin;
update customers set score = 1 where cid = 5;
commit;
select score from customers where cid = 5;
-- name: several statements in one message, begin in the middle; whole
update customers set score = 1 where cid = 5;
begin;
update customers set score = 2 where cid = 5;
rollback;
-- name: several statements in one message, the second malformed; whole
update customers set score = 1 where cid = 5;
selec 1;
-- name: several statements in one message, rollback in the middle; whole
update customers set score = 1 where cid = 5;
rollback;
select score from customers where cid = 5;
-- name: several statements in one message, a failure in the middle; whole
select 1;
select nothing;
select 2;
-- name: set local; demanded
begin;
set local application_name = 'inside';
show application_name;
select name from customers where cid = 5;
show application_name;
commit;
show application_name;
-- name: set rolled back; demanded
set application_name = 'before';
begin;
set application_name = 'inside';
rollback;
show application_name;
-- name: set and a savepoint; demanded
begin;
savepoint a;
set application_name = 'inside';
rollback to a;
show application_name;
commit;
-- name: set datestyle changes results; demanded
set datestyle = 'German';
select created from customers where cid = 5;
select day from docs where id = '6d3a06d3-6406-d39a-6d3a-06d36406d39a';
reset datestyle;
select created from customers where cid = 5;
-- name: set timezone changes results of all shards; demanded
set timezone = 'Asia/Tokyo';
select cid, created from customers where cid < 10;
-- name: set extra_float_digits; demanded
set extra_float_digits = 0;
select val / 3 from events where eid = 5;
-- name: set bytea_output; demanded
set bytea_output = 'escape';
select convert_to(name, 'UTF8') from customers where cid = 5;
-- name: set search_path
set search_path = pg_catalog;
select cid from customers where cid = 5;
select cid from public.customers where cid = 5;
-- name: set search_path to two
set search_path = public, pg_catalog;
select cid from customers where cid = 5;
-- name: set client_encoding; demanded
set client_encoding = 'LATIN1';
select name from customers where cid = 1;
-- name: set client_encoding and a key that is not ASCII
set client_encoding = 'LATIN1';
select cid from lk where email = 'u5@x.org';
-- name: set standard_conforming_strings off
set standard_conforming_strings = off;
select cid from lk where email = 'b\\s';
select cid from lk where email = 'it\'s';
-- name: set standard_conforming_strings off, insert
set standard_conforming_strings = off;
insert into lk (email) values ('x\\y') returning email;
-- name: set to a bad value; demanded
set timezone = 'Nowhere/At all';
select 1;
-- name: set an unknown setting; demanded
set nothing.of_mine = 'x';
show nothing.of_mine;
select current_setting('nothing.of_mine');
-- name: set an unknown setting without a dot; demanded
set nothing_at_all = 1;
-- name: reset all; demanded
set application_name = 'x';
set datestyle = 'SQL, DMY';
reset all;
show datestyle;
-- name: set role none
set role none;
select current_user;
-- name: show everything asked for; demanded
show server_version;
show transaction isolation level;
show timezone;
-- name: set_config in a transaction; demanded
begin;
select set_config('application_name', 'x', true);
show application_name;
commit;
show application_name;
-- name: statement_timeout
set statement_timeout = '20ms';
select pg_sleep(1);
reset statement_timeout;
-- name: prepare, execute with the key
prepare q (bigint) as select name from customers where cid = $1;
execute q (5);
execute q (6);
execute q (7);
-- name: prepare an insert
prepare q (bigint, text) as insert into customers (cid, name) values ($1, $2) returning cid;
execute q (1001, 'a');
execute q (1002, 'b');
execute q (1003, 'c');
-- name: prepare twice; simple
prepare q as select 1;
prepare q as select 2;
-- name: execute what is not prepared; simple
execute q;
-- name: deallocate what is not prepared; simple
deallocate q;
-- name: deallocate all; demanded
deallocate all;
-- name: discard all; demanded
set application_name = 'x';
discard all;
show application_name;
-- name: cursor on one key; simple
begin;
declare c cursor for select cid, oid from orders where cid = 3 order by oid;
fetch 1 from c;
fetch 2 from c;
move backward 1 from c;
fetch all from c;
close c;
commit;
-- name: cursor over all; simple
begin;
declare c cursor for select cid from customers where cid < 10;
fetch all from c;
commit;
-- name: cursor outside of a transaction; simple
declare c cursor for select 1;
-- name: cursor with hold; simple
declare c cursor with hold for select k from cfg order by k;
fetch all from c;
close c;
-- name: fetch from no cursor; simple
begin;
fetch 1 from nothing;
rollback;
-- name: update where current of; simple
begin;
declare c cursor for select cid, name from customers where cid = 5 for update;
fetch 1 from c;
update customers set score = 1 where current of c;
commit;
-- name: advisory lock; demanded
select pg_advisory_lock(5);
select pg_advisory_unlock(5);
select pg_advisory_unlock(6);
-- name: advisory lock of a transaction; demanded
begin;
select pg_advisory_xact_lock(5);
select pg_try_advisory_xact_lock(5);
commit;
-- name: advisory lock beside a key
begin;
select pg_advisory_xact_lock(cid) from customers where cid = 5;
commit;
-- name: listen and unlisten; demanded
listen channel;
unlisten channel;
notify channel, 'x';
-- name: notify; demanded
notify channel;
select pg_notify('channel', 'payload');
-- name: sequence; demanded
select setval('s', 100);
select nextval('s'), nextval('s');
-- name: sequence of this session; demanded
begin;
select setval('s', 100);
select nextval('s'), currval('s');
select currval('s'), lastval();
commit;
-- name: sequence of another connection
select currval('s');
-- name: sequence read as a table
select log_cnt >= 0 from s;
-- name: lock a reference table; demanded
begin;
lock table countries in share mode;
commit;
-- name: lock a sharded table
begin;
lock table customers in share mode;
commit;
-- name: lock outside of a transaction
lock table countries;
-- name: prepare transaction outside of a transaction; simple
prepare transaction 'judge';
-- name: two-phase names that are not there; simple
commit prepared 'nothing';
-- name: temporary table; simple
create temporary table t (a int);
insert into t values (1);
select * from t;
drop table t;
-- name: vacuum; simple
vacuum cfg;
-- name: vacuum in a transaction; simple
begin;
vacuum cfg;
rollback;
-- name: analyze a reference table
analyze countries;
-- name: comment on a table
comment on table customers is 'people';
comment on table customers is null;
-- name: create and drop a table; simple
create table unlisted (a int primary key);
drop table unlisted;
-- name: add and drop a column; simple
alter table sites add column extra int default 5;
select site, extra from sites where site = 7;
alter table sites drop column extra;
select * from sites where site = 7;
-- name: create and drop an index; simple
create index tiny_v on tiny (v);
drop index tiny_v;
-- name: DDL in a transaction, rolled back; simple
begin;
alter table tiny add column extra int;
select k, extra from tiny where k = 5;
rollback;
select * from tiny where k = 5;
-- name: rename a column and back; simple
alter table sites rename column label to title;
select title from sites where site = 7;
alter table sites rename column title to label;
-- name: do block
do $$ begin perform 1; end $$;
-- name: call
call nothing();
-- name: explain; unseen
explain (costs off) select * from customers where cid = 5;
-- name: statement of two in the extended protocol
select 1; select 2;
