-- Character sets and collations: of the connection, of literals, of columns.

-- name: set names latin1
set names latin1;
select name from customers where customer_id = 4;
-- name: set names latin1, a text key
set names latin1;
select customer_id from lk where email = 'u5@x.org';
-- name: set names latin1, a key in utf8 bytes
set names latin1;
select customer_id from lk where email = 'ß';
-- name: set names latin1, an insert
set names latin1;
insert into lk (email, customer_id) values ('ä', 5);
select hex(email) from lk where customer_id = 5;
-- name: logged in with latin1; latin1
select customer_id from lk where email = 'ß';
-- name: logged in with latin1, ascii; latin1
select customer_id from lk where email = 'u5@x.org';
-- name: logged in with latin1, an insert; latin1
insert into lk (email, customer_id) values ('ä', 5);
-- name: logged in with latin1, a parameter; latin1
-- $1 varchar ä
insert into lk (email, customer_id) values ($1, 5);
-- name: logged in with latin1, columns; latin1
select * from typed where id = 1;
-- name: set character set
set character set latin1;
select name from customers where customer_id = 4;
-- name: results only
set character_set_results = latin1;
select name from customers where customer_id = 4;
-- name: results NULL
set character_set_results = null;
select name, latin from customers, typed where customer_id = 4 and id = 4;
-- name: client only
set character_set_client = latin1;
select customer_id from lk where email = 'ß';
-- name: connection only
set character_set_connection = latin1;
select customer_id from lk where email = 'ß';
-- name: connection binary
set names binary;
select customer_id from lk where email = 'ß';
select name from customers where customer_id = 4;
-- name: collation of the connection
set collation_connection = utf8mb4_bin;
select 'a' = 'A', 'a' = 'a ';
-- name: collation without padding
set collation_connection = utf8mb4_nopad_bin;
select customer_id from lk where email = 'u5@x.org ';
-- name: set names gbk
set names gbk;
select name from customers where customer_id = 5;
-- name: gbk eats a backslash
set names gbk;
select hex('�\'), 1;
-- name: set names sjis
set names sjis;
select name from customers where customer_id = 5 and name <> '表';
-- name: set names big5
set names big5;
select customer_id from customers where customer_id = 5;
-- name: set names ucs2
set names ucs2;
-- name: set names utf16
set names utf16;
-- name: set names of nothing
set names nothing_such;
-- name: set names with a collation
set names utf8mb4 collate utf8mb4_german2_ci;
select 'ß' = 'ss', name from customers where customer_id = 4;
-- name: set names utf8mb3
set names utf8;
select email from lk where email = '😀';
-- name: set names default
set names latin1;
set names default;
select customer_id from lk where email = 'ß';
-- name: introducers
select _latin1'a', _utf8mb4'ä', _binary'x', _utf8mb4 0xc3a4, _latin1 x'e4', n'ä';
-- name: introducer of nothing
select _nothing'a';
-- name: collate of a literal
select 'a' collate utf8mb4_bin = 'A';
-- name: collate of the wrong character set
select 'a' collate latin1_bin;
-- name: mix of collations
select name collate utf8mb4_bin = email collate utf8mb4_general_ci from customers where customer_id = 5;
-- name: convert using
select convert(name using latin1), hex(convert('ß' using latin1)) from customers where customer_id = 5;
-- name: latin column
select latin, hex(latin) from typed where latin = 'é3';
-- name: beyond the first plane; demanded
select '😀' from customers where customer_id = 5;
-- name: a name outside of ASCII
select name as `größe` from customers where customer_id = 5;
-- name: accents compare equal
select name from customers where name = 'zoe';
-- name: case of names
select Customers.name from customers where customer_id = 5;
