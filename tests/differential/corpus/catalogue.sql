-- What only the catalogue tells: types of users, defaults, generated columns, foreign keys, views, search_path, functions and operators.

-- name: enum of one key
select id, feeling from people where id = 5;
-- name: enum over all
select id, feeling from people;
-- name: enum filtered over all
select id from people where feeling = 'happy';
-- name: enum compared
select id, feeling > 'sad' from people where feeling <> 'ok';
-- name: enum parameter
-- $1 ?text happy
select id, feeling from people where feeling = $1;
-- name: enum cast
select 'happy'::mood, id from people where id = 5;
-- name: enum inserted
insert into people (id, feeling) values (500, 'ok') returning *;
-- name: enum inserted, no such value
insert into people (id, feeling) values (500, 'glad');
-- name: enum array
select array_agg(feeling::text order by id) from people where id in (5);
-- name: domain
select cents, cents + 1 from people where id = 5;
-- name: domain over all
select cents from people where cents > 1;
-- name: domain violated
insert into people (id, cents) values (500, -1);
-- name: defaults; demanded
insert into tagged (id) values (500) returning id, tag, seen;
-- name: defaults without a column list; demanded
insert into tagged values (500);
-- name: defaults named; demanded
insert into tagged (id, tag, seen) values (500, default, default) returning tag;
-- name: default set; demanded
insert into tagged (id, tag) values (500, 'x') on conflict (id) do update set tag = default returning *;
-- name: generated column; demanded
insert into gen (id, a) values (500, 21) returning *;
-- name: generated column without a column list
insert into gen values (500, 21);
-- name: generated column without a column list, default
insert into gen values (500, 21, default) returning b;
-- name: generated column given
insert into gen (id, a, b) values (500, 1, 2);
-- name: generated column updated; demanded
update gen set a = 5 where id = 5 returning b;
-- name: generated column set
update gen set b = 5 where id = 5;
-- name: generated column over all; demanded
select id, b from gen where b > 50;
-- name: generated column and select star; demanded
insert into gen (id, a) select id, a + 1 from gen where id = 5;
-- name: quoted key; demanded
select * from odd where "Key" = 5;
-- name: quoted key, folded
select * from odd where Key = 5;
-- name: quoted columns; demanded
insert into odd ("Key", "select", "a b") values (500, 'x', 1) returning "a b", "select";
-- name: quoted columns over all; demanded
select "select" as "from", "a b" from odd;
-- name: quoted columns updated; demanded
update odd set "select" = upper("select") where "Key" = 5 returning *;
-- name: foreign key, both of one key; demanded
insert into entries (aid, n) values (5, 100);
-- name: foreign key, no such parent; demanded
insert into entries (aid, n) values (500, 1);
-- name: foreign key to a reference table; demanded
insert into entries (aid, n, code) values (5, 100, 'de');
-- name: foreign key to a reference table, no such row; demanded
insert into entries (aid, n, code) values (5, 100, 'nowhere');
-- name: foreign key cascades; simple; demanded
begin;
delete from accounts where aid = 4;
select count(*) from entries where aid = 4;
rollback;
-- name: foreign key of a reference table refuses a delete; demanded
delete from countries where code = 'fr';
-- name: foreign key of a reference table refuses an update; demanded
update countries set code = 'FR' where code = 'fr';
-- name: unique column off the key
insert into owners (aid, owner) values (1, 'same');
insert into owners (aid, owner) values (2, 'same');
insert into owners (aid, owner) values (3, 'same');
insert into owners (aid, owner) values (4, 'same');
-- name: unique column off the key, upsert
insert into owners (aid, owner) values (1, 'same');
insert into owners (aid, owner) values (2, 'same') on conflict (owner) do nothing returning aid;
insert into owners (aid, owner) values (3, 'same') on conflict do nothing returning aid;
insert into owners (aid, owner) values (4, 'same') on conflict (owner) do update set owner = 'other';
-- name: unique column off the key, update
insert into owners (aid, owner) values (1, 'a');
insert into owners (aid, owner) values (2, 'b');
insert into owners (aid, owner) values (3, 'c');
update owners set owner = 'a' where aid = 2;
update owners set owner = 'a' where aid = 3;
-- name: partitioned table; demanded
select * from parts where k = 5;
-- name: partitioned table over all; demanded
select * from parts where v <> 'v5';
-- name: partitioned table, insert; demanded
insert into parts values (500, 'x') returning *;
-- name: partitioned table, update; demanded
update parts set v = 'x' where k = 5 returning *;
-- name: partition itself
select * from parts_0;
-- name: partition itself, insert
insert into parts_0 values (500, 'x');
-- name: only the partitioned table
select * from only parts;
-- name: view
select * from german;
-- name: view with the key
select * from german where cid = 5;
-- name: view inserted into
insert into german (cid, name) values (1001, 'x');
-- name: a table of another schema
select * from other.customers where cid = 5;
-- name: search_path with another schema first
set search_path = other, public;
select * from customers where cid = 5;
select * from public.customers where cid = 5;
-- name: search_path with another schema first, insert
set search_path = other, public;
insert into customers (cid, name) values (1001, 'x');
select count(*) from customers;
rollback;
-- name: search_path of another schema only
set search_path = other;
select * from orders where cid = 5;
-- name: search_path set in a transaction
begin;
set local search_path = other, public;
select * from customers where cid = 5;
rollback;
select name from customers where cid = 5;
-- name: search_path by set_config
select set_config('search_path', 'other, public', false);
select * from customers where cid = 5;
-- name: search_path by set_config in a transaction
begin;
select set_config('search_path', 'other', true);
select * from customers where cid = 5;
rollback;
-- name: a user function named like one of PostgreSQL's
select reverse(cid) from customers where cid = 5;
-- name: a user function named like one of PostgreSQL's, over all
select reverse(cid) from customers;
-- name: a user function named like one of PostgreSQL's, in WHERE
select cid from customers where reverse(cid) > 20 and cid = 5;
-- name: a user function named like one of PostgreSQL's, a parameter
-- $1 int8 5
select reverse($1) from customers where cid = 5;
-- name: a user function named like one of PostgreSQL's, written
update customers set score = reverse(cid) where cid = 5;
-- name: a user function
select count_above(1, 2);
-- name: a user operator
select cid @@@ 0 from customers where cid = 5;
-- name: a user operator over all
select cid from customers where cid @@@ 0 > 20;
-- name: a user operator written
update customers set score = cid @@@ 0 where cid = 5;
-- name: a user operator of a constant
select 1::bigint @@@ 0::bigint;
-- name: a user operator in a reference write
update countries set name = (1::bigint @@@ 0::bigint)::text where code = 'de';
-- name: a user operator in an upsert
insert into customers as c (cid, name) values (5, 'x') on conflict (cid) do update set score = c.cid @@@ 0;
-- name: function attribute notation
select c.reverse from customers c where c.cid = 5;
-- name: column of a row as a function
select name(c) from customers c where c.cid = 5;
-- name: regclass
select 'customers'::regclass::text, to_regclass('nothing') is null;
-- name: table size functions
select pg_relation_size('customers') > 0;
-- name: has_table_privilege; demanded
select has_table_privilege('customers', 'select');
-- name: query_to_xml hides a statement
select query_to_xml('select count(*) from customers', false, false, '')::text;
-- name: table_to_xml hides a table
select table_to_xml('cfg', false, false, '')::text like '%limit%';
-- name: currval of a column's sequence
select pg_get_serial_sequence('customers', 'cid');
-- name: estimates of the catalogue
select relname, relkind from pg_class where relname = 'parts';
-- name: catalogue joined with rows
select c.cid from customers c join pg_class p on p.relname = c.name;
-- name: information_schema columns; demanded
select column_name, data_type from information_schema.columns where table_name = 'orders' order by ordinal_position;
-- name: information_schema key columns; demanded
select constraint_name, column_name from information_schema.key_column_usage where table_name = 'orders' and table_schema = 'public';
