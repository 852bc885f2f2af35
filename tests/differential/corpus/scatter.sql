-- Over all shards: what a plain filter and projection may hold, and what it may not.

-- name: all columns; demanded
select * from customers;
-- name: filter; demanded
select cid, name from customers where country = 'de';
-- name: filter by a parameter; demanded
-- $1 text de
select cid, name from customers where country = $1;
-- name: filter by a NULL parameter; demanded
-- $1 text NULL
select cid, name from customers where country = $1;
-- name: filter by a range of the key; demanded
select cid from customers where cid between 3 and 20;
-- name: filter by not the key; demanded
select cid from customers where cid <> 5;
-- name: filter by is null; demanded
select cid from customers where email is null;
-- name: filter by like; demanded
select cid from customers where name like '%s';
-- name: filter by a list; demanded
select cid from customers where country in ('de', 'fr');
-- name: no rows; demanded
select cid, score from customers where country = 'nowhere';
-- name: where false; demanded
select * from customers where false;
-- name: no columns
select from customers where cid < 3;
-- name: expressions; demanded
select cid * 0, upper(name), coalesce(country, '-'), score is null as unknown from customers;
-- name: the same column twice; demanded
select cid, cid, name as cid from customers;
-- name: constants beside rows
select 1, 'a', null, true, cid from customers;
-- name: casts; demanded
select cid::text, score::text, created::date from customers;
-- name: time zone functions
select cid, created at time zone 'UTC' from customers;
-- name: extract
select cid, extract(year from created) from customers;
-- name: case; demanded
select case country when 'de' then 1 when 'fr' then 2 else 3 end from customers;
-- name: array and row constructors
select array[cid, 1], row(cid, name) from customers;
-- name: text functions; demanded
select substr(name, 1, 1), length(name), name || '!', md5(name), left(name, 2) from customers;
-- name: json functions
select jsonb_build_object('c', cid, 'n', name) from customers;
-- name: json operators
select meta -> 'n', meta ->> 'n' from docs;
-- name: json containment
select id from docs where meta @> '{"n": 4}';
-- name: array operators
select id, tags[1], array_length(tags, 1) from docs where 'a' = any(tags);
-- name: an array column compared
select id from docs where tags && array['a'];
-- name: boolean column; demanded
select id, flag from docs where flag;
-- name: boolean column negated; demanded
select id from docs where flag is not true;
-- name: date column; demanded
select id, day from docs where day > '2026-03-05';
-- name: date arithmetic
select id, day + 1 from docs;
-- name: regular expression
select cid from customers where name ~ '^[A-C]';
-- name: similar to
select cid from customers where name similar to '(Ada|bob)';
-- name: numeric with its scale; demanded
select total, total * 2, round(total, 1) from orders;
-- name: float; demanded
select val, val / 3 from events;
-- name: not a number in a numeric; demanded
select cid from customers where score = 'NaN';
-- name: greatest
select greatest(cid, 0), least(cid, 0) from customers;
-- name: division that fails for one row
select 1 / (cid - 5) from customers where cid between 1 and 10;
-- name: a cast that fails for one row
select name::int from customers where name in ('7', 'it''s');
-- name: overflow for one row
select cid + 1 from customers where cid > 5000000000;
-- name: unknown function
select nothing(cid) from customers;
-- name: wrong type
select cid from customers where cid = true;
-- name: missing operator
select cid from customers where name > 5;
-- name: syntax error
select cid from customers where;
-- name: count
select count(*) from customers;
-- name: count filtered
select count(*) from customers where country = 'de';
-- name: sum
select sum(total) from orders;
-- name: min and max of text
select min(name), max(name) from customers;
-- name: group by
select country, count(*) from customers group by country;
-- name: group by the key
select cid, count(*), sum(total) from orders group by cid;
-- name: group by the key and more
select cid, status, count(*) from orders group by cid, status;
-- name: group by nothing
select count(*) from orders group by ();
-- name: grouping sets
select status, note, count(*) from orders group by grouping sets ((status), (note), ());
-- name: cube
select status, count(*), grouping(status) from orders group by cube (status);
-- name: having without group
select 1 from orders having count(*) > 0;
-- name: distinct
select distinct country from customers;
-- name: distinct of the key
select distinct cid from orders;
-- name: order by the key; ordered
select cid, name from customers order by cid;
-- name: order by the key descending; ordered
select cid, name from customers order by cid desc;
-- name: order by and limit; ordered
select cid, name from customers order by cid limit 5;
-- name: order by and offset; ordered
select cid, name from customers order by cid offset 5;
-- name: limit by a parameter; counted
-- $1 int8 5
select cid, name from customers limit $1;
-- name: limit null
select cid from customers limit null;
-- name: limit all
select cid from customers limit all;
-- name: negative limit
select cid from customers limit -1;
-- name: window
select cid, sum(total) over (partition by cid) from orders;
-- name: for update
select cid from customers for update;
-- name: for update of one key; demanded
select cid, name from customers where cid = 5 for update;
-- name: for share of one key, skip locked
select cid, name from customers where cid = 5 for share skip locked;
-- name: for update of a reference table; demanded
select code from countries for update;
-- name: system column of one key
select tableoid::regclass::text, cid from customers where cid = 5;
-- name: system column over all
select ctid from customers where cid < 5 and false;
-- name: current_user over all
select current_user, cid from customers where cid < 5;
-- name: current_date over all
select cid from customers where created > current_date;
-- name: now in a filter
select cid from customers where created > now();
-- name: now in a filter the other way
select cid from customers where created < now() + interval '100 years';
-- name: a set-returning function in the select list
select cid, generate_series(1, 2) from customers where cid < 5;
-- name: a set-returning function in the select list of one key; demanded
select cid, generate_series(1, 2) from customers where cid = 5;
-- name: unnest of a column of one key; demanded
select id, unnest(tags) from docs where id = '6d3a06d3-6406-d39a-6d3a-06d36406d39a';
-- name: values of several keys; demanded
select cid, name from customers where cid in (1, 2, 3, 4, 5, 6, 7, 8, 9);
-- name: several keys and a filter; demanded
select cid, name from customers where cid in (1, 2, 3, 4, 5, 6) and country = 'de';
-- name: several keys, counted
select count(*) from customers where cid in (1, 2, 3, 4, 5, 6);
-- name: several keys, ordered; ordered
select cid from customers where cid in (1, 2, 3, 4, 5, 6) order by cid;
-- name: information_schema; demanded
select table_name from information_schema.tables where table_schema = 'public';
-- name: pg_catalog; demanded
select relname from pg_class where relname in ('customers', 'orders', 'cfg');
-- name: columns of a table; demanded
select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'customers'::regclass and attnum > 0;
-- name: catalogue beside rows
select c.cid, (select count(*) from pg_class where relname = 'orders') from customers c where cid = 5;
-- name: constant; demanded
select 1;
-- name: nothing; demanded
select;
-- name: empty statement
;
-- name: comment only; simple
/* nothing */;
-- name: version; demanded
select length(version()) > 0;
-- name: a parameter alone; demanded
-- $1 int4 5
select $1 + 1;
-- name: an undeclared parameter alone
-- $1 ?text x
select $1;
-- name: current_schema; demanded
select current_schema(), current_database() is not null;
-- name: generate_series; demanded
select * from generate_series(1, 5);
-- name: now once; demanded
select now() = now();
-- name: explain of one key; unseen
explain select * from customers where cid = 5;
-- name: reference table; demanded
select * from countries;
-- name: reference table, everything; ordered
select name, count(*) from countries group by name having count(*) > 0 order by 1 limit 3;
-- name: single table, everything; ordered
select k, row_number() over (order by k) from cfg order by k;
