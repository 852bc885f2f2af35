-- INSERT … ON CONFLICT.

-- name: do nothing, conflict; demanded
insert into customers (cid, name) values (5, 'x') on conflict do nothing;
-- name: do nothing, no conflict; demanded
insert into customers (cid, name) values (1001, 'x') on conflict do nothing returning cid;
-- name: do nothing, target; demanded
insert into customers (cid, name) values (5, 'x') on conflict (cid) do nothing returning cid;
-- name: do nothing, constraint; demanded
insert into customers (cid, name) values (5, 'x') on conflict on constraint customers_pkey do nothing;
-- name: do nothing, several rows; demanded
insert into orders (cid, oid) values (3, 1), (3, 100), (3, 100) on conflict do nothing returning oid;
-- name: do update, excluded; demanded
insert into customers (cid, name, score) values (5, 'x', 9) on conflict (cid) do update set name = excluded.name, score = excluded.score returning *;
-- name: do update, old and new; demanded
insert into customers as c (cid, name, score) values (5, 'x', 9) on conflict (cid) do update set name = c.name || excluded.name returning name;
-- name: do update, where true; demanded
insert into customers as c (cid, name) values (5, 'x') on conflict (cid) do update set name = 'y' where c.cid = 5 returning name;
-- name: do update, where false; demanded
insert into customers as c (cid, name) values (5, 'x') on conflict (cid) do update set name = 'y' where c.cid = 6 returning name;
-- name: do update, no conflict; demanded
insert into customers (cid, name) values (1001, 'x') on conflict (cid) do update set name = 'y' returning name;
-- name: do update, parameters; demanded
-- $1 int8 5
-- $2 text x
insert into customers (cid, name) values ($1, $2) on conflict (cid) do update set name = excluded.name returning cid, name;
-- name: do update, the same row twice; demanded
insert into orders (cid, oid) values (3, 1), (3, 1) on conflict (cid, oid) do update set note = 'n';
-- name: do update, several rows of one key; demanded
insert into orders (cid, oid, total) values (3, 1, 1), (3, 100, 2) on conflict (cid, oid) do update set total = excluded.total returning oid, total;
-- name: do update, the key to excluded; demanded
insert into customers (cid, name) values (5, 'x') on conflict (cid) do update set cid = excluded.cid, name = 'y';
-- name: do update, the key to another
insert into customers (cid, name) values (5, 'x') on conflict (cid) do update set cid = 1001;
-- name: do update, the key to another parameter
-- $1 int8 1001
insert into customers (cid, name) values (5, 'x') on conflict (cid) do update set cid = $1;
-- name: do update, the key computed
insert into customers as c (cid, name) values (5, 'x') on conflict (cid) do update set cid = c.cid + 1;
-- name: do update, the key from another column of excluded
insert into orders (cid, oid) values (3, 1) on conflict (cid, oid) do update set cid = excluded.oid;
-- name: do update, the key in a list
insert into customers (cid, name) values (5, 'x') on conflict (cid) do update set (cid, name) = (6, 'y');
-- name: do update, a subselect of the same key
insert into customers (cid, name) values (3, 'x') on conflict (cid) do update set name = (select max(status) from orders where cid = 3) returning name;
-- name: do update, a subselect over all
insert into customers (cid, name) values (3, 'x') on conflict (cid) do update set name = (select max(status) from orders) returning name;
-- name: a target without a constraint
insert into customers (cid, name) values (5, 'x') on conflict (name) do nothing;
-- name: several keys
insert into customers (cid, name) values (5, 'x'), (6, 'y'), (7, 'z') on conflict (cid) do update set name = excluded.name returning cid;
-- name: violates in the update; demanded
insert into customers (cid, name) values (5, 'x') on conflict (cid) do update set name = null;
-- name: select of the same key
insert into orders (cid, oid) select cid, oid from orders where cid = 3 on conflict (cid, oid) do update set note = 'again' returning oid;
-- name: text key; demanded
insert into lk (email, cid) values ('u5@x.org', 99) on conflict (email) do update set cid = excluded.cid returning *;
-- name: reference table; demanded
insert into countries values ('de', 'new'), ('it', 'Italy') on conflict (code) do update set name = excluded.name returning *;
-- name: reference table, do nothing; demanded
insert into countries values ('de', 'new'), ('it', 'Italy') on conflict do nothing;
-- name: single table; demanded
insert into cfg values ('limit', '11') on conflict (k) do update set v = excluded.v returning *;
-- name: returning whether it was there
insert into customers (cid, name) values (5, 'x') on conflict (cid) do update set name = 'y' returning (xmax <> 0) as was_there;
