-- INSERT and REPLACE: one row and many, the key in every place, what is left out, what is returned.

-- name: one row; demanded
insert into customers (customer_id, name) values (500, 'new');
-- name: without a column list; demanded
insert into customers values (500, 'new', null, 'de', 1.5, '2026-01-01');
-- name: without INTO; demanded
insert customers (customer_id, name) values (500, 'new');
-- name: the key last; demanded
insert into customers (name, score, customer_id) values ('new', 2, 500);
-- name: VALUE; demanded
insert into customers (customer_id, name) value (500, 'new');
-- name: set; demanded
insert into customers set customer_id = 500, name = 'new', score = 1 + 1;
-- name: set, qualified; demanded
insert into customers set customers.customer_id = 500, customers.name = 'new';
-- name: two rows of one key; demanded
insert into orders (customer_id, order_id, total) values (3, 100, 1.5), (3, 101, 2.5);
-- name: rows of several keys
insert into customers (customer_id, name) values (501, 'a'), (502, 'b'), (503, 'c'), (504, 'd'), (505, 'e'), (506, 'f');
-- name: rows of several keys, one there already
insert into customers (customer_id, name) values (501, 'a'), (502, 'b'), (5, 'there'), (504, 'd');
-- name: rows of several keys, one twice
insert into customers (customer_id, name) values (501, 'a'), (502, 'b'), (501, 'c');
-- name: rows of several keys, one violates a check
insert into orders (customer_id, order_id, total) values (3, 100, 1), (5, 100, 2000000), (6, 100, 3);
-- name: a check violated; demanded
insert into orders (customer_id, order_id, total) values (3, 100, 2000000);
-- name: duplicate; demanded
insert into customers (customer_id, name) values (5, 'there');
-- name: the key as text
insert into customers (customer_id, name) values ('500', 'new');
-- name: the key as text with a space
insert into customers (customer_id, name) values (' 500', 'new');
-- name: the key as text with letters
insert into customers (customer_id, name) values ('500x', 'new');
-- name: the key as text with zeros
insert into customers (customer_id, name) values ('0500', 'new');
-- name: the key with a fraction
insert into customers (customer_id, name) values (500.6, 'new');
-- name: the key with a fraction of zero
insert into customers (customer_id, name) values (500.0, 'new');
-- name: the key with an exponent
insert into customers (customer_id, name) values (5e2, 'new');
-- name: the key in hexadecimal
insert into customers (customer_id, name) values (0x1f4, 'new');
-- name: the key as hexadecimal bytes
insert into customers (customer_id, name) values (x'353030', 'new');
-- name: the key computed
insert into customers (customer_id, name) values (250 * 2, 'new');
-- name: the key by a function
insert into customers (customer_id, name) values (abs(-500), 'new');
-- name: the key by a subquery
insert into customers (customer_id, name) values ((select 500), 'new');
-- name: the key true
insert into tiny (k, v) values (true, 'new');
-- name: the key NULL
insert into customers (customer_id, name) values (null, 'new');
-- name: the key DEFAULT
insert into customers (customer_id, name) values (default, 'new');
-- name: the key left out
insert into customers (name) values ('new');
-- name: the key left out, strict off
set sql_mode = '';
insert into customers (name) values ('new');
-- name: the key beyond
insert into customers (customer_id, name) values (9223372036854775808, 'new');
-- name: the key beyond, strict off
set sql_mode = '';
insert into customers (customer_id, name) values (9223372036854775808, 'new');
insert into tiny (k, v) values (70000, 'clipped');
-- name: the key beyond 16 bits
insert into tiny (k, v) values (32768, 'new');
-- name: the key negative, unsigned
insert into counters (u, n) values (-1, 1);
-- name: the key unsigned and large; demanded
insert into counters (u, n) values (18446744073709551614, 1);
-- name: the key a parameter; demanded
-- $1 bigint 500
-- $2 varchar new
insert into customers (customer_id, name) values ($1, $2);
-- name: the key a text parameter
-- $1 varchar 500
insert into customers (customer_id, name) values ($1, 'new');
-- name: the key a text parameter with a space
-- $1 varchar  500
insert into customers (customer_id, name) values ($1, 'new');
-- name: the key a double parameter
-- $1 double 500.5
insert into customers (customer_id, name) values ($1, 'new');
-- name: the key a NULL parameter
-- $1 bigint NULL
insert into customers (customer_id, name) values ($1, 'new');
-- name: parameters of two rows
-- $1 bigint 500
-- $2 bigint 501
insert into customers (customer_id, name) values ($1, 'a'), ($2, 'b');
-- name: text key; demanded
insert into lk (email, customer_id) values ('new@x.org', 5);
-- name: text key, a space behind
insert into lk (email, customer_id) values ('new@x.org  ', 5);
-- name: text key, a duplicate but for a space
insert into lk (email, customer_id) values ('u5@x.org ', 5);
-- name: text key, another case
insert into lk (email, customer_id) values ('U5@X.ORG', 5);
-- name: text key, a number
insert into lk (email, customer_id) values (42, 5);
-- name: text key, a fraction
insert into lk (email, customer_id) values (4.20, 5);
-- name: text key, an exponent
insert into lk (email, customer_id) values (4e2, 5);
-- name: text key, hexadecimal
insert into lk (email, customer_id) values (x'c3a4', 5);
-- name: text key, too long
insert into lk (email, customer_id) values (repeat('x', 81), 5);
-- name: text key, too long by spaces
insert into lk (email, customer_id) values (concat('y', repeat(' ', 90)), 5);
-- name: text key, too long, strict off
set sql_mode = '';
insert into exact (tag, n) values ('12345678901234567890123456789012345678901', 5);
-- name: text key, not of the character set
insert into lk (email, customer_id) values (x'ff', 5);
-- name: text key, escapes
insert into lk (email, customer_id) values ('a\nb\\c\'d\Z\%', 5);
-- name: text key, latin1 introducer
insert into lk (email, customer_id) values (_latin1 x'e4e4', 5);
-- name: no pad, a space behind
insert into exact (tag, n) values ('new ', 1), ('new', 2);
-- name: byte key; demanded
insert into digests (d, n) values (x'00112233', 1);
-- name: byte key, text
insert into digests (d, n) values ('ä', 1);
-- name: byte key, parameter; demanded
-- $1 hex 00ff
insert into digests (d, n) values ($1, 1);
-- name: byte key, a number
insert into digests (d, n) values (123, 1);
-- name: fixed byte key, too short
insert into fixed (b, n) values ('n', 1);
-- name: fixed byte key, too short, there already
insert into fixed (b, n) values ('a', 1);
-- name: fixed byte key, too long
insert into fixed (b, n) values ('too long', 1);
-- name: fixed byte key, too long, strict off
set sql_mode = '';
insert into fixed (b, n) values ('too long', 1);
select * from fixed where b = 'too ';
-- name: fixed byte key, a space
insert into fixed (b, n) values ('n  ', 1), (x'6e', 2);
-- name: fixed byte key, parameter; demanded
-- $1 hex 6e6e6e6e
insert into fixed (b, n) values ($1, 1);
-- name: fixed byte key, parameter too short
-- $1 hex 6e
insert into fixed (b, n) values ($1, 1) on duplicate key update n = 5;
-- name: uuid key
insert into docs (id, title) values ('aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee', 'new');
-- name: uuid key in capitals
insert into docs (id, title) values ('AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE', 'new');
-- name: uuid key without hyphens
insert into docs (id, title) values ('aaaaaaaabbbb4ccc8dddeeeeeeeeeeee', 'new');
-- name: uuid key of a function; unseen
insert into docs (id, title) values (uuid(), 'new');
select count(*) from docs where title = 'new';
-- name: NULL key
insert into logs (customer_id, msg) values (null, 'new');
-- name: NULL key left out
insert into logs (msg) values ('new');
-- name: keys and a NULL key
insert into logs (customer_id, msg) values (5, 'new'), (null, 'new');
-- name: defaults; demanded
insert into tagged (id) values (500);
-- name: defaults named; demanded
insert into tagged (id, tag, seen) values (500, default, default);
-- name: default of another column; demanded
insert into tagged (id, tag) values (500, default(tag));
-- name: a column of the same row; demanded
insert into tagged (id, tag) values (500, id + 1);
-- name: the key of another column
insert into gen (a, id) values (500, a);
-- name: generated column; demanded
insert into gen (id, a) values (500, 21);
-- name: generated column without a list
insert into gen values (500, 21, default, default);
-- name: generated column given
insert into gen (id, a, b) values (500, 1, 2);
-- name: empty row
insert into logs () values ();
-- name: quoted names; demanded
insert into `odd` (`Key`, `select`, `a b`) values (500, 'x', 1);
-- name: too few values
insert into customers (customer_id, name) values (500);
-- name: too few values in the second row
insert into customers (customer_id, name) values (500, 'a'), (501);
-- name: an unknown column
insert into customers (customer_id, nothing) values (500, 'a');
-- name: a column twice
insert into customers (customer_id, customer_id, name) values (500, 501, 'a');
-- name: an unknown table
insert into nowhere (customer_id) values (500);
-- name: not null violated; demanded
insert into customers (customer_id, name) values (500, null);
-- name: not null violated in the second row
insert into customers (customer_id, name) values (500, 'a'), (501, null);
-- name: not null violated, strict off
set sql_mode = '';
insert into orders (customer_id, order_id) values (3, 100), (3, null);
-- name: data too long; demanded
insert into orders (customer_id, order_id, status) values (3, 100, repeat('x', 30));
-- name: data too long, strict off
set sql_mode = '';
insert into orders (customer_id, order_id, status) values (3, 100, repeat('x', 30));
select status from orders where customer_id = 3 and order_id = 100;
-- name: ignore, a duplicate; demanded
insert ignore into customers (customer_id, name) values (5, 'there');
-- name: ignore, some duplicates of one key; demanded
insert ignore into orders (customer_id, order_id) values (3, 100), (3, 1), (3, 101);
-- name: ignore, several keys
insert ignore into customers (customer_id, name) values (5, 'there'), (500, 'a'), (6, 'there'), (501, 'b');
-- name: ignore, the key NULL
insert ignore into customers (customer_id, name) values (null, 'zero');
-- name: ignore, the key clipped
insert ignore into tiny (k, v) values (70000, 'clipped');
-- name: ignore, the key of letters
insert ignore into customers (customer_id, name) values ('77x', 'letters');
-- name: ignore, a value clipped; demanded
insert ignore into orders (customer_id, order_id, status) values (3, 100, repeat('x', 30));
-- name: low_priority; demanded
insert low_priority into customers (customer_id, name) values (500, 'new');
-- name: delayed
insert delayed into customers (customer_id, name) values (500, 'new');
-- name: high_priority ignore; demanded
insert high_priority ignore into customers (customer_id, name) values (500, 'new');
-- name: returning; demanded
insert into customers (customer_id, name) values (500, 'new') returning customer_id, upper(name), score;
-- name: returning all; demanded
insert into orders (customer_id, order_id) values (3, 100), (3, 101) returning *;
-- name: returning, several keys
insert into customers (customer_id, name) values (501, 'a'), (502, 'b'), (503, 'c') returning customer_id;
-- name: returning, a duplicate
insert into customers (customer_id, name) values (5, 'new') returning name;
-- name: returning and ignore; demanded
insert ignore into orders (customer_id, order_id) values (3, 1), (3, 101) returning order_id;
-- name: replace, new; demanded
replace into customers (customer_id, name) values (500, 'new');
-- name: replace, there; demanded
replace into customers (customer_id, name) values (5, 'replaced');
-- name: replace, the same; demanded
replace into cfg values ('theme', 'dark');
-- name: replace without INTO; demanded
replace customers (customer_id, name) values (5, 'replaced');
-- name: replace set; demanded
replace into customers set customer_id = 5, name = 'replaced';
-- name: replace, several of one key; demanded
replace into orders (customer_id, order_id, note) values (3, 1, 'r'), (3, 100, 'n');
-- name: replace, several keys
replace into customers (customer_id, name) values (5, 'r'), (6, 'r'), (500, 'n');
-- name: replace returning; demanded
replace into customers (customer_id, name) values (5, 'replaced') returning customer_id, name;
-- name: replace select
replace into customers (customer_id, name) select customer_id, 'r' from orders where customer_id = 3;
-- name: replace, the text key differs by a space
replace into lk (email, customer_id) values ('u5@x.org ', 77);
-- name: select of the same key; demanded
insert into orders (customer_id, order_id, note) select customer_id, order_id + 500, 'copy' from orders where customer_id = 3;
-- name: select with a constant key; demanded
insert into orders (customer_id, order_id) select 3, order_id + 500 from orders where customer_id = 3;
-- name: select of another key
insert into orders (customer_id, order_id) select 5, order_id + 500 from orders where customer_id = 3;
-- name: select with a computed key
insert into customers (customer_id, name) select customer_id + 1000, name from customers where customer_id = 5;
-- name: select over all, same key
insert into order_items (customer_id, order_id, line, product) select customer_id, order_id, 99, 'gift' from orders;
-- name: select over all, other key
insert into events (event_id, customer_id) select customer_id + 1000, customer_id from customers where customer_id between 1 and 9;
-- name: select of a reference table
insert into orders (customer_id, order_id, note) select 3, 500, name from countries where code = 'de';
-- name: select without a table; demanded
insert into orders (customer_id, order_id) select 3, 500;
-- name: select without a table, two arms
insert into orders (customer_id, order_id) select 3, 500 union all select 5, 500;
-- name: select without the key
insert into customers (name) select name from customers where customer_id = 5;
-- name: into a reference table; demanded
insert into countries (code, name) values ('it', 'Italy'), ('pt', 'Portugal');
-- name: into a reference table, a duplicate; demanded
insert into countries (code, name) values ('it', 'Italy'), ('de', 'there');
-- name: into a reference table, ignore
insert ignore into countries (code, name) values ('it', 'Italy'), ('de', 'there');
-- name: into a reference table, select
insert into countries (code, name) select 'it', v from cfg where k = 'theme';
-- name: into a reference table, select of itself
insert into countries (code, name) select 'it', name from countries where code = 'de';
-- name: into a reference table, a function that varies; unseen
insert into countries (code, name) values ('it', rand());
select count(*) from countries;
-- name: into a reference table, returning
insert into countries (code, name) values ('it', 'Italy') returning code;
-- name: into a reference table with a foreign key, violated
insert into codes values ('c', 'nowhere');
-- name: into a single table; demanded
insert into cfg values ('new', 'value'), ('newer', 'value');
-- name: into a single table, auto increment; demanded
insert into audit_log (entry) values ('first'), ('second');
-- name: into a single table, auto increment and 0; demanded
insert into audit_log (entry_id, entry) values (0, 'zero');
-- name: into a single table, auto increment and NULL; demanded
insert into audit_log (entry_id, entry) values (null, 'null');
-- name: into a single table, auto increment given; demanded
insert into audit_log (entry_id, entry) values (1000, 'given');
-- name: into a single table, no auto value on zero
set sql_mode = 'NO_AUTO_VALUE_ON_ZERO';
insert into audit_log (entry_id, entry) values (0, 'zero');
-- name: into a single table, select over all
insert into audit_log (entry) select name from customers where country = 'de';
-- name: auto increment key
insert into tickets (title) values ('new');
-- name: auto increment key, NULL
insert into tickets (ticket_id, title) values (null, 'new');
-- name: auto increment key, 0
insert into tickets (ticket_id, title) values (0, 'new');
-- name: auto increment key, DEFAULT
insert into tickets (ticket_id, title) values (default, 'new');
-- name: auto increment key, given; demanded
insert into tickets (ticket_id, title) values (500, 'new');
-- name: auto increment key, a text of letters is 0
set sql_mode = '';
insert into tickets (ticket_id, title) values ('abc', 'new');
-- name: auto increment off the key
insert into notes (customer_id, body) values (3, 'new');
-- name: auto increment off the key, given
insert into notes (customer_id, note_id, body) values (3, 500, 'new');
-- name: into a reference table, auto increment; demanded
insert into labels (name) values ('new');
-- name: into a reference table, auto increment and its number; demanded
insert into labels (name) values ('new');
select last_insert_id();
select label_id from labels where name = 'new';
-- name: into a reference table, auto increment of several rows; demanded
insert into labels (name) values ('new'), ('newer'), ('newest');
select last_insert_id();
-- name: into a reference table, auto increment and NULL; demanded
insert into labels values (null, 'new'), (null, 'newer');
-- name: into a reference table, auto increment and 0; demanded
insert into labels (label_id, name) values (0, 'zero'), ('0', 'zero, too'), (default, 'default');
-- name: into a reference table, auto increment without a value; demanded
insert into labels () values ();
insert into labels values ();
insert into labels set name = 'set';
-- name: into a reference table, auto increment given; demanded
insert into labels values (1000, 'given');
insert into labels (name) values ('behind it');
-- name: into a reference table, auto increment given for some
insert into labels values (1000, 'given'), (null, 'not given');
-- name: into a reference table, no auto value on zero; demanded
set sql_mode = 'NO_AUTO_VALUE_ON_ZERO';
insert into labels values (0, 'zero');
-- name: into a reference table, auto increment and a duplicate; demanded
insert into labels (name) values ('red');
insert into labels (name) values ('blue');
-- name: into a reference table, auto increment and the second is a duplicate; demanded
insert into labels (name) values ('blue'), ('red');
insert into labels (name) values ('blue');
-- name: into a reference table, auto increment replaced; demanded
replace into labels (name) values ('red'), ('blue');
-- name: into a reference table, auto increment and IGNORE
insert ignore into labels (name) values ('red'), ('blue');
-- name: into a reference table, auto increment and an update
insert into labels (name) values ('red') on duplicate key update name = 'rouge';
-- name: into a reference table, auto increment of selected rows
insert into labels (name) select name from countries where code = 'de';
-- name: into a reference table, auto increment in a transaction; demanded
begin;
insert into labels (name) values ('gone');
select last_insert_id();
rollback;
insert into labels (name) values ('kept');
begin;
insert into labels (name) values ('kept, too'), ('and this');
delete from labels where name = 'red';
commit;
-- name: into a reference table, auto increment by an own count
set auto_increment_increment = 10;
insert into labels (name) values ('a'), ('b');
-- name: into a reference table, auto increment by an own number
set insert_id = 700;
insert into labels (name) values ('a');
-- name: foreign key, the parent is there; demanded
insert into entries (aid, n) values (5, 100);
-- name: foreign key, no parent; demanded
insert into entries (aid, n) values (500, 1);
-- name: foreign key to a reference table; demanded
insert into entries (aid, n, code) values (5, 100, 'de');
-- name: foreign key to a reference table, no such row; demanded
insert into entries (aid, n, code) values (5, 100, 'no way');
-- name: foreign keys off
set foreign_key_checks = 0;
insert into entries (aid, n) values (500, 1);
-- name: unique off the key
insert into owners (aid, owner) values (1, 'same'), (2, 'same');
-- name: a trigger that moves the key
insert into moved (id, v) values (1, 'x');
-- name: a partitioned table; demanded
insert into parts (k, v) values (500, 'new');
-- name: types of every kind; demanded
insert into typed values (500, -128, 16777215, 1.5, 2.5, 3.123456, '2026-02-28', '2026-02-28 23:59:59.999999', '-838:59:59.99', 2155, b'1111111111',
 2, 'z,x', x'00', 'ä', x'ff', 'c  ');
-- name: types of every kind, wrong
insert into typed (id, t) values (500, 1000);
-- name: types of every kind, wrong, strict off
set sql_mode = '';
insert into typed (id, t, day, kind, y) values (500, 1000, '2026-02-30', 'nothing', 1800);
-- name: types of every kind by parameters; demanded
-- $1 bigint 500
-- $2 tinyint -5
-- $3 double 2.25
-- $4 decimal 3.123456
-- $5 date 2026-02-28
-- $6 datetime 2026-02-28 23:59:59
-- $7 hex 00ff
-- $8 varchar it's
insert into typed (id, t, d, n, day, at, b, kind) values ($1, $2, $3, $4, $5, $6, $7, $8);
-- name: prepared twice with other keys
-- $1 bigint 500
insert into customers (customer_id, name) values ($1, 'new');
-- $1 bigint 501
insert into customers (customer_id, name) values ($1, 'new');
-- $1 bigint 502
insert into customers (customer_id, name) values ($1, 'new');
select customer_id, name from customers where customer_id = 501;
-- name: a view
insert into german (customer_id, name) values (500, 'x');
-- name: into a partition
insert into parts partition (p0) (k, v) values (500, 'x');
-- name: last_insert_id in values
insert into audit_log (entry) values ('x');
insert into orders (customer_id, order_id) values (3, last_insert_id());
select order_id > 99 from orders where customer_id = 3 and order_id > 50;
-- name: several statements at once; whole
insert into customers (customer_id, name) values (500, 'a');
insert into customers (customer_id, name) values (501, 'b');
select name from customers where customer_id = 501;
-- name: several statements at once, the second fails; whole
insert into customers (customer_id, name) values (500, 'a');
insert into customers (customer_id, name) values (5, 'there');
select name from customers where customer_id = 500;
