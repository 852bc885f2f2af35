-- What binds tighter than the comparison with the key, and what only seems to compare it.

-- name: and of bits behind the key
select customer_id from customers where customer_id = 5 & 1;
-- name: or of bits behind the key
select customer_id from customers where customer_id = 4 | 1;
-- name: exclusive or of bits behind the key
select customer_id from customers where customer_id = 5 ^ 1;
-- name: shift behind the key
select customer_id from customers where customer_id = 5 << 1;
-- name: shift to the right
select customer_id from customers where customer_id = 10 >> 1;
-- name: minus behind the key
select customer_id from customers where customer_id = 5 - 1;
-- name: minus right behind the key
select customer_id from customers where customer_id = 5 -1;
-- name: minus without spaces
select customer_id from customers where customer_id=5-1;
-- name: times behind the key
select customer_id from customers where customer_id = 5 * 2;
-- name: div behind the key
select customer_id from customers where customer_id = 5 div 2;
-- name: mod behind the key
select customer_id from customers where customer_id = 5 mod 3;
-- name: percent behind the key
select customer_id from customers where customer_id = 5 % 3;
-- name: tilde
select customer_id from customers where customer_id = ~-6;
-- name: not of a number
select customer_id from customers where customer_id = !0;
-- name: is behind the comparison
select customer_id from customers where customer_id = 5 is true;
-- name: is false behind the comparison
select customer_id from customers where customer_id = 5 is false;
-- name: is null behind the comparison
select customer_id from customers where customer_id = 5 is null;
-- name: is not null behind the comparison
select customer_id from customers where customer_id = 5 is not null;
-- name: is unknown behind the comparison
select customer_id from customers where customer_id = 5 is not unknown;
-- name: comparison of the comparison
select customer_id from customers where customer_id = 5 = 0;
-- name: null-safe comparison of the comparison
select customer_id from customers where customer_id = 5 <=> 0;
-- name: less than behind the comparison
select customer_id from customers where customer_id = 5 < 1;
-- name: in behind the comparison
select customer_id from customers where customer_id = 5 in (0);
-- name: in behind the comparison, of the key
select customer_id from customers where customer_id = 5 in (5);
-- name: between behind the comparison
select customer_id from customers where customer_id = 5 between 0 and 0;
-- name: like behind the comparison
select customer_id from customers where customer_id = 5 like 0;
-- name: not in front of the comparison
select customer_id from customers where not customer_id = 5 and customer_id = 6;
-- name: not in front of all
select customer_id from customers where not (customer_id = 5 or customer_id <> 5);
-- name: not not
select customer_id from customers where not not customer_id = 5;
-- name: exclamation mark in front of the key
select customer_id from customers where !customer_id = 1;
-- name: minus in front of the column
select customer_id from customers where -customer_id = -5;
-- name: plus in front of the column
select customer_id from customers where +customer_id = 5;
-- name: binary in front of the key
select customer_id from customers where customer_id = binary 5;
-- name: binary in front of the column
select customer_id from customers where binary customer_id = 5;
-- name: or binds less than and
select customer_id from customers where customer_id = 5 or customer_id = 6 and customer_id = 7;
-- name: or binds less than and, the other way
select customer_id from customers where customer_id = 5 and customer_id = 6 or customer_id = 7;
-- name: xor binds between
select customer_id from customers where customer_id = 5 xor customer_id = 6 and customer_id = 7;
-- name: xor of itself
select customer_id from customers where customer_id = 5 xor customer_id = 5;
-- name: and with a number that is true
select customer_id from customers where customer_id = 5 and 2;
-- name: and with a number that is false
select customer_id from customers where customer_id = 5 and 0;
-- name: or with a number that is false
select customer_id from customers where customer_id = 5 or 0;
-- name: and with a text that is true
select customer_id from customers where customer_id = 5 and '1x';
-- name: and with NULL
select customer_id from customers where customer_id = 5 and null;
-- name: the column alone
select customer_id from customers where customer_id;
-- name: not the column
select customer_id from customers where not customer_id;
-- name: the column and the column
select customer_id from customers where customer_id and customer_id = 5;
-- name: assignment in the condition
select customer_id from customers where (@k := customer_id) = 5;
-- name: assignment of the key
select customer_id from customers where customer_id = (@k := 5);
-- name: a row on both sides
select customer_id from customers where (customer_id, customer_id) = (5, 5);
-- name: a row with two values for the key
select customer_id from customers where (customer_id, customer_id) = (5, 6);
-- name: a row, the constants first
select customer_id from customers where (5, 'x') = (customer_id, name);
-- name: a row, null-safe
select customer_id from customers where (customer_id, null) <=> (5, null);
-- name: a row, less than
select customer_id from customers where (customer_id, 1) <= (5, 1);
-- name: a row, not equal
select customer_id from customers where (customer_id, 1) <> (5, 1);
-- name: a row in rows
select customer_id from customers where (customer_id, 1) in ((5, 1), (6, 2));
-- name: nested rows
select customer_id from customers where ((customer_id, 1), 2) = ((5, 1), 2);
-- name: in a list of a list
select customer_id from customers where customer_id in ((5), ((6)));
-- name: in a subquery in a list
select customer_id from customers where customer_id in ((select 5));
-- name: in a list, not true
select customer_id from customers where customer_id in (5) = 0;
-- name: in a list, is not true
select customer_id from customers where customer_id in (5) is not true;
-- name: all of one
select customer_id from customers where customer_id = all (select 5);
-- name: any of values
select customer_id from customers where customer_id = any (values (5), (6));
-- name: between of texts
select customer_id from customers where customer_id between '5' and '5';
-- name: not between
select customer_id from customers where customer_id not between 5 and 5;
-- name: between and and
select customer_id from customers where customer_id between 5 and 5 and name is not null;
-- name: between, or
select customer_id from customers where customer_id between 5 and 5 or customer_id = 6;
-- name: at least and at most
select customer_id from customers where customer_id >= 5 and customer_id <= 5;
-- name: contradicting texts
select customer_id from customers where customer_id = 5 and customer_id = '6';
-- name: the same in two forms
select customer_id from customers where customer_id = 5 and customer_id = '5';
-- name: interval
select customer_id from customers where customer_id = 5 + interval 1 day;
-- name: case with the key
select customer_id from customers where case customer_id when 5 then 1 when 6 then 1 end;
-- name: if with the key
select customer_id from customers where if(customer_id = 5, customer_id, 6) = 6;
-- name: ifnull
select customer_id from customers where ifnull(customer_id = 5, 0);
-- name: nullif
select customer_id from customers where nullif(customer_id, 5) is null;
-- name: least
select customer_id from customers where customer_id = least(5, 6);
-- name: the function interval
select customer_id from customers where interval(customer_id, 5, 6) = 1;
-- name: field
select customer_id from customers where field(customer_id, 5, 6);
-- name: find_in_set
select customer_id from customers where find_in_set(customer_id, '5,6');
-- name: strcmp
select customer_id from customers where strcmp(customer_id, 5) = 0;
-- name: sounds like
select customer_id from customers where name sounds like 'Ada' and customer_id = 5;
-- name: match against
select customer_id from customers where match(name) against ('Ada') and customer_id = 5;
-- name: default of the column
select customer_id from customers where customer_id = default(customer_id);
-- name: the column itself
select customer_id from customers where customer_id = customer_id and customer_id = 5;
-- name: another column of the same value
select order_id from orders where customer_id = order_id;
-- name: another column and the key
select order_id from orders where customer_id = order_id and order_id = 3;
-- name: number with an e and nothing
select customer_id from customers where customer_id = 5e;
-- name: number with a point and an e
select customer_id from customers where customer_id = 5.e0;
-- name: number with a negative exponent
select customer_id from customers where customer_id = 50e-1;
-- name: number with twenty zeros
select customer_id from customers where customer_id = 00000000000000000000000000005;
-- name: fraction of many digits
select customer_id from customers where customer_id = 5.0000000000000000000000000000000000000000000000000000001;
-- name: text with a zero byte
select customer_id from customers where customer_id = '5\0';
-- name: text with a line end
select customer_id from customers where customer_id = '5\n';
-- name: text with a line end in front
select customer_id from customers where customer_id = '\n5';
-- name: hexadecimal of a text with a space
select customer_id from customers where customer_id = x'3520';
-- name: hexadecimal plus zero
select customer_id from customers where customer_id = x'05' + 0;
-- name: a large hexadecimal number
select customer_id from customers where customer_id = 0xfffffffffffffffb;
-- name: a text of letters matches zero
select customer_id from customers where customer_id = 'five';
-- name: a text in a list with numbers
select customer_id from customers where customer_id in (5, 'five');
-- name: a text key and zero
select email from lk where email = 0;
-- name: a text key and false
select email from lk where email = false;
-- name: a text key and a list with a number
select email from lk where email in ('7', 0);
-- name: a text key and a list of numbers
select email from lk where email in (7, 8);
-- name: a text key and a fraction
select email from lk where email = 7.0;
-- name: a text key and a number in a text
select email from lk where email = '7' + 0;
-- name: a text key and true
select email from lk where email = true;
-- name: a text key and NULL
select email from lk where email <=> null;
-- name: a text key, between
select email from lk where email between '7' and '7';
-- name: a text key, between with spaces
select email from lk where email between 'a' and 'a ';
-- name: a text key and a date
select email from lk where email = date'2026-01-01';
-- name: a text key in a row
select email from lk where (email, customer_id) = ('7', 5);
-- name: a text key in a row with a number
select email from lk where (email, customer_id) = (7, 5);
-- name: a text key of another case in a list
select email from lk where email in ('A', 'a');
-- name: a text key, like with an escape
select email from lk where email like '7' escape '7';
-- name: a text key, rlike
select email from lk where email rlike '^7$';
-- name: a byte key and a number
select n from digests where d = 0;
-- name: a byte key and a text of another character set
select n from digests where d = _latin1 x'e4';
-- name: a byte key and NULL
select n from digests where d <=> null;
-- name: an update where it counts
update customers set score = 77 where customer_id = 5 & 1;
-- name: an update behind a comparison of a comparison
update customers set score = 77 where customer_id = 5 = 0;
-- name: a delete behind is
delete from orders where customer_id = 3 is null;
-- name: a delete behind a text key and zero
delete from lk where email = 0;
-- name: an update of a text key and a number
update lk set customer_id = 1 where email = 7;
-- name: a comparison in SET
update customers set score = customer_id = 5 where customer_id = 6;
-- name: a comparison in the list
select customer_id = 5, name from customers where customer_id = 6;
-- name: a comparison in ON of an outer join
select a.customer_id, b.customer_id from customers a left join customers b on b.customer_id = 5 where a.customer_id in (4, 5);
-- name: a comparison in HAVING
select customer_id from customers having customer_id = 5;
-- name: a comparison in HAVING of an alias
select customer_id + 1 as customer_id from customers having customer_id = 5;
-- name: a comparison in ORDER BY; ordered
select customer_id from customers where customer_id in (5) order by customer_id = 5;
-- name: a comparison in a comment
select customer_id from customers where /* customer_id = 5 and */ customer_id > 2147483646;
-- name: a comparison in a text
select customer_id from customers where name <> ' customer_id = 5 ' and customer_id > 2147483646;
-- name: a comparison in a name
select customer_id as `customer_id = 5` from customers where customer_id > 2147483646;
-- name: an alias that hides the key, in GROUP BY
select name as customer_id, count(*) from customers where customer_id = 5 group by customer_id;
-- name: the key of the other table
select o.order_id from orders o, events e where e.customer_id = 3 and o.order_id = 1 and e.event_id = 5;
-- name: the key's name in another table
select event_id from events where customer_id = 5;
-- name: a column of the same name in a subquery
select name from customers where exists (select 1 from events where customer_id = 5);
-- name: a derived column called as the key
select * from (select order_id as customer_id from orders) x where customer_id = 1;
-- name: a common table called as a table
with customers as (select 1 as customer_id) select * from customers where customer_id = 1;
-- name: a common table called as another
with orders as (select * from customers) select name from orders where customer_id = 5;
