-- One shard by the key: every form of a constant, and those that are not one.

-- name: literal; demanded
select * from customers where cid = 42;
-- name: negative literal; demanded
select * from customers where cid = -77;
-- name: quoted; demanded
select * from customers where cid = '42';
-- name: quoted with blanks; demanded
select * from customers where cid = ' 42 ';
-- name: cast; demanded
select * from customers where cid = 42::bigint;
-- name: cast of text; demanded
select * from customers where cid = '42'::bigint;
-- name: typed literal; demanded
select * from customers where cid = bigint '42';
-- name: the other way round; demanded
select * from customers where 42 = cid;
-- name: the largest; demanded
select * from customers where cid = 9223372036854775807;
-- name: the smallest but one; demanded
select * from customers where cid = -9223372036854775807;
-- name: beyond 32 bits; demanded
select * from customers where cid = 5000000000;
-- name: at 32 bits; demanded
select * from customers where cid in (2147483648);
-- name: out of range
select * from customers where cid = 9223372036854775808;
-- name: out of range, quoted
select * from customers where cid = '9223372036854775808';
-- name: not a number
select * from customers where cid = 'abc';
-- name: not a number, as a parameter
-- $1 ?text abc
select * from customers where cid = $1;
-- name: empty text for a number
select * from customers where cid = '';
-- name: hexadecimal text
select * from customers where cid = '0x2a';
-- name: with an underscore
select * from customers where cid = '4_2';
-- name: a fraction that is not whole
select * from customers where cid = 42.5;
-- name: exponent
select * from customers where cid = 42e0;
-- name: float
select * from customers where cid = 42::float8;
-- name: numeric
select * from customers where cid = '42'::numeric;
-- name: NULL
select * from customers where cid = null;
-- name: a NULL parameter; demanded
-- $1 int8 NULL
select * from customers where cid = $1;
-- name: is NULL
select * from customers where cid is null;
-- name: smallint parameter; demanded
-- $1 int2 42
select * from customers where cid = $1;
-- name: int parameter; demanded
-- $1 int4 42
select * from customers where cid = $1;
-- name: bigint parameter; demanded
-- $1 int8 5000000000
select * from customers where cid = $1;
-- name: undeclared parameter; demanded
-- $1 ?int8 5000000000
select * from customers where cid = $1;
-- name: text parameter that is cast; demanded
-- $1 text 42
select * from customers where cid = $1::bigint;
-- name: text parameter that is not cast
-- $1 text 42
select * from customers where cid = $1;
-- name: numeric parameter that is cast
-- $1 numeric 41.6
select * from customers where cid = $1::bigint;
-- name: float parameter that is cast
-- $1 float8 41.6
select * from customers where cid = $1::bigint;
-- name: parameter cast to a smaller type
-- $1 int8 42
select * from customers where cid = $1::int2;
-- name: parameter cast to a smaller type, too large
-- $1 int8 70000
select * from customers where cid = $1::int2;
-- name: undeclared parameter cast to smallint
-- $1 ?int2 42
select * from customers where cid = $1::int2;
-- name: a parameter used twice, for the key and elsewhere
-- $1 ?int8 5
select * from orders where cid = $1 and oid = $1;
-- name: a declared parameter used twice; demanded
-- $1 int8 5
select * from orders where cid = $1 and oid = $1;
-- name: a parameter used for the key and a numeric
-- $1 ?int8 5
select * from orders where cid = $1 and total > $1;
-- name: a parameter used for a numeric and then the key
-- $1 ?int8 5
select * from orders where total > $1 and cid = $1;
-- name: parameters out of order; demanded
-- $1 text paid
-- $2 int8 3
select * from orders where cid = $2 and status = $1;
-- name: list of one key; demanded
select * from orders where cid in (5, 5);
-- name: list of several keys; demanded
select * from orders where cid in (1, 2, 3, 4, 5, 6, 7);
-- name: list with NULL; demanded
select * from orders where cid in (3, null);
-- name: list of parameters
-- $1 int8 3
-- $2 int4 3
select * from orders where cid in ($1, $2);
-- name: any of an array; demanded
select * from orders where cid = any(array[3, 3]);
-- name: any of an array literal; demanded
select * from orders where cid = any('{3}');
-- name: any of an array literal with blanks
select * from orders where cid = any(' { 3 , 3 } ');
-- name: any of an array literal with quotes
select * from orders where cid = any('{"3",3}');
-- name: any of an empty array
select * from orders where cid = any('{}');
-- name: any of NULL
-- $1 int8[] NULL
select * from orders where cid = any($1);
-- name: any of a parameter; demanded
-- $1 int8[] {3,3}
select * from orders where cid = any($1);
-- name: any of a parameter of ints; demanded
-- $1 int4[] {3,6}
select * from orders where cid = any($1);
-- name: any of a parameter with NULL
-- $1 int8[] {3,NULL}
select * from orders where cid = any($1);
-- name: any of an undeclared parameter; demanded
-- $1 ?int8[] {3,5,7}
select * from orders where cid = any($1);
-- name: any of a nested array
select * from orders where cid = any('{{1,2},{3,4}}');
-- name: any of an array with a lower bound
select * from orders where cid = any('[2:3]={3,5}');
-- name: any with another operator
select cid from customers where cid > any('{3,100}');
-- name: some
select * from orders where cid = some(array[3]);
-- name: all
select * from orders where cid = all(array[3]);
-- name: or of one key; demanded
select * from orders where cid = 5 or cid = 5;
-- name: or of several keys; demanded
select * from orders where cid = 5 or cid = 6 or cid = 7;
-- name: or with a condition on each side; demanded
select * from orders where (cid = 5 and oid = 1) or (cid = 5 and oid = 2);
-- name: or with a condition off the key
select * from orders where cid = 5 or oid = 2;
-- name: contradiction
select * from orders where cid = 5 and cid = 6;
-- name: not distinct
select * from orders where cid is not distinct from 5;
-- name: not distinct from NULL
select * from orders where cid is not distinct from null;
-- name: row comparison; demanded
select * from orders where (cid, oid) = (3, 1);
-- name: row comparison, list
select * from orders where (cid, oid) in ((3, 1), (3, 2));
-- name: row comparison, several keys
select * from orders where (cid, oid) in ((3, 1), (6, 1), (7, 2));
-- name: row comparison, less
select * from orders where (cid, oid) < (3, 1);
-- name: between one and the same
select * from orders where cid between 5 and 5;
-- name: case
select * from orders where case when cid = 5 then true else oid = 2 end;
-- name: not not
select * from orders where not (not (cid = 5));
-- name: is true
select * from orders where (cid = 5) is true;
-- name: = true
select * from orders where (cid = 5) = true;
-- name: coalesce
select * from orders where coalesce(cid, 0) = 5;
-- name: operator by its full name
select * from orders where cid operator(pg_catalog.=) 5;
-- name: cast of the key to int; ordered
select cid, oid from orders where cid between 1 and 9 and cid::int = 5 order by 1, 2;
-- name: text key; demanded
select * from lk where email = 'u5@x.org';
-- name: text key, empty; demanded
select * from lk where email = '';
-- name: text key, trailing blank; demanded
select * from lk where email = 'a ';
-- name: text key, trailing blank missing; demanded
select * from lk where email = 'a';
-- name: text key as char
select * from lk where email = 'a '::char(2);
-- name: text key as a char parameter
-- $1 bpchar a 
select * from lk where email = $1;
-- name: text key with a quote; demanded
select * from lk where email = 'it''s';
-- name: text key, escape string; demanded
select * from lk where email = E'it\'s';
-- name: text key, unicode escape
select * from lk where email = U&'\00DF';
-- name: text key, dollar quoted; demanded
select * from lk where email = $q$it's$q$;
-- name: text key, not ASCII; demanded
select * from lk where email = '日本';
-- name: text key, decomposed
select * from lk where email = E'e\u0301a';
-- name: text key, two literals on two lines
select * from lk where email = 'it'
  '''s';
-- name: text key, concatenated
select * from lk where email = 'it' || '''s';
-- name: text key, varchar parameter; demanded
-- $1 varchar u5@x.org
select * from lk where email = $1;
-- name: text key, varchar cast
select * from lk where email = 'u5@x.org'::varchar;
-- name: text key, varchar cast that cuts
select * from lk where email = 'a and more'::varchar(1);
-- name: text key, name
select * from lk where email = 'u5@x.org'::name;
-- name: text key, parameter of backslash; demanded
-- $1 text b\s
select * from lk where email = $1;
-- name: text key, backslash; demanded
select * from lk where email = 'b\s';
-- name: text key, another collation
select * from lk where email = 'u5@x.org' collate "C";
-- name: text key, like
select * from lk where email like 'u5@x.org';
-- name: text key, lower
select * from lk where lower(email) = 'it''s';
-- name: text key, any; demanded
select * from lk where email = any('{u5@x.org,"a,b"}');
-- name: text key, any with a quoted NULL
select * from lk where email = any('{"NULL",NULL}');
-- name: text key, any parameter; demanded
-- $1 text[] {u5@x.org,007}
select * from lk where email = any($1);
-- name: text key, varchar array
-- $1 varchar[] {u5@x.org}
select * from lk where email = any($1);
-- name: text key, unquoted number
select * from lk where email = 7;
-- name: uuid key; demanded
select * from docs where id = '6d3a06d3-6406-d39a-6d3a-06d36406d39a';
-- name: uuid key, other spelling; demanded
select * from docs where id = '{6D3A06D36406D39A6D3A06D36406D39A}';
-- name: uuid key, cast; demanded
select * from docs where id = '6d3a06d3-6406-d39a-6d3a-06d36406d39a'::uuid;
-- name: uuid key, parameter; demanded
-- $1 uuid 6d3a06d3-6406-d39a-6d3a-06d36406d39a
select * from docs where id = $1;
-- name: uuid key, undeclared parameter; demanded
-- $1 ?uuid 6d3a06d3-6406-d39a-6d3a-06d36406d39a
select * from docs where id = $1;
-- name: uuid key, any; demanded
-- $1 uuid[] {6d3a06d3-6406-d39a-6d3a-06d36406d39a,00000000-0000-0000-0000-000000000000}
select id, title from docs where id = any($1);
-- name: uuid key, malformed
select * from docs where id = '6d3a06d3';
-- name: int key; demanded
select * from sites where site = 7;
-- name: int key beyond its range
select * from sites where site = 2147483648;
-- name: int key beyond its range, bigint parameter
-- $1 int8 2147483648
select * from sites where site = $1;
-- name: int key, bigint parameter
-- $1 int8 7
select * from sites where site = $1;
-- name: int key, smallint parameter; demanded
-- $1 int2 7
select * from sites where site = $1;
-- name: int key, limit; demanded
select * from sites where site = -2147483647;
-- name: smallint key; demanded
select * from tiny where k = 7;
-- name: smallint key, int parameter
-- $1 int4 7
select * from tiny where k = $1;
-- name: smallint key beyond its range
select * from tiny where k = 40000;
-- name: smallint key beyond its range, quoted
select * from tiny where k = '40000';
-- name: smallint key, parameter; demanded
-- $1 int2 -32767
select * from tiny where k = $1;
-- name: smallint and bigint of one value joined
select t.k, c.cid from tiny t join customers c on c.cid = t.k where t.k = 5;
-- name: int and bigint of one value joined
select s.site, c.name from sites s join customers c on c.cid = s.site;
-- name: key of the other table by transitivity
select c.name from sites s join customers c on c.cid = s.site where s.site = 7;
-- name: quoted names; demanded
select "customers"."cid" from "public"."customers" where "customers"."cid" = 5;
-- name: no such schema
select * from nowhere.customers where cid = 5;
-- name: no such column
select nothing from customers where cid = 5;
-- name: no such table
select * from nothing where cid = 5;
-- name: a key of the wrong case
select * from customers where "CID" = 5;
-- name: comments inside; demanded
select /* cid = 1 */ cid -- cid = 2
from customers where cid = /* 3 */ 5;
-- name: text parameter that is cast, two bytes; demanded
-- $1 text 24
select * from customers where cid = $1::bigint;
-- name: text parameter that is cast, four bytes
-- $1 text 0042
select * from customers where cid = $1::bigint;
-- name: text parameter that is cast, eight bytes
-- $1 text 00000042
select * from customers where cid = $1::bigint;
-- name: uuid key, text parameter that is cast
-- $1 text 6d3a06d3-6406-d39a-6d3a-06d36406d39a
select * from docs where id = $1::uuid;
-- name: uuid key, text parameter of sixteen bytes that is cast
-- $1 text 6d3a06d36406d39a
select * from docs where id = $1::uuid;
-- name: int key, text parameter of four bytes that is cast
-- $1 text 0007
select * from sites where site = $1::int;
-- name: smallint key, text parameter of two bytes that is cast
-- $1 text 07
select * from tiny where k = $1::smallint;
-- name: text key, int parameter that is cast
-- $1 int4 7
select * from lk where email = $1::text;
-- name: text key, undeclared parameter that is cast; demanded
-- $1 ?text u5@x.org
select * from lk where email = $1::text;
-- name: smallint parameter cast to bigint; demanded
-- $1 int2 42
select * from customers where cid = $1::bigint;
-- name: bigint parameter cast to int; demanded
-- $1 int8 42
select * from customers where cid = $1::int;
-- name: a parameter of a constant too large for the column
-- $1 int4 40000
select * from tiny where k = $1;
-- name: a list of a constant too large for the column
select * from tiny where k in (5, 40000);
-- name: an array with an element too large for the column
-- $1 int4[] {5,40000}
select * from tiny where k = any($1);
-- name: an int array for a smallint column; demanded
-- $1 int2[] {5,7}
select * from tiny where k = any($1);
