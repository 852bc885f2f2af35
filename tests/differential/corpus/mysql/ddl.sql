-- Definitions.

-- name: create a table
create table fresh (i int primary key, v varchar(10));
insert into fresh values (1, 'a');
select * from fresh;
drop table fresh;
-- name: create a table that is there
create table customers (i int);
-- name: create a table if it is not there
create table if not exists countries (i int);
show warnings;
-- name: create or replace
create or replace table fresh (i int);
drop table fresh;
-- name: create a table like another
create table fresh like customers;
drop table fresh;
-- name: create a table of a select
create table fresh select * from orders where customer_id = 3;
select count(*) from fresh;
-- name: create a table of all
create table fresh as select customer_id from customers;
select count(*) from fresh;
-- name: drop nothing
drop table nowhere;
drop table if exists nowhere;
show warnings;
-- name: add a column
alter table customers add column extra int default 5;
select extra from customers where customer_id = 5;
insert into customers (customer_id, name, extra) values (500, 'x', 6);
alter table customers drop column extra;
-- name: add a column to a reference table
alter table countries add column extra int;
update countries set extra = 1 where code = 'de';
select extra from countries where code = 'de';
alter table countries drop column extra;
-- name: add a column to a single table
alter table cfg add column extra int;
select * from cfg;
alter table cfg drop extra;
-- name: add an index
create index by_name on customers (name);
select customer_id from customers where name = 'Ada';
drop index by_name on customers;
-- name: add an index that is there
alter table customers add index a (name), add index a (email);
-- name: add a unique index off the key
alter table customers add unique (created);
-- name: add a unique index with the key
alter table orders add unique u (customer_id, ts);
alter table orders drop index u;
-- name: change the type of a column
alter table customers modify name varchar(70) not null;
alter table customers modify name varchar(60) not null;
-- name: change the type of the key
alter table customers modify customer_id int;
-- name: rename a column
alter table customers rename column email to mail;
select mail from customers where customer_id = 5;
alter table customers rename column mail to email;
-- name: rename the key
alter table customers rename column customer_id to id;
-- name: drop the key
alter table logs drop column customer_id;
-- name: rename a table
rename table cfg to config;
select count(*) from config;
rename table config to cfg;
-- name: rename a sharded table
rename table customers to clients;
-- name: drop a column of no name
alter table customers drop column nothing;
-- name: a check that rows violate
alter table customers add constraint positive check (customer_id > 0);
-- name: a foreign key on the key
alter table order_items add constraint of_customer foreign key (customer_id) references customers (customer_id);
-- name: a view
create view fresh as select customer_id, name from customers;
select name from fresh where customer_id = 5;
drop view fresh;
-- name: a view of a reference table
create view fresh as select code from countries;
select count(*) from fresh;
drop view fresh;
-- name: a procedure
create procedure fresh() select 1;
call fresh();
drop procedure fresh;
-- name: a function
create function fresh(a int) returns int return a + 1;
select fresh(1);
drop function fresh;
-- name: a trigger
create trigger fresh before insert on cfg for each row set new.v = upper(new.v);
insert into cfg values ('new', 'small');
select v from cfg where k = 'new';
drop trigger fresh;
-- name: a sequence
create sequence fresh start with 5;
select nextval(fresh);
drop sequence fresh;
-- name: a database
create database judge_new;
-- name: a user
create user nobody@localhost;
-- name: analyze a sharded table
analyze table customers;
-- name: optimize a single one
optimize table cfg;
-- name: comment
alter table customers comment 'those who buy';
show table status like 'customers_none';
-- name: auto increment moved
alter table audit_log auto_increment = 5000;
insert into audit_log (entry) values ('x');
select last_insert_id();
-- name: truncate in a transaction
begin;
insert into cfg values ('new', 'x');
truncate order_items;
rollback;
select count(*) from cfg;
-- name: several tables dropped
create table fresh (i int);
drop table fresh, nowhere;
-- name: alter, several at once
alter table customers add a int, add b int, drop a;
-- name: alter, instant
alter table customers add column extra int, algorithm = instant;
select extra from customers where customer_id = 5;
-- name: alter, online
alter online table customers add column extra int;
-- name: wait
alter table cfg wait 20 add column extra int;
-- name: convert to another character set
alter table cfg convert to character set latin1;
select v from cfg where k = 'theme';
-- name: partition
alter table parts add partition partitions 1;
select count(*) from parts;
