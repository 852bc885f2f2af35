-- The shard key in every form that SQL has for it: numbers, texts, bytes, NULL, and what only looks like one of them.

-- name: bigint; demanded
select * from customers where customer_id = 5;
-- name: bigint, columns; demanded
select name, score from customers where customer_id = 6;
-- name: none such; demanded
select * from customers where customer_id = 31337;
-- name: negative; demanded
select * from customers where customer_id = -5;
-- name: zero; demanded
select customer_id from customers where customer_id = 0;
-- name: negative zero
select customer_id from customers where customer_id = -0;
-- name: largest; demanded
select customer_id from customers where customer_id = 9223372036854775807;
-- name: smallest but one
select customer_id from customers where customer_id = -9223372036854775807;
-- name: beyond
select customer_id from customers where customer_id = 9223372036854775808;
-- name: far beyond
select customer_id from customers where customer_id = 99999999999999999999999999;
-- name: text
select customer_id from customers where customer_id = '5';
-- name: text in double quotes
select customer_id from customers where customer_id = "5";
-- name: text with a space in front
select customer_id from customers where customer_id = ' 5';
-- name: text with a space behind
select customer_id from customers where customer_id = '5 ';
-- name: text with letters behind
select customer_id from customers where customer_id = '5abc';
-- name: text with a tab
select customer_id from customers where customer_id = '	5';
-- name: text with zeros
select customer_id from customers where customer_id = '005';
-- name: text with a plus
select customer_id from customers where customer_id = '+5';
-- name: text with a fraction of zero
select customer_id from customers where customer_id = '5.0';
-- name: text with a fraction
select customer_id from customers where customer_id = '5.5';
-- name: text with an exponent
select customer_id from customers where customer_id = '5e0';
-- name: text empty is zero
select customer_id from customers where customer_id = '';
-- name: text of letters is zero
select customer_id from customers where customer_id = 'abc';
-- name: large text as a double
select customer_id from customers where customer_id = '9223372036854775807';
-- name: large text almost
select customer_id from customers where customer_id = '9223372036854775806';
-- name: fraction of zero
select customer_id from customers where customer_id = 5.0;
-- name: fraction
select customer_id from customers where customer_id = 5.5;
-- name: zeros in front
select customer_id from customers where customer_id = 05;
-- name: exponent
select customer_id from customers where customer_id = 5e0;
-- name: exponent of ten
select customer_id from customers where customer_id = 1e2;
-- name: point behind
select customer_id from customers where customer_id = 5.;
-- name: hexadecimal string is bytes
select customer_id from customers where customer_id = x'35';
-- name: hexadecimal number
select customer_id from customers where customer_id = 0x05;
-- name: hexadecimal number of a digit's code
select customer_id from customers where customer_id = 0x35;
-- name: bits
select customer_id from customers where customer_id = b'101';
-- name: bits as a number
select customer_id from customers where customer_id = 0b101;
-- name: true
select customer_id from customers where customer_id = true;
-- name: false
select customer_id from customers where customer_id = false;
-- name: introducer
select customer_id from customers where customer_id = _utf8mb4'5';
-- name: introducer of bytes
select customer_id from customers where customer_id = _binary'5';
-- name: national
select customer_id from customers where customer_id = n'5';
-- name: adjacent texts
select customer_id from customers where customer_id = '4' '2';
-- name: plus
select customer_id from customers where customer_id = +5;
-- name: minus minus
select customer_id from customers where customer_id = - -5;
-- name: minus of a text
select customer_id from customers where customer_id = -'5';
-- name: parentheses
select customer_id from customers where customer_id = (((5)));
-- name: the other way round
select customer_id from customers where 5 = customer_id;
-- name: null-safe
select customer_id from customers where customer_id <=> 5;
-- name: null-safe NULL
select customer_id from customers where customer_id <=> null;
-- name: NULL
select customer_id from customers where customer_id = null;
-- name: is NULL
select customer_id from customers where customer_id is null;
-- name: cast
select customer_id from customers where customer_id = cast('5' as signed);
-- name: cast of a fraction
select customer_id from customers where customer_id = cast(4.6 as signed);
-- name: convert
select customer_id from customers where customer_id = convert('5', unsigned);
-- name: arithmetic
select customer_id from customers where customer_id = 2 + 3;
-- name: arithmetic on the column
select customer_id from customers where customer_id + 0 = 5;
-- name: division
select customer_id from customers where customer_id = 10 / 2;
-- name: div
select customer_id from customers where customer_id = 10 div 2;
-- name: function
select customer_id from customers where customer_id = abs(-5);
-- name: function of ours
select customer_id from customers where customer_id = twice(3);
-- name: subquery of a constant
select customer_id from customers where customer_id = (select 5);
-- name: variable
select customer_id from customers where customer_id = @nothing;
-- name: variable set before
set @key = 5;
select customer_id from customers where customer_id = @key;
-- name: variable set to a text
set @key = '5';
select customer_id from customers where customer_id = @key;
-- name: another database's name
select customer_id from judge_x.customers where customer_id = 5;
-- name: qualified; demanded
select customers.customer_id from customers where customers.customer_id = 5;
-- name: alias; demanded
select c.customer_id from customers c where c.customer_id = 5;
-- name: alias in backquotes; demanded
select `c 1`.`customer_id` from `customers` as `c 1` where `c 1`.`customer_id` = 5;
-- name: other case of the column; demanded
select CUSTOMER_ID from customers where Customer_Id = 5;
-- name: other case of the table
select customer_id from CUSTOMERS where customer_id = 5;
-- name: an alias that is the name of the key
select name as customer_id from customers where customer_id = 5;
-- name: in one; demanded
select customer_id from customers where customer_id in (5);
-- name: in the same twice
select customer_id from customers where customer_id in (5, 5);
-- name: in several
select customer_id from customers where customer_id in (1, 2, 3, 42);
-- name: in one and NULL
select customer_id from customers where customer_id in (5, null);
-- name: in NULL
select customer_id from customers where customer_id in (null);
-- name: in forms of one value
select customer_id from customers where customer_id in (5, '5', 5.0);
-- name: in a text and a number
select customer_id from customers where customer_id in ('5', 6);
-- name: not in
select customer_id from customers where customer_id not in (5, 6);
-- name: or of the same
select customer_id from customers where customer_id = 5 or customer_id = 5;
-- name: or of two
select customer_id from customers where customer_id = 5 or customer_id = 6;
-- name: double bar is or
select customer_id from customers where customer_id = 5 || customer_id = 6;
-- name: double ampersand is and; demanded
select customer_id from customers where customer_id = 5 && name is not null;
-- name: xor
select customer_id from customers where customer_id = 5 xor customer_id = 6;
-- name: not
select customer_id from customers where not customer_id = 5;
-- name: exclamation mark
select customer_id from customers where !customer_id = 5;
-- name: or with another column
select customer_id from customers where customer_id = 5 or name = 'Ada';
-- name: contradiction
select customer_id from customers where customer_id = 5 and customer_id = 6;
-- name: and false
select customer_id from customers where customer_id = 5 and false;
-- name: or true
select customer_id from customers where customer_id = 5 or true;
-- name: between the same
select customer_id from customers where customer_id between 5 and 5;
-- name: range
select customer_id from customers where customer_id > 3 and customer_id < 9;
-- name: like
select customer_id from customers where customer_id like '5';
-- name: regexp
select customer_id from customers where customer_id regexp '^5$';
-- name: row of one
select customer_id from customers where (customer_id) = (5);
-- name: row of two; demanded
select order_id from orders where (customer_id, order_id) = (3, 1);
-- name: rows in a list
select order_id from orders where (customer_id, order_id) in ((3, 1), (3, 2));
-- name: case
select customer_id from customers where case when customer_id = 5 then 0 else 1 end;
-- name: if
select customer_id from customers where if(customer_id = 5, false, true);
-- name: coalesce
select customer_id from customers where coalesce(customer_id = 5, true);
-- name: is true
select customer_id from customers where (customer_id = 5) is true;
-- name: is not true
select customer_id from customers where (customer_id = 5) is not true;
-- name: equal to one
select customer_id from customers where (customer_id = 5) = 1;
-- name: comparison chained
select customer_id from customers where customer_id = 5 = 1;
-- name: collate behind
select customer_id from customers where customer_id = '5' collate utf8mb4_bin;
-- name: a date's form
select customer_id from customers where customer_id = date'2026-01-01';
-- name: parameter; demanded
-- $1 bigint 5
select * from customers where customer_id = $1;
-- name: parameter of 32 bits; demanded
-- $1 int 5
select * from customers where customer_id = $1;
-- name: parameter of 8 bits
-- $1 tinyint -5
select * from customers where customer_id = $1;
-- name: unsigned parameter
-- $1 ubigint 5
select * from customers where customer_id = $1;
-- name: unsigned parameter beyond
-- $1 ubigint 18446744073709551615
select * from customers where customer_id = $1;
-- name: text parameter; demanded
-- $1 varchar 5
select * from customers where customer_id = $1;
-- name: text parameter with spaces
-- $1 varchar  5 
select * from customers where customer_id = $1;
-- name: text parameter with zeros
-- $1 varchar 005
select * from customers where customer_id = $1;
-- name: text parameter of letters
-- $1 varchar 5x
select * from customers where customer_id = $1;
-- name: blob parameter
-- $1 hex 35
select * from customers where customer_id = $1;
-- name: decimal parameter
-- $1 decimal 5.0
select * from customers where customer_id = $1;
-- name: decimal parameter with a fraction
-- $1 decimal 5.5
select * from customers where customer_id = $1;
-- name: double parameter
-- $1 double 5
select * from customers where customer_id = $1;
-- name: double parameter with a fraction
-- $1 double 4.5
select * from customers where customer_id = $1;
-- name: float parameter
-- $1 float 5
select * from customers where customer_id = $1;
-- name: NULL parameter
-- $1 bigint NULL
select * from customers where customer_id = $1;
-- name: NULL parameter, null-safe
-- $1 null NULL
select * from customers where customer_id <=> $1;
-- name: two parameters
-- $1 bigint 5
-- $2 bigint 6
select customer_id from customers where customer_id in ($1, $2);
-- name: one parameter twice
-- $1 bigint 5
select customer_id from customers where customer_id = $1 or customer_id = $1;
-- name: optional parameter
-- $1 bigint NULL
select customer_id from customers where $1 is null or customer_id = $1;
-- name: date parameter
-- $1 date 2026-01-01
select customer_id from customers where customer_id = $1;
-- name: arithmetic with a parameter
-- $1 bigint 4
select customer_id from customers where customer_id = $1 + 1;
-- name: 32 bits; demanded
select * from sites where site = 5;
-- name: 32 bits, smallest; demanded
select * from sites where site = -2147483648;
-- name: 32 bits, beyond
select * from sites where site = 2147483648;
-- name: 32 bits, text
select * from sites where site = '5';
-- name: 16 bits; demanded
select * from tiny where k = 5;
-- name: 16 bits, smallest
select * from tiny where k = -32768;
-- name: 16 bits, beyond
select * from tiny where k = 32768;
-- name: unsigned; demanded
select * from counters where u = 5;
-- name: unsigned, largest
select * from counters where u = 18446744073709551615;
-- name: unsigned, middle
select * from counters where u = 9223372036854775808;
-- name: unsigned, negative
select * from counters where u = -1;
-- name: unsigned, text
select * from counters where u = '18446744073709551615';
-- name: unsigned parameter, largest
-- $1 ubigint 18446744073709551615
select * from counters where u = $1;
-- name: varchar; demanded
select * from lk where email = 'u5@x.org';
-- name: varchar, a space behind is no difference
select * from lk where email = 'u5@x.org ';
-- name: varchar, a space in front is
select * from lk where email = ' u5@x.org';
-- name: varchar, another case
select * from lk where email = 'U5@X.ORG';
-- name: varchar, empty
select * from lk where email = '';
-- name: varchar, spaces only
select * from lk where email = '   ';
-- name: varchar, sharp s
select * from lk where email = 'ß';
-- name: varchar, ss
select * from lk where email = 'ss';
-- name: varchar, beyond 16 bits
select * from lk where email = '😀';
-- name: varchar, an apostrophe
select * from lk where email = 'it''s';
-- name: varchar, an escaped apostrophe
select * from lk where email = 'it\'s';
-- name: varchar, double quotes
select * from lk where email = "it's";
-- name: varchar, quotes in double quotes
select * from lk where email = "say ""x""";
-- name: varchar, a backslash
select * from lk where email = 'b\\s';
-- name: varchar, percent
select * from lk where email = 'percent\%';
-- name: varchar, percent plain
select * from lk where email = 'percent%';
-- name: varchar, unknown escape
select * from lk where email = '\7';
-- name: varchar, a number
select * from lk where email = 7;
-- name: varchar, a number with zeros
select * from lk where email = 007;
-- name: varchar, hexadecimal
select * from lk where email = x'37';
-- name: varchar, hexadecimal number
select * from lk where email = 0x37;
-- name: varchar, introducer
select * from lk where email = _utf8mb4'7';
-- name: varchar, introducer and hexadecimal
select * from lk where email = _utf8mb4 x'37';
-- name: varchar, latin1 introducer
select * from lk where email = _latin1 x'df';
-- name: varchar, adjacent
select * from lk where email = 'u5' '@x.org';
-- name: varchar, like without a pattern
select * from lk where email like 'u5@x.org';
-- name: varchar, like with one
select * from lk where email like 'u5%';
-- name: varchar, binary
select * from lk where email = binary 'u5@x.org';
-- name: varchar, binary column
select * from lk where binary email = 'u5@x.org';
-- name: varchar, other collation
select * from lk where email = 'U5@x.org' collate utf8mb4_general_ci;
-- name: varchar, other collation of the column
select * from lk where email collate utf8mb4_general_ci = 'U5@x.org';
-- name: varchar, concat
select * from lk where email = concat('u5', '@x.org');
-- name: varchar, lower
select * from lk where lower(email) = 'u5@x.org';
-- name: varchar, parameter; demanded
-- $1 varchar u5@x.org
select * from lk where email = $1;
-- name: varchar, number parameter
-- $1 int 7
select * from lk where email = $1;
-- name: varchar, blob parameter
-- $1 hex 37
select * from lk where email = $1;
-- name: varchar, parameter with a space
-- $1 varchar u5@x.org 
select * from lk where email = $1;
-- name: varchar, NULL parameter
-- $1 varchar NULL
select * from lk where email = $1;
-- name: varchar in a list
select * from lk where email in ('7', '007');
-- name: no pad
select * from exact where tag = 'a';
-- name: no pad, a space
select * from exact where tag = 'a ';
-- name: no pad, two spaces
select * from exact where tag = 'a  ';
-- name: no pad, only a space
select * from exact where tag = ' ';
-- name: no pad, empty
select * from exact where tag = '';
-- name: no pad, another case
select * from exact where tag = 'A';
-- name: no pad, parameter
-- $1 varchar a 
select * from exact where tag = $1;
-- name: bytes
select * from digests where d = 'abc';
-- name: bytes with a space
select * from digests where d = 'abc ';
-- name: bytes, hexadecimal; demanded
select * from digests where d = x'616263';
-- name: bytes, hexadecimal number
select * from digests where d = 0x616263;
-- name: bytes that are no text
select * from digests where d = x'fffe';
-- name: bytes, empty
select * from digests where d = '';
-- name: bytes, a zero
select * from digests where d = '\0';
-- name: bytes, a number
select * from digests where d = 5;
-- name: bytes, blob parameter; demanded
-- $1 hex fffe
select * from digests where d = $1;
-- name: bytes, text parameter
-- $1 varchar abc
select * from digests where d = $1;
-- name: bytes, unhex
select * from digests where d = unhex('616263');
-- name: fixed bytes
select * from fixed where b = 'abcd';
-- name: fixed bytes, too short
select * from fixed where b = 'a';
-- name: fixed bytes, padded with zeros
select * from fixed where b = 'a\0\0\0';
-- name: fixed bytes, padded, hexadecimal; demanded
select * from fixed where b = x'61000000';
-- name: fixed bytes, padded with a space
select * from fixed where b = 'abc ';
-- name: fixed bytes, too short by a space
select * from fixed where b = 'abc';
-- name: fixed bytes, too long
select * from fixed where b = 'abcde';
-- name: fixed bytes, empty
select * from fixed where b = '';
-- name: fixed bytes, zeros
select * from fixed where b = x'00000000';
-- name: fixed bytes, a number
select * from fixed where b = 5;
-- name: fixed bytes, parameter too short
-- $1 hex 61
select * from fixed where b = $1;
-- name: fixed bytes, parameter
-- $1 hex ff00ff00
select * from fixed where b = $1;
-- name: fixed bytes of two parameters
-- $1 hex 61000000
-- $2 hex 61
select * from fixed where b in ($1, $2);
-- name: uuid
select * from docs where id = '00000000-0000-1000-8000-000000000000';
-- name: uuid in capitals
select * from docs where id = upper('00000000-0000-1000-8000-000000000000');
-- name: uuid in capital letters
select * from docs where id = '12345678-90AB-2DEF-9234-567890ABCDEF';
-- name: uuid in small letters
select * from docs where id = '12345678-90ab-2def-9234-567890abcdef';
-- name: uuid without hyphens
select * from docs where id = '1234567890ab2def9234567890abcdef';
-- name: uuid that is none
select * from docs where id = 'none';
-- name: uuid of no variant
select * from docs where id = '12345678-90ab-cdef-1234-567890abcdef';
-- name: uuid as bytes
select * from docs where id = x'1234567890ab2def9234567890abcdef';
-- name: uuid parameter
-- $1 varchar 12345678-90ab-2def-9234-567890abcdef
select * from docs where id = $1;
-- name: NULL keys are rows
select * from logs where customer_id is null;
-- name: NULL keys among all
select customer_id, msg from logs;
-- name: NULL keys null-safe
select msg from logs where customer_id <=> null;
-- name: one of them is not NULL
select msg from logs where customer_id = 1;
-- name: quoted key; demanded
select * from odd where `Key` = 5;
-- name: quoted key in small letters
select * from odd where `key` = 5;
-- name: key of a partitioned table; demanded
select * from parts where k = 5;
