-- Functions and types: what a server computes has to come through unchanged, of one key and over all.

-- name: numbers; demanded
select 1 / 3.0, 10 ^ 20, 7 % 3, -7 / 2, 1e400::numeric > 1 as big, round(2.5), round(2.5::float8), sqrt(2) from customers where cid = 5;
-- name: numbers over all; demanded
select round(total / 3, 5), total ^ 2, trunc(total), sign(total), ceil(total) from orders;
-- name: text; demanded
select lpad(name, 5, '*'), position('a' in name), split_part(email, '@', 2), initcap(name), ascii(name), repeat('x', 2) from customers where cid = 5;
-- name: text over all; demanded
select lpad(name, 5, '*'), split_part(email, '@', 2), initcap(name), translate(name, 'a', 'b'), trim(name) from customers;
-- name: format over all
select format('%s: %s', cid, name) from customers;
-- name: concat over all
select concat(cid, name, null), concat_ws('-', cid, country) from customers;
-- name: times; demanded
select date_trunc('month', created), created + interval '1 day', age(created, '2020-01-01') from customers where cid = 5;
-- name: times over all
select date_trunc('month', created), created + interval '1 day' from customers;
-- name: to_char over all
select to_char(created, 'YYYY-MM-DD HH24:MI'), to_char(score, '999.99') from customers where score is null or score <> 'NaN';
-- name: bytes; demanded
select convert_to(name, 'UTF8'), encode(convert_to(name, 'UTF8'), 'hex'), decode('00ff', 'hex') from customers where cid = 5;
-- name: bytes over all
select encode(convert_to(name, 'UTF8'), 'hex'), sha256('x') from customers;
-- name: hashes agree with the map; demanded
select cid, hashint8extended(cid, 0) & 16383 from customers;
-- name: ranges
select int8range(cid, cid + 5), int4range(1, 5) @> 3 from customers where cid = 5;
-- name: ranges over all
select cid from customers where int8range(1, 9) @> cid;
-- name: geometry
select point(cid, 1) from customers where cid = 5;
-- name: network
select '10.0.0.1'::inet + cid from customers where cid = 5;
-- name: xml or text search
select to_tsvector('simple', name) @@ to_tsquery('simple', 'ada') from customers;
-- name: arrays; demanded
select array_agg(oid order by oid), array_to_string(array_agg(status order by oid), ',', '-') from orders where cid = 3;
-- name: json aggregates; demanded
select json_agg(o order by oid), jsonb_object_agg(oid, status) from orders o where cid = 3;
-- name: json each; demanded
select * from jsonb_each('{"a": 1, "b": null}') where key <> 'c';
-- name: ordered set aggregate of one key; demanded
select percentile_cont(0.5) within group (order by total), mode() within group (order by status) from orders where cid = 3;
-- name: regr and corr of one key; demanded
select count(*), bool_or(total is null), every(oid > 0), bit_or(oid) from orders where cid = 3;
-- name: window functions of one key; demanded
select oid, lag(oid) over w, first_value(oid) over w, ntile(2) over w, sum(oid) over (order by oid rows between 1 preceding and current row) from orders where cid = 3 window w as (order by oid);
-- name: filter and within group
select count(*) filter (where status = 'new'), count(*) filter (where oid > 1) from orders where cid = 3;
-- name: nulls; demanded
select null::int, null is null, nullif(1, 1), coalesce(null, 'x'), num_nulls(email, score), 1 = null from customers where cid = 5;
-- name: booleans over all; demanded
select cid > 5 and name is not null, not (cid > 5), (score > 1) is unknown from customers;
-- name: booleans written in every way; demanded
select flag, flag is true, flag::text, flag::int, 'yes'::boolean, 'off'::bool from docs;
-- name: parameters of all types; demanded
-- $1 int2 1
-- $2 int4 2
-- $3 int8 3
-- $4 float8 1.5
-- $5 numeric 123456789.000100
-- $6 text it's
-- $7 bool true
-- $8 uuid 00000000-0000-0000-0000-00000000beef
select $1 + 0, $2 + 0, $3 + 0, $4 * 2, $5 * 1, $6 || '!', not $7, $8::text from customers where cid = 5;
-- name: NULL parameters of all types; demanded
-- $1 int2 NULL
-- $2 int4 NULL
-- $3 float8 NULL
-- $4 numeric NULL
-- $5 text NULL
-- $6 bool NULL
select $1 + 0, $2 + 0, $3 * 2, $4 * 1, $5 || '!', not $6 from customers where cid = 5;
-- name: array parameters; demanded
-- $1 int8[] {1,NULL,3}
-- $2 text[] {a,NULL}
-- $3 numeric[] {1.50,-20000.5}
select $1, $2, $3, array_length($1, 1), cid = any($1) from customers where cid = 5;
-- name: a timestamp parameter; demanded
-- $1 timestamptz 2026-05-01 00:00:00+00
select cid from customers where created > $1;
-- name: a date parameter; demanded
-- $1 date 2026-03-05
select id, day from docs where day >= $1;
-- name: a json parameter; demanded
-- $1 jsonb {"n": 4}
select id from docs where meta = $1;
-- name: a parameter in the select list over all
-- $1 text x
select cid, $1 from customers;
-- name: a parameter in the select list over all, cast; demanded
-- $1 text x
select cid, $1::text as p from customers;
-- name: a parameter whose type is inferred from a column over all; demanded
-- $1 ?numeric 1.50
select cid from customers where score = $1;
-- name: a parameter whose type cannot be inferred
-- $1 ?text x
select cid from customers where $1 is null;
-- name: random of one key
select random() < 2, cid from customers where cid = 5;
-- name: random over all
select cid from customers where random() < 2;
-- name: clock over all
select cid from customers where clock_timestamp() > '2020-01-01';
-- name: a sleep of nothing
select pg_sleep(0), cid from customers where cid = 5;
-- name: current_setting over all
select current_setting('server_version_num')::int > 0 from customers;
-- name: pg_typeof of one key; demanded
select pg_typeof(cid), pg_typeof(score), pg_typeof(null) from customers where cid = 5;
-- name: row types of one key
select (c).name, c.cid from (select customers as c, cid from customers where cid = 5) c;
-- name: casts that fail; demanded
select name::int from customers where cid = 1;
-- name: division by zero; demanded
select 1 / (cid - 5) from customers where cid = 5;
-- name: division by zero of a constant over all
select 1 / 0 from customers;
-- name: division by zero of a constant, no table; demanded
select 1 / 0;
-- name: the string 'now' as text
select cid from customers where name = 'now';
-- name: the string 'now' as a time
select cid from customers where created < 'now';
-- name: the string 'today' in a parameter
-- $1 timestamptz today
select cid from customers where created > $1;
-- name: infinity; demanded
select cid from customers where created < 'infinity';
-- name: a user function that is not there
select my_function(cid) from customers where cid = 5;
-- name: long list
select cid from customers where cid in (1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42);
-- name: literals that look alike, one; demanded
select '5', 5, 5.0, 5.00, '5'::int, E'5', 5::text from customers where cid = 5;
-- name: literals in limit and offset, one; ordered; demanded
select oid from orders where cid = 3 order by oid limit 1 offset 1;
-- name: literals in limit and offset, two; ordered; demanded
select oid from orders where cid = 3 order by oid limit 2 offset 0;
-- name: literals in group by; demanded
select status, oid % 2, count(*) from orders where cid = 3 group by 1, 2;
-- name: literals in order by, one; ordered; demanded
select oid, total from orders where cid = 3 order by 1 desc;
-- name: literals in order by, two; ordered; demanded
select oid, total from orders where cid = 3 order by 2, 1;
-- name: type modifiers, one; demanded
select name::varchar(1), total::numeric(10,1) from customers c join orders o on o.cid = c.cid where c.cid = 3;
-- name: type modifiers, two; demanded
select name::varchar(2), total::numeric(10,2) from customers c join orders o on o.cid = c.cid where c.cid = 3;
-- name: column names of constants; demanded
select 1, 'a', true, null, now() is null, cid + 1, upper(name), coalesce(name, 'x'), case when true then 1 end, cid::text, array[1], (select 1) from customers where cid = 5;
-- name: column names of constants over all
select 1, 'a', true, cid + 0, upper(name), coalesce(name, 'x'), case when true then 1 end, cid::text, array[1] from customers where cid between 1 and 5;
-- name: interval and exotic literals; demanded
select interval '1 day 2 hours', date '2026-01-01', time '10:00', bit '101', x'1f', '{1,2}'::int[], '(1,2)'::point from customers where cid = 5;
