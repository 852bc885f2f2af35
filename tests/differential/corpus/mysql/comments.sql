-- Comments, executable ones among them, and what lies between words.

-- name: in front; demanded
/* a comment */ select name from customers where customer_id = 5;
-- name: in the middle; demanded
select /* a */ name /* b */ from /**/ customers where customer_id /* = 6 */ = 5;
-- name: with a quote; demanded
select name /* it's "x */ from customers where customer_id = 5;
-- name: with a semicolon; demanded
select name /* ; select 1; */ from customers where customer_id = 5;
-- name: number sign; demanded
select name # the rest
 from customers where customer_id = 5;
-- name: dashes; demanded
select name -- the rest
 from customers where customer_id = 5;
-- name: dashes with a tab
select name --	the rest
 from customers where customer_id = 5;
-- name: dashes without a space are minus minus
select 5--1;
-- name: the key behind dashes without a space
select customer_id from customers where customer_id = 5--1;
-- name: dashes at the end
select 1 --;
-- name: executable; demanded
select name /*! from customers */ where customer_id = 5;
-- name: executable with a version; demanded
select name from customers where customer_id = /*!50000 5 */;
-- name: executable of a later version
select name from customers where customer_id = 5 /*!99999 + 1 */;
-- name: executable of a much later version
select name from customers where customer_id = 5 /*!999999 + 1 */;
-- name: executable of MySQL 8 is not MariaDB's
select name from customers where customer_id = 5 /*!80000 + 1 */;
-- name: executable of MySQL 5.7 is not either
select name from customers where customer_id = 5 /*!50701 + 1 */;
-- name: executable of MariaDB's version
select name from customers where customer_id = 5 /*!100100 + 1 */;
-- name: executable of MariaDB only; demanded
select name from customers where customer_id = /*M!100100 5 */;
-- name: executable of MariaDB only, later
select name from customers where customer_id = 5 /*M!999999 + 1 */;
-- name: executable without a version
select name from customers where customer_id = 5 /*M! + 1 */;
-- name: executable, a number right behind
select name from customers where customer_id = /*!500005*/;
-- name: executable, six digits
select name from customers where customer_id = /*!1001005 */;
-- name: executable within a comment
select name /* /*! nested */ from customers where customer_id = 5;
-- name: comment within an executable one
select name /*! /* nested */ from customers */ where customer_id = 5;
-- name: executable around the whole; simple
/*!40101 select name from customers where customer_id = 5 */;
-- name: executable, the key in or out
select name from customers where customer_id /*!50000 = 5 or customer_id */ = 6;
-- name: executable around a write
/*!50000 update customers set score = 1 where customer_id = 5 */;
-- name: executable setting
/*!40101 SET NAMES utf8mb4 */;
select name from customers where customer_id = 5;
-- name: dump's settings
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
insert into countries values ('it', 'Italy');
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
select @@unique_checks, @@sql_mode;
-- name: executable ignored insert
insert /*!50000 ignore */ into customers (customer_id, name) values (5, 'there');
-- name: executable limit
select order_id from orders where customer_id = 3 order by order_id /*!50000 limit 1 */;
-- name: not closed
select name from customers where customer_id = 5 /* the rest;
-- name: executable, not closed
select name from customers where customer_id = 5 /*!50000 and true;
-- name: closed twice
select name from customers where customer_id = 5 /* a */ */;
-- name: only a comment
/* nothing */;
-- name: empty
;
-- name: hint is a comment here; demanded
select /*+ MAX_EXECUTION_TIME(1000) */ name from customers where customer_id = 5;
-- name: between a function and its parenthesis
select count/**/(*) from orders where customer_id = 3;
-- name: in a number
select 1/**/2;
-- name: in a name
select na/**/me from customers where customer_id = 5;
-- name: line ends
select
name
from
customers
where
customer_id
=
5;
-- name: no spaces; demanded
select`name`from`customers`where`customer_id`=5;
-- name: no spaces around numbers
select name from customers where customer_id=5and 1;
-- name: no spaces around texts
select'x'from customers where customer_id='5'and 1;
-- name: a non-breaking space is a letter
select name from customers where customer_id = 5;
-- name: mixed case; demanded
SeLeCt NaMe FrOm customers WhErE CUSTOMER_id = 5;
-- name: a comment in an insert; demanded
insert into customers /* , evil */ (customer_id /* k */, name) values (/* 6, */ 500, 'x');
