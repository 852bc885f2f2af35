-- INSERT: where the row goes, what is returned, what is violated.

-- name: with a column list; demanded
insert into customers (cid, name) values (1001, 'x');
-- name: without a column list; demanded
insert into customers values (1001, 'x', 'e', 'de', 1.5, '2026-01-01 00:00:00+00');
-- name: without a column list, fewer values
insert into customers values (1001, 'x');
-- name: without a column list, key not first; demanded
insert into orders values (1, 1001, 'new', 5);
-- name: too many values
insert into lk values ('a@b', 1, 2);
-- name: columns in another order; demanded
insert into orders (note, cid, oid) values ('n', 1001, 1);
-- name: the key quoted; demanded
insert into customers (cid, name) values ('1001', 'x');
-- name: the key cast; demanded
insert into customers (cid, name) values (1001::int, 'x');
-- name: negative key; demanded
insert into customers (cid, name) values (-1001, 'x');
-- name: several rows of one key; demanded
insert into orders (cid, oid) values (1001, 1), (1001, 2), (1001, 3);
-- name: several rows of one key, returned; demanded
insert into orders (cid, oid) values (1001, 1), (1001, 2) returning oid, cid, total;
-- name: several rows of keys of one shard or not
insert into customers (cid, name) values (1001, 'a'), (1002, 'b'), (1003, 'c'), (1005, 'd');
-- name: returning everything; demanded
insert into customers (cid, name) values (1001, 'x') returning *;
-- name: returning expressions; demanded
insert into customers (cid, name) values (1001, 'x') returning cid + 1 as next, upper(name);
-- name: returning a subquery of the same key
insert into orders (cid, oid) values (3, 77) returning (select name from customers where cid = 3);
-- name: returning a subquery of another key
insert into orders (cid, oid) values (3, 77) returning (select name from customers where cid = 2);
-- name: parameters; demanded
-- $1 int8 1001
-- $2 text x
insert into customers (cid, name) values ($1, $2) returning cid, name;
-- name: undeclared parameters; demanded
-- $1 ?int8 1001
-- $2 ?text x
insert into customers (cid, name) values ($1, $2);
-- name: small parameter; demanded
-- $1 int2 1001
insert into customers (cid, name) values ($1, 'x');
-- name: numeric parameter
-- $1 numeric 1001
insert into customers (cid, name) values ($1, 'x');
-- name: numeric parameter that is rounded
-- $1 numeric 1000.6
insert into customers (cid, name) values ($1, 'x');
-- name: fraction that is rounded
insert into customers (cid, name) values (1000.6, 'x');
-- name: text parameter
-- $1 text 1001
insert into customers (cid, name) values ($1, 'x');
-- name: text parameter, cast
-- $1 text 1001
insert into customers (cid, name) values ($1::bigint, 'x');
-- name: several rows of parameters; demanded
-- $1 int8 1001
-- $2 int4 1
-- $3 int8 1001
-- $4 int4 2
insert into orders (cid, oid) values ($1, $2), ($3, $4);
-- name: several rows of parameters, two keys
-- $1 int8 1001
-- $2 int8 1002
insert into customers (cid, name) values ($1, 'a'), ($2, 'b');
-- name: NULL key
insert into customers (cid, name) values (null, 'x');
-- name: NULL key parameter
-- $1 int8 NULL
insert into customers (cid, name) values ($1, 'x');
-- name: NULL key after a row that violates
insert into customers (cid, name) values (5, 'a'), (null, 'b');
-- name: NULL key beside another violation
insert into customers (cid, name) values (null, null);
-- name: NULL key and a value out of range
insert into sites (site, label, grp) values (null, 'x', 40000);
-- name: no key
insert into customers (name) values ('x');
-- name: default key
insert into customers (cid, name) values (default, 'x');
-- name: default values
insert into customers default values;
-- name: default of another column; demanded
insert into tiny (k, v, amount) values (100, 'x', default) returning *;
-- name: default of a column not named; demanded
insert into tiny (k) values (100) returning *;
-- name: key out of range
insert into customers (cid, name) values (9223372036854775808, 'x');
-- name: key out of range of int
insert into sites (site) values (2147483648);
-- name: key out of range of smallint
insert into tiny (k) values (40000);
-- name: key not a number
insert into customers (cid, name) values ('abc', 'x');
-- name: duplicate key; demanded
insert into customers (cid, name) values (5, 'x');
-- name: not null violated; demanded
insert into customers (cid, name) values (1001, null);
-- name: check violated; demanded
insert into orders (cid, oid, total) values (5, 100, 1000000);
-- name: value too large; demanded
insert into orders (cid, oid, total) values (5, 100, 99999999999);
-- name: malformed value; demanded
insert into customers (cid, name, created) values (1001, 'x', 'not a time');
-- name: malformed value before the key
insert into orders (total, cid, oid) values ('abc', 5, 100);
-- name: malformed value and a malformed key
insert into orders (total, cid, oid) values ('abc', 'def', 100);
-- name: computed key
insert into customers (cid, name) values (1000 + 1, 'x');
-- name: key of a function
insert into customers (cid, name) values (abs(-1001), 'x');
-- name: key of coalesce
insert into customers (cid, name) values (coalesce(null, 1001), 'x');
-- name: key of an array
insert into customers (cid, name) values ((array[1001, 1002])[2], 'x');
-- name: key of a subselect
insert into customers (cid, name) values ((select 1001), 'x');
-- name: key of a subselect of the table
insert into customers (cid, name) values ((select max(cid) - 1 from customers), 'x');
-- name: key of case
insert into customers (cid, name) values (case when true then 1001 else 1002 end, 'x');
-- name: key of a parameter and arithmetic
-- $1 int8 1000
insert into customers (cid, name) values ($1 + 1, 'x');
-- name: text key; demanded
insert into lk (email, cid) values ('new@x.org', 1);
-- name: text key with blanks; demanded
insert into lk (email, cid) values (' new ', 1);
-- name: text key, escape string; demanded
insert into lk (email, cid) values (E'tab\there', 1) returning email;
-- name: text key, number
insert into lk (email, cid) values (5, 1);
-- name: text key, number parameter
-- $1 int4 5
insert into lk (email, cid) values ($1, 1);
-- name: text key, char that loses its blanks
insert into lk (email, cid) values ('b  '::char(3), 1);
-- name: text key, concatenated
insert into lk (email, cid) values ('a' || 'b', 1);
-- name: text key, long; demanded
insert into lk (email, cid) values ('xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', 1);
-- name: text key, not ASCII; demanded
insert into lk (email, cid) values ('straße@例え.jp', 1);
-- name: text key, varchar parameter; demanded
-- $1 varchar é@x.org
insert into lk (email, cid) values ($1, 1);
-- name: uuid key; demanded
insert into docs (id, title, tags, meta, flag) values ('00000000-0000-0000-0000-00000000beef', 't', '{a,b}', '{"a": 1}', true) returning *;
-- name: uuid key, upper case; demanded
insert into docs (id) values ('00000000-0000-0000-0000-00000000BEEF') returning id;
-- name: uuid key, generated
insert into docs (id) values (overlay(gen_random_uuid()::text placing '00000000-0000-0000-0000-00000000beef' from 1)::uuid) returning id;
-- name: uuid key, parameter; demanded
-- $1 uuid 00000000-0000-0000-0000-00000000beef
insert into docs (id) values ($1) returning id;
-- name: uuid key, malformed
insert into docs (id) values ('beef');
-- name: int key; demanded
insert into sites (site, label, grp) values (-100, 'x', 1);
-- name: smallint key, parameter; demanded
-- $1 int2 -100
insert into tiny (k) values ($1);
-- name: smallint key, int parameter
-- $1 int4 100
insert into tiny (k) values ($1);
-- name: select of constants
insert into customers (cid, name) select 1001, 'x';
-- name: select of constants, two rows
insert into customers (cid, name) select 1001, 'x' union all select 1002, 'y';
-- name: select of the same key; demanded
insert into items (cid, iid, oid) select cid, oid + 1000, oid from orders where cid = 3;
-- name: select of the same key, everything; demanded
insert into orders select oid + 100, cid, status, total, ts, note from orders where cid = 3;
-- name: select star, refused by the primary key; demanded
insert into orders select * from orders where cid = 3;
-- name: select star of another table
insert into orders select * from items where cid = 3;
-- name: select of the same key with a limit
insert into items (cid, iid) select cid, oid + 1000 from orders where cid = 3 order by oid limit 1;
-- name: select of another key
insert into orders (cid, oid) select 2, oid + 100 from orders where cid = 3;
-- name: select of the same key as a constant; demanded
insert into orders (cid, oid) select 3, oid + 100 from orders where cid = 3;
-- name: select of a computed key
insert into orders (cid, oid) select cid - 1, oid + 100 from orders where cid = 3;
-- name: select with the columns swapped
insert into orders (oid, cid) select cid + 100, oid from orders where cid = 3;
-- name: select over all
insert into items (cid, iid) select cid, oid + 1000 from orders;
-- name: select of several keys
insert into items (cid, iid) select cid, oid + 1000 from orders where cid in (3, 5, 6);
-- name: select with values
insert into customers (cid, name) select * from (values (1001, 'a'), (1001, 'b')) v;
-- name: select of generate_series
insert into orders (cid, oid) select 3, g from generate_series(100, 103) g;
-- name: select of generate_series as the key
insert into customers (cid, name) select g, 'x' from generate_series(1001, 1003) g;
-- name: select of a reference table
insert into orders (cid, oid, note) select 3, 100 + length(code), name from countries where code = 'de';
-- name: select of a reference table as the key
insert into lk (email) select code from countries;
-- name: select joined
insert into items (cid, iid, sku) select o.cid, o.oid + 1000, c.name from orders o join customers c on c.cid = o.cid where o.cid = 3;
-- name: select of the table itself from a group
insert into orders (cid, oid, total) select cid, 900, sum(total) from orders where cid = 3 group by cid;
-- name: with a value; demanded
with v as (select 1001::bigint as k) insert into orders (cid, oid) values (1001, 1);
-- name: with decides the key
with v as (select 1001::bigint as k) insert into orders (cid, oid) select k, 1 from v;
-- name: with an insert whose rows are read; demanded
with n as (insert into orders (cid, oid) values (3, 100) returning *) select cid, oid from n;
-- name: with an insert and another insert of the key
with n as (insert into orders (cid, oid) values (3, 100) returning cid, oid) insert into items (cid, iid, oid) select cid, 1000, oid from n;
-- name: with an insert and another insert of another key
with n as (insert into orders (cid, oid) values (3, 100) returning oid) insert into items (cid, iid, oid) values (2, 1000, 1);
-- name: overriding value
insert into customers (cid, name) overriding system value values (1001, 'x');
-- name: alias; demanded
insert into customers as c (cid, name) values (1001, 'x') returning c.cid;
-- name: column that is not there
insert into customers (cid, nothing) values (1001, 'x');
-- name: the key twice
insert into customers (cid, cid, name) values (1001, 1002, 'x');
-- name: schema; demanded
insert into public.customers (cid, name) values (1001, 'x');
-- name: reference table; demanded
insert into countries (code, name) values ('it', 'Italy');
-- name: reference table, several rows, returned; demanded
insert into countries values ('it', 'Italy'), ('es', null) returning *;
-- name: reference table, duplicate; demanded
insert into countries values ('it', 'Italy'), ('de', 'Again');
-- name: reference table, parameters; demanded
-- $1 text it
-- $2 text Italy
insert into countries values ($1, $2) returning code;
-- name: reference table, select of itself; demanded
insert into countries select code || '2', name from countries;
-- name: reference table, NULL key; demanded
insert into countries (name) values ('nowhere');
-- name: reference table, now
insert into countries values ('it', (now() > '2020-01-01')::text);
-- name: reference table, random
insert into countries values ('it', (random() < 2)::text);
-- name: reference table, select of rows
insert into countries select 'c' || cid, name from customers where cid = 3;
-- name: single table; demanded
insert into cfg values ('new', 'value') returning *;
-- name: single table, duplicate; demanded
insert into cfg values ('limit', 'value');
-- name: single table, select of itself; demanded
insert into cfg select k || '2', v from cfg;
-- name: single table, select of one key
insert into cfg select 'c' || cid, name from customers where cid = 3;
-- name: single table, select of another key
insert into cfg select 'c' || cid, name from customers where cid = 5;
-- name: uuid key, text parameter that is cast
-- $1 text 00000000-0000-0000-0000-00000000beef
insert into docs (id) values ($1::uuid) returning id;
-- name: uuid key, text parameter that is cast, duplicate, in a transaction
begin;
-- $1 text 6d3a06d3-6406-d39a-6d3a-06d36406d39a
insert into docs (id) values ($1::uuid) returning id;
rollback;
-- name: several rows, a NULL key after a duplicate, a parameter; demanded
-- $1 text new name
insert into orders (note, cid, oid) values ($1, 3, 1), ('x', 3, null);
-- name: bad key parameter in a transaction
begin;
-- $1 ?int8 NULL
insert into customers (cid, name) values ($1, 'x');
select 1;
rollback;
