-- INSERT … ON DUPLICATE KEY UPDATE.

-- name: new; demanded
insert into customers (customer_id, name) values (500, 'new') on duplicate key update name = 'updated';
-- name: there; demanded
insert into customers (customer_id, name) values (5, 'new') on duplicate key update name = 'updated';
-- name: there and the same; demanded
insert into cfg values ('theme', 'dark') on duplicate key update v = 'dark';
-- name: there and the same, rows found; found_rows; demanded
insert into cfg values ('theme', 'dark') on duplicate key update v = 'dark';
-- name: values(); demanded
insert into customers (customer_id, name, score) values (5, 'new', 3) on duplicate key update name = values(name), score = score + values(score);
-- name: value(); demanded
insert into customers (customer_id, name) values (5, 'new') on duplicate key update name = value(name);
-- name: several of one key; demanded
insert into orders (customer_id, order_id, note) values (3, 1, 'a'), (3, 100, 'b') on duplicate key update note = concat(values(note), '!');
-- name: several keys
insert into customers (customer_id, name) values (5, 'a'), (500, 'b'), (6, 'c') on duplicate key update name = values(name);
-- name: one row twice; demanded
insert into orders (customer_id, order_id, note) values (3, 100, 'a'), (3, 100, 'b') on duplicate key update note = values(note);
-- name: set; demanded
insert into customers set customer_id = 5, name = 'new' on duplicate key update name = values(name);
-- name: the key set to itself
insert into customers (customer_id, name) values (5, 'new') on duplicate key update customer_id = customer_id;
-- name: the key set to what is inserted
insert into customers (customer_id, name) values (5, 'new') on duplicate key update customer_id = values(customer_id), name = 'x';
-- name: the key set to another
insert into customers (customer_id, name) values (5, 'new') on duplicate key update customer_id = 500;
-- name: the key by last_insert_id
insert into customers (customer_id, name) values (5, 'new') on duplicate key update customer_id = last_insert_id(customer_id);
select last_insert_id();
-- name: a subquery of the same key
insert into customers (customer_id, name) values (5, 'new') on duplicate key update name = (select status from orders where customer_id = 5 limit 1);
-- name: a subquery of another key
insert into customers (customer_id, name) values (5, 'new') on duplicate key update name = (select status from orders where customer_id = 6 limit 1);
-- name: returning; demanded
insert into customers (customer_id, name) values (5, 'new') on duplicate key update name = 'updated' returning customer_id, name;
-- name: ignore; demanded
insert ignore into orders (customer_id, order_id, total) values (3, 1, 1) on duplicate key update total = 5000000;
-- name: select; demanded
insert into orders (customer_id, order_id) select 3, order_id from orders where customer_id = 3 on duplicate key update note = 'again';
-- name: reference table; demanded
insert into countries (code, name) values ('de', 'x'), ('it', 'Italy') on duplicate key update name = values(name);
-- name: auto increment; demanded
insert into audit_log (entry_id, entry) values (2, 'x') on duplicate key update entry = 'again', entry_id = last_insert_id(entry_id);
-- name: parameters; demanded
-- $1 bigint 5
-- $2 varchar new
insert into customers (customer_id, name) values ($1, $2) on duplicate key update name = $2;
-- name: text key but for a space
insert into lk (email, customer_id) values ('u5@x.org ', 77) on duplicate key update customer_id = 78;
-- name: an unknown column
insert into customers (customer_id, name) values (5, 'new') on duplicate key update nothing = 1;
