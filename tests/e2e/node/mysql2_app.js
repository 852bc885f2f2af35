// The small application by mysql2: prints one JSON line per step; the same lines are expected of every database.
'use strict';
const { Readable } = require('node:stream');
const mysql = require('mysql2/promise');
const { failing, say, sorted, tables } = require('./mysql_application');

// What session tracking tells of transactions and GTIDs is one server's own; so is whether it tells anything.
const TRACKED = 0x4000;
const outcome = ([header]) => [header.affectedRows, header.changedRows, header.insertId, header.info, header.warningStatus,
  header.serverStatus & ~TRACKED];

async function writes(client) {
  for (const table of tables()) say('create', outcome(await client.query(table)));
  say('countries', outcome(await client.query("insert into countries values ('de', 'Germany'), ('fr', 'France'), ('gb', 'Britain')")));
  say('insert', outcome(await client.query('insert into people values (?)', [[1, 'Ada ü', 36, 'gb', '1815-12-10', '2024-02-29 12:34:56.789',
    '12345.60', '18446744073709551615', '{"notes": ["a", {"b": null}]}', Buffer.from([0, 255, 39, 92, 10])]])));
  say('prepared insert', outcome(await client.execute('insert into people values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', [3, 'Blaise 🙂', 39, 'fr',
    new Date(Date.UTC(1623, 5, 19)), new Date(Date.UTC(2024, 1, 29, 1, 2, 3, 4)), '-0.05', 7, { a: 1 }, Buffer.from([1, 2, 3])])));
  say('some columns', outcome(await client.query("insert into people (name, id) values ('Carl', 4)")));
  say('rows of one shard', outcome(await client.query('insert into people (id, name, age) values ?',
    [[[7, 'Emmy', 53], [12, 'Sofja', 41], [15, 'Kurt', null]]])));
  say('children', outcome(await client.query("insert into visits values (1, 1, '/'), (1, 2, '/notes'), (1, 3, '/engine')")));
  await client.query("insert into visits values (3, 1, '/')");
  say('journal', outcome(await client.query("insert into journal (what) values ('opened')")));
  say('journal of two', outcome(await client.execute('insert into journal (what) values (?), (?)', ['one', 'two'])));
  say('last id', (await client.query('select last_insert_id() as id'))[0]);
  say('ignored', outcome(await client.query("insert ignore into people (id, name) values (1, 'twice')")));
  say('warnings', (await client.query('show warnings'))[0]);
  say('upsert', outcome(await client.query("insert into people (id, name) values (4, 'Carl') on duplicate key update age = 77")));
  say('replace', outcome(await client.query("replace into visits values (1, 3, '/machine')")));
  say('update', outcome(await client.query('update people set age = age + 1 where id = 1')));
  say('nothing to change', outcome(await client.execute('update people set age = ? where id = ?', [37, 1])));
  say('returning', (await client.query("delete from visits where person = 3 returning page, path"))[0]);
}

async function reads(client) {
  const [rows, fields] = await client.query('select * from people where id = ?', [1]);
  say('text', [rows, fields.map((field) => [field.name, field.columnType, field.flags, field.decimals, field.characterSet,
    field.columnLength])]);
  const [binary, described] = await client.execute('select * from people where id = ?', [3]);
  say('binary', [binary, described.map((field) => [field.name, field.columnType, field.flags, field.decimals])]);
  for (const id of [1, 3, 4, 1]) say('prepared', (await client.execute('select name, age, 1.5 as d from people where id = ?', [id]))[0]);
  say('prepared types', (await client.execute('select ? as a, ? as b, ? as c, ? as d', ['text', 12, null, new Date(0)]))[0]);
  say('everywhere', sorted((await client.query('select id, name, age from people'))[0]));
  say('some of them', sorted((await client.execute(
    'select p.name, c.name as land from people p join countries c on c.code = p.country where p.age > ?', [30]))[0]));
  say('nobody', (await client.query('select name from people where age > 200'))[0]);
  say('joined', (await client.query(
    'select v.page, v.path, p.name from visits v join people p on p.id = v.person where p.id = ? order by v.page desc limit 2', [1]))[0]);
  say('grouped', (await client.query('select count(*) as n, max(path) as path from visits where person = 1'))[0]);
  say('reference', (await client.query('select * from countries order by code'))[0]);
  say('single', (await client.query('select entry, what from journal order by entry'))[0]);
  say('several', (await client.query('select 1 as a; select 2 as b; select name from people where id = 1'))[0]);
  say('as arrays', (await client.query({ sql: 'select id, name from people where id = 1', rowsAsArray: true }))[0]);
  say('streamed', await new Promise((resolve, reject) => {
    const seen = [];
    client.connection.query('select name from people').stream()
      .on('data', (row) => seen.push(row.name)).on('end', () => resolve(seen.sort())).on('error', reject);
  }));
}

async function transactions(client) {
  const ages = async () => sorted((await client.query('select id, age from people where age is not null'))[0]);
  await client.beginTransaction();
  say('in it', outcome(await client.execute('update people set age = age + 1 where id = ?', [1])));
  say('inside', (await client.query('select age from people where id = 1'))[0]);
  await client.rollback();
  say('rolled back', await ages());
  await client.beginTransaction();
  for (const id of [1, 3, 4]) say('of several shards', outcome(await client.execute('update people set age = age + 1 where id = ?', [id])));
  await client.query('savepoint mark');
  await client.query('delete from people where id = 7');
  await client.query('rollback to mark');
  await failing('duplicate in it', client.query("insert into people (id, name) values (3, 'twice')"));
  await client.query("insert into journal (what) values ('aged')");
  await client.query("update countries set name = 'Deutschland' where code = 'de'");
  await client.commit();
  say('committed', [await ages(), (await client.query("select name from countries where code = 'de'"))[0]]);
  await client.query('set autocommit = 0');
  await client.query("update people set name = 'Nobody' where id = 4");
  await client.query('rollback');
  await client.query('set autocommit = 1');
  say('not committed', (await client.query('select name from people where id = 4'))[0]);
}

async function errors(client) {
  await failing('duplicate', client.execute('insert into people (id, name, age) values (?, ?, ?)', [1, 'twice', null]));
  await failing('too long', client.query('insert into people (id, name) values (17, ?)', ['x'.repeat(50)]));
  await failing('no value', client.query('insert into people (id, name) values (17, null)'));
  await failing('check', client.query("insert into people (id, name, age) values (17, 'x', -1)"));
  await failing('no parent', client.query("insert into visits values (20, 1, '/')"));
  await failing('not a number', client.execute("update people set age = ? where id = 1", ['x']));
  await failing('no column', client.query('select nothing from people where id = 1'));
  await failing('prepared, no column', client.execute('select nothing from people where id = ?', [1]));
  await failing('exists', client.query('create table journal (a int)'));
  await failing('syntax', client.query('selec 1'));
  await failing('no such table', client.execute('select * from nowhere'));
  say('still', (await client.query('select 1 as one'))[0]);
}

async function sessions(client) {
  say('loaded', outcome(await client.query({
    sql: "load data local infile 'pages' into table visits fields terminated by ',' (page, path) set person = 3",
    infileStreamFactory: () => Readable.from([Buffer.from('16,/sixteen\n2'), Buffer.from('1,/twenty-one\n')]),
  })));
  say('what was loaded', (await client.query('select page, path from visits where person = 3 and page in (16, 21) order by page'))[0]);
  await client.query("set time_zone = '+02:00'");
  say('zone', (await client.query('select @@time_zone as zone, from_unixtime(0) as t, name from people where id = 3'))[0]);
  await client.query('set @mine = 5');
  say('variable', (await client.query('select @mine as mine'))[0]);
  await client.ping();
  await client.changeUser({});
  say('changed user', (await client.query('select @mine as mine, @@time_zone as zone'))[0]);
  // On a connection that was reset, because somebody had a variable on it.
  say('columns', (await client.query('select name, age from people where id = 3'))[1].map((field) => [field.name, field.characterSet]));
}

async function pooled(options) {
  const pool = mysql.createPool({ ...options, connectionLimit: 4 });
  const names = await Promise.all([1, 3, 4, 1, 3, 4, 1, 3].map((id) => pool.execute('select name from people where id = ?', [id])));
  say('pool', names.map(([found]) => found[0].name));
  await Promise.all([1, 3, 4, 1, 3, 4].map(async (id) => {
    const client = await pool.getConnection();
    await client.beginTransaction();
    await client.execute('update people set age = age + 1 where id = ?', [id]);
    await client.commit();
    client.release();
  }));
  say('aged', sorted((await pool.query('select id, age from people'))[0]));
  await pool.end();
}

async function main(uri) {
  const options = { uri, multipleStatements: true, supportBigNumbers: true, timezone: 'Z' };
  const client = await mysql.createConnection(options);
  for (const part of [writes, reads, transactions, errors, sessions]) await part(client);
  await pooled(options);
  say('drop', outcome(await client.query('drop table visits, people, countries, journal')));
  await client.end();
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
