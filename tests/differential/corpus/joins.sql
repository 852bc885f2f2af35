-- Joins of colocated tables, of tables that are not, of reference and single tables; the key in ON, in WHERE, on either side.

-- name: inner join on the key; demanded
select c.cid, o.oid from customers c join orders o on o.cid = c.cid;
-- name: inner join on the key, fixed; demanded
select c.cid, o.oid, c.name from customers c join orders o on o.cid = c.cid where c.cid = 3;
-- name: inner join, the other side fixed; demanded
select c.cid, o.oid, c.name from customers c join orders o on o.cid = c.cid where o.cid = 3;
-- name: comma join; demanded
select c.cid, o.oid from customers c, orders o where o.cid = c.cid and o.cid = 3;
-- name: three tables; demanded
select c.name, o.oid, i.sku from customers c join orders o on o.cid = c.cid join items i on i.cid = o.cid and i.oid = o.oid where c.cid = 3;
-- name: three tables over all; demanded
select c.name, o.oid, i.sku from customers c join orders o on o.cid = c.cid join items i on i.cid = o.cid and i.oid = o.oid;
-- name: using over two columns
select * from orders join items using (cid, oid) where cid = 3;
-- name: using, merged column only; demanded
select cid, oid from orders join items using (cid, oid);
-- name: using with an alias
select u.cid from orders join items using (cid, oid) as u where u.cid = 3;
-- name: natural join of items and orders
select * from orders natural join items where cid = 3;
-- name: natural left join
select * from customers natural left join orders where cid = 3;
-- name: left join, preserved side fixed; demanded
select c.cid, o.oid from customers c left join orders o on o.cid = c.cid where c.cid = 4;
-- name: left join, nullable side fixed
select c.cid, o.oid from customers c left join orders o on o.cid = c.cid where o.cid = 3;
-- name: left join over all
select c.cid, o.oid from customers c left join orders o on o.cid = c.cid;
-- name: left join, the key of the preserved side in ON
select c.cid, o.oid from customers c left join orders o on o.cid = c.cid and c.cid = 3;
-- name: left join, the key of the nullable side in ON
select c.cid, o.oid from customers c left join orders o on o.cid = c.cid and o.cid = 3;
-- name: left join on a constant only
select c.cid, o.oid from customers c left join orders o on o.cid = 3;
-- name: left join on a constant, preserved side fixed too
select c.cid, o.oid from customers c left join orders o on o.cid = 3 where c.cid = 3;
-- name: left join on another constant, preserved side fixed
select c.cid, o.oid from customers c left join orders o on o.cid = 2 where c.cid = 3;
-- name: right join, preserved side fixed
select c.cid, o.oid from customers c right join orders o on o.cid = c.cid where o.cid = 777;
-- name: right join, nullable side fixed
select c.cid, o.oid from customers c right join orders o on o.cid = c.cid where c.cid = 3;
-- name: right join over all
select c.cid, o.oid from customers c right join orders o on o.cid = c.cid;
-- name: full join, one side fixed
select c.cid, o.oid from customers c full join orders o on o.cid = c.cid where c.cid = 3;
-- name: full join, merged key fixed
select cid, c.name, o.oid from customers c full join orders o using (cid) where cid = 3;
-- name: full join, both sides fixed
select c.cid, o.oid from customers c full join orders o on o.cid = c.cid where c.cid = 3 and o.cid = 3;
-- name: left join using, merged key fixed
select * from customers left join orders using (cid) where cid = 4;
-- name: right join using, merged key fixed
select * from customers right join orders using (cid) where cid = 777;
-- name: is null on the nullable side
select c.cid from customers c left join orders o on o.cid = c.cid where c.cid = 4 and o.cid is null;
-- name: left join chain
select c.cid, o.oid, i.iid from customers c left join orders o on o.cid = c.cid left join items i on i.cid = o.cid and i.oid = o.oid where c.cid = 3;
-- name: left join of a join
select c.cid, o.oid from customers c left join (orders o join items i on i.cid = o.cid and i.oid = o.oid) on o.cid = c.cid where c.cid = 3;
-- name: left join, then inner join
select c.cid, o.oid, i.iid from customers c left join orders o on o.cid = c.cid join items i on i.cid = o.cid where c.cid = 3;
-- name: not colocated, both fixed to shards
select o.cid, e.eid from orders o join events e on e.cid = o.cid where o.cid = 5 and e.eid = 5;
-- name: not colocated, one fixed
select o.cid, e.eid from orders o join events e on e.cid = o.cid where o.cid = 5;
-- name: the key against another column
select c.cid, e.eid from customers c join events e on e.eid = c.cid;
-- name: the key against another column, fixed
select c.cid, e.eid, e.kind from customers c join events e on e.eid = c.cid where c.cid = 5;
-- name: colocated by equality through a third
select c.cid, i.iid from customers c join orders o on o.cid = c.cid join items i on i.cid = o.cid where c.country = 'de';
-- name: equality of keys under OR
select c.cid, o.oid from customers c join orders o on o.cid = c.cid or o.oid = c.cid where c.cid = 3;
-- name: equality of keys with arithmetic
select c.cid, o.oid from customers c join orders o on o.cid = c.cid + 0 where c.cid = 3;
-- name: self join on the key
select a.oid, b.oid from orders a join orders b on a.cid = b.cid and a.oid < b.oid;
-- name: self join on the key, fixed; demanded
select a.oid, b.oid from orders a join orders b on a.cid = b.cid and a.oid < b.oid where a.cid = 3;
-- name: self join off the key, one side fixed
select a.cid, b.cid from customers a join customers b on a.country = b.country where a.cid = 3;
-- name: cross join, both fixed to one key; demanded
select a.cid, b.oid from customers a cross join orders b where a.cid = 3 and b.cid = 3;
-- name: cross join, both fixed, two keys
select a.cid, b.oid from customers a cross join orders b where a.cid = 3 and b.cid = 2;
-- name: reference table; demanded
select c.cid, k.name from customers c join countries k on k.code = c.country;
-- name: reference table, fixed; demanded
select c.cid, k.name from customers c join countries k on k.code = c.country where c.cid = 3;
-- name: reference table, nullable side; demanded
select c.cid, k.name from customers c left join countries k on k.code = c.country;
-- name: reference table, preserved side, fixed
select c.cid, k.name from countries k left join customers c on k.code = c.country where c.cid = 3;
-- name: reference table, preserved side, fixed in ON
select c.cid, k.name from countries k left join customers c on k.code = c.country and c.cid = 3;
-- name: reference table, right join
select c.cid, k.name from countries k right join customers c on k.code = c.country;
-- name: reference table, full join
select c.cid, k.name from countries k full join customers c on k.code = c.country where c.cid = 3 or c.cid is null;
-- name: reference table, crossed
select k.code, c.cid from countries k, customers c where c.cid = 3;
-- name: reference table with itself
select a.code, b.code from countries a join countries b on a.code < b.code;
-- name: reference table beside values
select k.name, v.n from countries k join (values ('de', 1), ('fr', 2)) v (code, n) on v.code = k.code;
-- name: single table with a reference table; demanded
select f.k, k.code from cfg f cross join countries k;
-- name: single table with a fixed key
select f.k, c.cid from cfg f cross join customers c where c.cid = 3;
-- name: single table with another fixed key
select f.k, c.cid from cfg f cross join customers c where c.cid = 5;
-- name: single table with all rows
select f.k, c.cid from cfg f join customers c on c.name = f.k;
-- name: values joined on the key
select c.cid, v.n from (values (1::int8, 'a'), (2, 'b')) v (cid, n) join customers c on c.cid = v.cid;
-- name: unnest joined on the key
-- $1 int8[] {1,2,3}
select c.cid from unnest($1::int8[]) u (cid) join customers c on c.cid = u.cid;
-- name: generate_series beside a fixed key; demanded
select c.cid, g from customers c cross join generate_series(1, 3) g where c.cid = 3;
-- name: lateral
select c.cid, x.oid from customers c cross join lateral (select oid from orders o where o.cid = c.cid order by oid limit 1) x where c.cid = 3;
-- name: lateral over all
select c.cid, x.oid from customers c cross join lateral (select oid from orders o where o.cid = c.cid order by oid limit 1) x;
-- name: left join lateral
select c.cid, x.n from customers c left join lateral (select count(*) n from orders o where o.cid = c.cid) x on true where c.cid = 4;
-- name: where is a join of another level
select c.cid from customers c where c.cid = 3 and exists (select 1 from orders o join items i on i.cid = o.cid where o.cid = c.cid);
-- name: parameters on both sides; demanded
-- $1 int8 3
-- $2 int4 3
select c.cid, o.oid from customers c join orders o on o.cid = c.cid where c.cid = $1 and o.cid = $2;
-- name: ambiguous key
select * from customers c join orders o on o.cid = c.cid where cid = 3;
-- name: whole rows
select c, o from customers c join orders o on o.cid = c.cid where c.cid = 3;
-- name: whole row over all
select c from countries c;
-- name: a star and a column; demanded
select o.*, c.name from customers c join orders o on o.cid = c.cid;
-- name: on true with the key in where; demanded
select c.cid, o.oid from customers c join orders o on true where o.cid = c.cid;
-- name: an int key by transitivity, a value beyond int
select s.site, c.cid from customers c join sites s on s.site = c.cid where c.cid = 5000000000;
-- name: an int key by transitivity, a parameter beyond int
-- $1 int8 5000000000
select s.site, c.cid from customers c join sites s on s.site = c.cid where c.cid = $1;
-- name: an int key by transitivity, a cast text parameter beyond int
-- $1 text 9223372036854775807
select s.site, c.cid from customers c join sites s on s.site = c.cid where c.cid = $1::bigint;
-- name: an int key by transitivity, an undeclared parameter beyond int
-- $1 ?int8 5000000000
select s.site, c.cid from customers c left join sites s on s.site = c.cid where c.cid = $1;
-- name: an int key by transitivity, a list beyond int
select s.site, c.cid from customers c join sites s on s.site = c.cid where c.cid in (5, 5000000000);
-- name: a smallint key by transitivity, an array beyond smallint
-- $1 int8[] {5,7,70000}
select t.k, c.cid from customers c join tiny t on t.k = c.cid where c.cid = any($1);
-- name: text keys joined with another column
select l.email, c.cid from lk l join customers c on c.email = l.email where l.email = 'u5@x.org';
-- name: only
select c.cid from only customers c join only orders o on o.cid = c.cid where c.cid = 3;
-- name: tablesample of everything
select cid from customers tablesample bernoulli (100) where cid = 3;
