-- Conditions around the key as applications and generators of SQL write them.

-- name: optional parameter, given
-- $1 int8 5
select cid from customers where ($1::bigint is null or cid = $1);
-- name: optional parameter, not given
-- $1 int8 NULL
select cid from customers where ($1::bigint is null or cid = $1);
-- name: optional parameter the other way round
-- $1 int8 NULL
select cid from customers where (cid = $1 or $1::bigint is null);
-- name: optional parameter by coalesce
-- $1 int8 NULL
select cid from customers where cid = coalesce($1, cid);
-- name: optional parameter by case
-- $1 int8 NULL
select cid from customers where case when $1::bigint is null then true else cid = $1 end;
-- name: two parameters, one key; demanded
-- $1 int8 5
-- $2 int8 5
select cid from customers where cid = $1 and cid = $2;
-- name: two parameters, two keys
-- $1 int8 5
-- $2 int8 6
select cid from customers where cid = $1 and cid = $2;
-- name: two parameters, one NULL
-- $1 int8 5
-- $2 int8 NULL
select cid from customers where cid = $1 and cid = $2;
-- name: two parameters in OR, one NULL
-- $1 int8 5
-- $2 int8 NULL
select cid from customers where cid = $1 or cid = $2;
-- name: count of a NULL key
-- $1 int8 NULL
select count(*) from customers where cid = $1;
-- name: count of an empty list
-- $1 int8[] {}
select count(*) from customers where cid = any($1);
-- name: count of a contradiction
select count(*) from customers where cid = 5 and cid = 6;
-- name: count of a contradiction joined
select count(*) from customers c join orders o on o.cid = c.cid where c.cid = 5 and o.cid = 6;
-- name: and false
select cid from customers where cid = 5 and false;
-- name: or false
select cid from customers where cid = 5 or false;
-- name: or NULL
select cid from customers where cid = 5 or null;
-- name: or true
select cid from customers where cid = 5 or 1 = 1;
-- name: or on itself
select cid from customers where cid = 5 or cid = cid;
-- name: xor
select cid, oid from orders where (cid = 5) <> (oid = 2);
-- name: between symmetric
select cid from customers where cid between symmetric 5 and 5;
-- name: row of one
select cid from customers where row(cid) = row(5);
-- name: row with a constant
select cid from customers where (cid, 1) = (5, 1);
-- name: row with a constant first
select cid from customers where (1, cid) = (1, 5);
-- name: row with a constant that differs
select cid from customers where (1, cid) = (2, 5);
-- name: row of parameters
-- $1 int8 3
-- $2 int8 1
select cid, oid from orders where (cid, oid) = ($1, $2);
-- name: row in a subquery
select cid, oid from orders where (cid, oid) in (select 3::bigint, 1::bigint);
-- name: row any of an array of rows
select cid, oid from orders where (cid, oid) = any (array[(3::bigint, 1::bigint)]);
-- name: row distinct
select cid, oid from orders where (cid, oid) is not distinct from (3, 1);
-- name: row not equal
select cid, oid from orders where (cid, oid) <> (3, 1);
-- name: constant any of the key
select cid from customers where 5 = any(array[cid]);
-- name: key any of itself
select cid from customers where cid = any(array[5, cid]);
-- name: key any of a subquery's array
select cid from customers where cid = any(array(select 5::bigint));
-- name: array compared
select cid from customers where array[cid] = array[5::bigint];
-- name: key in a list with a subquery
select cid from customers where cid in (5, (select 6));
-- name: key in a list with the key
select cid from customers where cid in (5, cid);
-- name: key in a list with a column
select cid, oid from orders where cid in (5, oid);
-- name: key equal to another column
select cid, oid from orders where cid = oid;
-- name: key equal to another column that is fixed
select cid, oid from orders where cid = oid and oid = 3;
-- name: key equal to itself
select cid from customers where cid = cid and cid = 5;
-- name: constants that cast in many ways
select cid from customers where cid = 5::smallint or cid = '5'::int2 or cid = int4 '5' or cid = cast('5' as int8);
-- name: constant cast to numeric and back
select cid from customers where cid = '5'::numeric::int;
-- name: constant with a fraction cast to int
select cid from customers where cid = 4.6::int;
-- name: text with a fraction
select cid from customers where cid = '5.0';
-- name: number ending in a point
select cid from customers where cid = 5.;
-- name: number with letters behind
select cid from customers where cid = 5x;
-- name: number and an alias
select 5cid from customers where cid = 5;
-- name: plus and minus signs
select cid from customers where cid = - - 5 or cid = -(-5) or cid = +5;
-- name: minus without a blank before a comment
select cid from customers where cid = 5 --5
;
-- name: division that looks like a comment
select cid from customers where cid = 10 /* 2 */ / 2;
-- name: nested comments
select cid from customers where cid = /* a /* b */ 6 */ 5;
-- name: smallint key and a bigint constant
select k from tiny where k = 5::bigint;
-- name: smallint key and a numeric constant
select k from tiny where k = 5.0;
-- name: int key and a bigint constant beyond its range
select site from sites where site = 5000000000::bigint;
-- name: int key and a cast beyond its range
select site from sites where site = 5000000000::int;
-- name: text key in a list with a char
select email from lk where email in ('a ', 'a '::char(3));
-- name: text key by unicode escapes
select email from lk where email = U&'\+0065E5!672C' uescape '!';
-- name: text key by national literal
select email from lk where email = N'it''s';
-- name: text key compared with a bit string
select email from lk where email = b'101'::text;
-- name: keys on both sides of a join, fixed in ON
select c.cid, o.oid from customers c join orders o on c.cid = 3 and o.cid = 3;
-- name: keys on both sides of a join, listed in ON
select c.cid, o.oid from customers c join orders o on o.cid = c.cid and c.cid in (3, 5, 6);
-- name: keys of a join, different lists
select c.cid, o.oid from customers c join orders o on o.cid = c.cid where c.cid in (3, 5) and o.cid in (5, 6);
-- name: keys of a join, contradicting
select c.cid, o.oid from customers c join orders o on o.cid = c.cid where c.cid = 3 and o.cid = 5;
-- name: a smallint joined with a bigint over all
select t.k, c.name from tiny t join customers c on c.cid = t.k;
-- name: a cast between joined keys
select t.k, c.name from tiny t join customers c on c.cid = t.k::bigint;
-- name: a cast of a joined key that rounds
select c.cid, o.oid from customers c join orders o on o.cid::float8 = c.cid::float8 where c.cid = 3;
-- name: limit by a parameter
-- $1 int8 3
-- $2 int8 1
select oid from orders where cid = $1 order by oid limit $2;
-- name: limit by a NULL parameter
-- $1 int8 NULL
select oid from orders where cid = 3 order by oid limit $1;
-- name: fetch first by a parameter
-- $1 int8 1
select oid from orders where cid = 3 order by oid fetch first ($1) rows only;
-- name: a parameter that is not used
-- $1 int4 1
-- $2 int8 5
select cid from customers where cid = $2;
-- name: a parameter used with two types
-- $1 int8 3
select oid from orders where cid = $1 and oid <= $1::int;
-- name: having without the key
select status, count(*) from orders where cid = 3 group by status having max(cid) = 3;
-- name: the key in having only
select cid, count(*) from orders group by cid having cid = 3;
-- name: the key in having and nothing else
select count(*) from orders having max(cid) = 3;
-- name: the key in a window filter
select count(*) filter (where cid = 3) over (), cid from orders where cid = 3;
-- name: select into
begin;
select cid into nowhere from customers where cid = 5;
rollback;
-- name: create table as
begin;
create table nowhere as select cid from customers where cid = 5;
rollback;
-- name: explain analyze of a write of one key; unseen
explain (analyze, costs off, timing off, summary off) delete from orders where cid = 3;
-- name: explain analyze of a write over all; unseen
explain (analyze, costs off, timing off, summary off) delete from orders;
-- name: explain analyze of a reference write; unseen
explain (analyze, costs off, timing off, summary off) delete from codes where code = 'b';
-- name: a wide value; demanded
select repeat(name, 20000) from customers where cid = 7;
-- name: a wide value over all; demanded
select repeat(name, 3000) from customers;
-- name: many rows; demanded
select c.cid, g from customers c cross join generate_series(1, 3000) g where c.cid = 5;
