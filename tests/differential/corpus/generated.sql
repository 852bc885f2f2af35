-- Statements the generator found that once had another answer: seed and number.

-- name: 1.64
-- $1 text new name
insert into customers as t (name, cid) values ($1, 5), ('it''s', NULL);
-- name: 1.114
-- $1 date 2026-03-01
-- $2 text new
-- $3 text 7f6e5d4b-f4b2-a189-7f6e-5d4bf4b2a189
select nullif(t.day, $1) from docs t where t.title || '' = $2 and t.id in ($3::uuid, $3::uuid) order by t.id limit all;
-- name: 1.222
-- $1 text 91a2b3c4-855e-6f78-91a2-b3c4855e6f78
insert into docs as t (id) values ($1::uuid) returning t.id;
-- name: 1.778
-- $1 text click
-- $2 text 00000000-0000-0000-0000-00000000beef
-- $3 date 2026-03-05
insert into docs as t (id, title, day, flag) values ('00000000-0000-0000-0000-00000000beef'::uuid, $1, '2026-03-05', 'true'), ($2::uuid, 'click'::text, $3, 'false') returning t.id;
-- name: 2.912
-- $1 text NULL
insert into countries as t values ('de', 'click'), ('paid'::text, 'it''s'), ($1, '') returning t.code;
-- name: 2.1319
-- $1 int8 NULL
insert into items as t values (927, 3, $1, 'new'::text, 2, 1.5);
-- name: 2.5285
-- $1 uuid NULL
insert into docs as t (id) values ($1) on conflict do nothing returning t.id as k, 1 as one;
-- name: 2.12684
-- $1 text NULL
insert into countries as t (code) values ($1) on conflict do nothing;
-- name: 3.425
begin;
select a.cid, b.code from customers a full join countries b on b.name is not null;
rollback;
-- name: 3.4279
-- $1 ?text de
-- $2 ?text new
-- $3 text x
insert into countries as t (name, code) values ('paid', 'de'::text), ('it''s', $1), ('paid'::text, $2) on conflict (code) do update set name = $3;
-- name: 4.2384
begin;
select nothing;
delete from sites t where (t.site = cast(0 as int) and t.site = (9).0) and t.site in ('11');
rollback;
-- name: 6.1971
-- $1 text 7f6e5d4b-f4b2-a189-7f6e-5d4bf4b2a189
-- $2 text c83fb72e-3761-d945-c83f-b72e3761d945
update docs t set id = $1::uuid where t.id = $2::uuid returning t.id as k, 1 as one;
-- name: 6.2406
-- $1 text c83fb72e-3761-d945-c83f-b72e3761d945
-- $2 uuid a3d70a3d-160a-3d67-a3d7-0a3d160a3d67
-- $3 uuid c83fb72e-3761-d945-c83f-b72e3761d945
select s.* from (select id, title from docs t where $1::uuid = t.id and (t.id <> $2) order by id limit 3) s where s.id = $3;
-- name: 6.13932
-- $1 text 7f6e5d4b-f4b2-a189-7f6e-5d4bf4b2a189
select t.id, rank() over (order by t.id) from docs t where t.id = any(array[$1::uuid]::uuid[]);
-- name: 11.29
begin;
delete from items t where t.cid = 1 and exists (select 1 from orders o where true);
rollback;
-- name: 11.194
begin;
insert into sites as t (site, label, grp) values ('7'::int, 'A-1'::text, 2), (99, 'de', 2);
rollback;
-- name: 100.7856
-- $1 text 9223372036854775807
select a.cid, b.oid from customers a left join orders b on b.cid = a.cid join sites c on c.site = a.cid where length(a.country) > 1 and a.cid = $1::bigint;
-- name: 301.28555
-- $1 int4 11
select a.oid, a.cid, a.ts, a.note, b.score from orders a full join customers b on a.cid = b.cid or b.cid = 5 and ((b.cid = $1) = false);
-- $1 int4 1
select a.oid, a.cid, a.ts, a.note, b.score from orders a full join customers b on a.cid = b.cid or b.cid = 5 and ((b.cid = $1) = false);
-- $1 int4 11
select a.oid, a.cid, a.ts, a.note, b.score from orders a full join customers b on a.cid = b.cid or b.cid = 5 and ((b.cid = $1) = false);
-- name: 302.8617
-- $1 text u5@x.org
-- $2 int8 1
insert into parts as t (v, k) values ($1, $2) on conflict (k) do update set k = (12)::bigint returning *;
-- $1 text
-- $2 int8 31337
insert into parts as t (v, k) values ($1, $2) on conflict (k) do update set k = (12)::bigint returning *;
-- name: 303.46142
-- $1 text 8
select count(a.email), bool_and(b.name is null) from customers a full join countries b on b.name is not null where (a.cid is not distinct from $1::bigint) and a.score is null;
-- name: 304.38148
-- $1 int4 8
select sign(a.oid::numeric), a.cid, case when b.cid = $1 then 1 end, b.email, b.country, b.created from items a full join customers b on a.cid <= b.cid and a.cid >= b.cid;
-- name: 404.858
-- $1 text 7
-- $2 ?int8 4
-- $3 ?int8 7
select t.cid, t.cid from items t where t.cid in ($1::bigint) and t.iid is null except select t.cid, t.iid from items t where (t.cid = +(7) and true) and (t.cid = $2 - 1) except select t.cid, t.cid from customers t where (t.cid = $3 or t.cid = $3) and t.created <= '2026-03-12 02:30:00+00'::timestamptz;
-- $1 text it's
-- $2 ?int8 2
-- $3 ?int8 2
select t.cid, t.cid from items t where t.cid in ($1::bigint) and t.iid is null except select t.cid, t.iid from items t where (t.cid = +(7) and true) and (t.cid = $2 - 1) except select t.cid, t.cid from customers t where (t.cid = $3 or t.cid = $3) and t.created <= '2026-03-12 02:30:00+00'::timestamptz;
