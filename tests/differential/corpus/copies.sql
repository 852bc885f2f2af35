-- COPY in both directions.

-- name: into one key
-- data 100|3|new|1.00|\N|x
-- data 101|3|new|2.00|\N|y
copy orders from stdin;
-- name: into one key, columns
-- data 3|100
-- data 3|101
copy orders (cid, oid) from stdin;
-- name: into one key, simple; simple; demanded
-- data 3|100
-- data 3|101
copy orders (cid, oid) from stdin;
-- name: csv into one key, simple; simple; demanded
-- data 3,"100"
copy orders (cid, oid) from stdin with (format csv);
-- name: into several keys
-- data 1001|a
-- data 1002|b
-- data 1003|c
-- data 1004|d
copy customers (cid, name) from stdin;
-- name: nothing
-- data \.
copy customers (cid, name) from stdin;
-- name: a duplicate
-- data 3|1
copy orders (cid, oid) from stdin;
-- name: a malformed key
-- data abc|1
copy orders (cid, oid) from stdin;
-- name: a NULL key
-- data \N|1
copy orders (cid, oid) from stdin;
-- name: a malformed value
-- data 3|abc
copy orders (cid, oid) from stdin;
-- name: too few columns
-- data 3
copy orders (cid, oid) from stdin;
-- name: too many columns
-- data 3|100|5
copy orders (cid, oid) from stdin;
-- name: without the key
-- data 100
copy orders (oid) from stdin;
-- name: csv
-- data 3,"100"
copy orders (cid, oid) from stdin with (format csv);
-- name: csv with a header
-- data email,cid
-- data "it""s new",5
copy lk (email, cid) from stdin with (format csv, header);
-- name: escaped text key
-- data a\\b\x41|5
copy lk (email, cid) from stdin;
-- name: into a reference table
-- data it|Italy
copy countries from stdin;
-- name: into a single table
-- data new|value
copy cfg from stdin;
-- name: with a where
-- data 3|100
-- data 3|101
copy orders (cid, oid) from stdin where oid = 100;
-- name: out of a reference table
copy countries to stdout;
-- name: out of a single table
copy cfg (k) to stdout with (format csv, header);
-- name: out of one key
copy (select cid, oid from orders where cid = 3) to stdout;
-- name: out of all
copy customers to stdout;
-- name: out of a query over all
copy (select cid from customers) to stdout;
-- name: out of a delete
copy (delete from orders where cid = 3 returning oid) to stdout;
-- name: out of an unknown table
copy nothing to stdout;
-- name: in a transaction
begin;
-- data 3|100
copy orders (cid, oid) from stdin;
select count(*) from orders where cid = 3;
rollback;
