// The small application by MariaDB's own connector, which sends without waiting (pipelining) and in batches. One JSON line per step.
//   mariadb_app.js URI
'use strict';
const { join } = require('node:path');
const { Readable } = require('node:stream');
const mariadb = require('mariadb');
const { failing, say, sorted } = require('./mysql_application');

const SCHEMA = join(__dirname, 'people.sql');

async function writes(client) {
  await client.importFile({ file: SCHEMA });
  say('countries', await client.query("insert into countries values ('de', 'Germany'), ('fr', 'France'), ('gb', 'Britain')"));
  say('insert', await client.query('insert into people values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', [1, 'Ada ü', 36, 'gb', '1815-12-10',
    new Date(Date.UTC(2024, 1, 29, 12, 34, 56, 789)), '12345.60', 18446744073709551615n, { notes: ['a', { b: null }] },
    Buffer.from([0, 255, 39, 92, 10])]));
  say('prepared insert', await client.execute('insert into people values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', [3, 'Blaise 🙂', 39, 'fr',
    new Date(Date.UTC(1623, 5, 19)), new Date(Date.UTC(2024, 1, 29, 1, 2, 3, 4)), '-0.05', 9007199254740993n, '{"a": 1}', Buffer.from([1, 2, 3])]));
  say('some columns', await client.query("insert into people (name, id) values ('Carl', 4)"));
  say('rows of one shard', await client.query("insert into people (id, name, age) values (7, 'Emmy', 53), (12, 'Sofja', 41), (15, 'Kurt', null)"));
  say('children', await client.execute("insert into visits values (?, 1, '/'), (?, 2, '/notes'), (?, 3, '/engine')", [1, 1, 1]));
  say('journal', await client.query("insert into journal (what) values ('opened')"));
  say('journal of two', await client.execute('insert into journal (what) values (?), (?)', ['one', 'two']));
  say('last id', await client.query('select last_insert_id() as id'));
  say('ignored', await client.query("insert ignore into people (id, name) values (1, 'twice')"));
  say('warnings', await client.query('show warnings'));
  say('update', await client.query('update people set age = age + 1 where id = 1'));
  say('nothing to change', await client.execute('update people set age = ? where id = ?', [37, 1]));
  say('returning', await client.execute('insert into visits values (?, ?, ?) returning page, path', [3, 9, '/last']));
}

async function reads(client) {
  const rows = await client.query('select * from people where id = ?', [1]);
  say('text', [rows, rows.meta.map((column) => [column.name(), column.type, column.flags, column.scale, column.columnLength, column.dataTypeFormat])]);
  const binary = await client.execute('select * from people where id = ?', [3]);
  say('binary', [binary, binary.meta.map((column) => [column.name(), column.type, column.flags, column.scale, column.dataTypeFormat])]);
  for (const id of [1, 3, 4, 1]) say('executed', await client.execute('select name, age, 1.5 as d from people where id = ?', [id]));
  const prepared = await client.prepare('select name, details from people where id = ?');
  say('prepared', [prepared.parameterCount, prepared.columns.map((column) => [column.name(), column.type, column.dataTypeFormat])]);
  for (const id of [1, 3, 4, 99]) say('prepared', await prepared.execute([id]));
  prepared.close();
  say('everywhere', sorted(await client.query('select id, name, age, details from people')));
  say('some of them', sorted(await client.execute(
    'select p.name, c.name as land from people p join countries c on c.code = p.country where p.age > ?', [30])));
  say('nobody', await client.query('select name from people where age > 200'));
  say('joined', await client.query(
    'select v.page, v.path, p.name from visits v join people p on p.id = v.person where p.id = ? order by v.page desc limit 2', [1]));
  say('reference', await client.query('select * from countries order by code'));
  say('single', await client.query('select entry, what from journal order by entry'));
  say('as arrays', await client.query({ sql: 'select id, name from people where id = 1', rowsAsArray: true }));
  const streamed = [];
  for await (const row of client.queryStream('select name from people')) streamed.push(row.name);
  say('streamed', streamed.sort());
}

async function pipeline(client) {
  say('pipeline', await Promise.all([1, 3, 4, 1, 3].map((id) => client.query('select name from people where id = ?', [id]))));
  say('prepared pipeline', await Promise.all([1, 3, 4, 1, 3].map((id) => client.execute('select age from people where id = ?', [id]))));
  const outcomes = await Promise.allSettled([
    client.query("insert into people (id, name) values (17, 'Grace')"), client.query("insert into people (id, name) values (17, 'twice')"),
    client.execute('insert into people (id, name) values (?, ?)', [3, 'twice']), client.execute('select nothing from people where id = ?', [1]),
    client.query('select name from people where id = 17'), client.query("delete from people where id = 17")]);
  say('failures in it', outcomes.map((one) => (one.status === 'fulfilled' ? one.value : [one.reason.errno, one.reason.sqlState, one.reason.sqlMessage])));
  const inside = await Promise.all([client.beginTransaction(), ...[1, 3, 4].map((id) => client.query('update people set age = age + 1 where id = ?', [id])),
    client.query('select age from people where id = 1'), client.query('rollback'), client.query('select age from people where id = 1')]);
  say('transaction in it', inside.slice(1));
}

// As the connector makes them unless it is told otherwise: COM_STMT_BULK_EXECUTE where the server has it.
async function batches(client) {
  say('batch', await client.batch('insert into visits values (?, ?, ?)', [[3, 1, '/'], [3, 2, '/notes'], [3, 3, '/more']]));
  say('batch of several shards', await client.batch('insert into people (id, name, age) values (?, ?, ?)', [[17, 'Grace', 1], [19, 'Hedy', null], [25, 'Radia', 3]]));
  say('batch of updates', await client.batch('update people set age = ? where id = ?', [[2, 17], [2, 19], [2, 25], [2, 99]]));
  say('batch of one shard that ignores', await client.batch('insert ignore into people (id, name) values (?, ?)', [[17, 'twice'], [3, 'twice']]));
  say('batch of several shards that ignores', await client.batch('insert ignore into people (id, name) values (?, ?)', [[17, 'twice'], [19, 'twice'], [27, 'Karen']]));
  say('upserts', await client.batch('insert into people (id, name, age) values (?, ?, ?) on duplicate key update age = values(age)',
    [[17, 'Grace', 5], [19, 'Hedy', 6], [27, 'Karen', 7], [28, 'Frances', 8]]));
  say('batch of journal', await client.batch('insert into journal (what) values (?)', [['a'], ['b'], ['c']]));
  say('batch of countries', await client.batch('insert into countries values (?, ?)', [['es', 'Spain'], ['it', 'Italy'], ['pt', 'Portugal']]));
  say('batch of countries changed', await client.batch('update countries set name = ? where code = ?', [['Espana', 'es'], ['Italia', 'it']]));
  say('batch of countries deleted', await client.batch('delete from countries where code = ?', [['es'], ['it'], ['pt']]));
  say('batch that returns', await client.batch('insert into visits values (?, ?, ?) returning page', [[3, 11, '/'], [3, 12, '/notes']]));
  say('each outcome', await client.batch({ fullResult: true, sql: 'insert into journal (what) values (?)' }, [['d'], ['e']]));
  say('one at a time', await client.batch({ bulk: false, fullResult: false, sql: 'insert into visits values (?, ?, ?)' }, [[4, 1, '/'], [4, 2, '/notes']]));
  say('added up', await client.batch({ fullResult: false, sql: 'insert into people (id, name) values (?, ?)' }, [[30, 'Sister'], [31, 'Mary'], [32, 'Kenneth']]));
  await client.beginTransaction();
  await client.batch('delete from people where id = ?', [[17], [19], [25], [27], [28], [30], [31], [32]]);
  say('deleted', sorted(await client.query('select id from people')));
  await failing('batch with a duplicate in it', client.batch('insert into people (id, name) values (?, ?)', [[17, 'Grace'], [19, 'Hedy'], [3, 'twice'], [25, 'Radia']]));
  say('batch behind it', await client.batch('insert into people (id, name) values (?, ?)', [[17, 'Grace'], [19, 'Hedy'], [25, 'Radia']]));
  say('in the transaction', sorted(await client.query('select id, name from people')));
  await client.rollback();
  await failing('batch with a duplicate', client.batch('insert into visits values (?, ?, ?)', [[3, 5, '/'], [3, 5, '/'], [3, 6, '/']]));
  await failing('batch of several shards with a duplicate', client.batch('insert into people (id, name) values (?, ?)', [[40, 'a'], [41, 'b'], [3, 'twice'], [42, 'c']]));
  await failing('batch of several shards, too long', client.batch('insert into people (id, name) values (?, ?)', [[40, 'a'], [41, 'b'], [42, 'x'.repeat(50)]]));
  await failing('batch of updates, one too long', client.batch('update people set name = ? where id = ?', [['a', 17], ['b', 19], ['x'.repeat(50), 25], ['d', 27]]));
  const many = Array.from({ length: 500 }, (_, i) => [1000 + i, `number ${i}`, i % 90]);
  say('many', await client.batch('insert into people (id, name, age) values (?, ?, ?)', many));
  say('many deleted', await client.batch('delete from people where id = ?', many.map(([id]) => [id])));
  say('after the batch', sorted(await client.query('select * from visits')));
  say('people after it', sorted(await client.query('select id, name, age from people')));
  await client.batch('delete from people where id = ?', [[17], [19], [25], [27], [28], [30], [31], [32]]);
}

async function transactions(client) {
  const ages = async () => sorted(await client.query('select id, age from people where age is not null'));
  await client.beginTransaction();
  await client.execute('update people set age = age + 1 where id = ?', [1]);
  await client.rollback();
  say('rolled back', await ages());
  await client.beginTransaction();
  for (const id of [1, 3, 4]) say('of several shards', await client.execute('update people set age = age + 1 where id = ?', [id]));
  await client.query('savepoint mark');
  await client.query('delete from people where id = 7');
  await client.query('rollback to mark');
  await failing('duplicate in it', client.query("insert into people (id, name) values (3, 'twice')"));
  await client.query("insert into journal (what) values ('aged')");
  await client.commit();
  say('committed', await ages());
}

async function errors(client) {
  await failing('too long', client.query('insert into people (id, name) values (26, ?)', ['x'.repeat(50)]));
  await failing('no value', client.execute('insert into people (id, name) values (?, ?)', [26, null]));
  await failing('check', client.query("insert into people (id, name, age) values (26, 'x', -1)"));
  await failing('no parent', client.query("insert into visits values (20, 1, '/')"));
  await failing('no column', client.query('select nothing from people where id = 1'));
  await failing('prepared, no column', client.execute('select nothing from people where id = ?', [1]));
  await failing('syntax', client.query('selec 1'));
  await failing('no such table', client.execute('select * from nowhere'));
  say('still', await client.query('select 1 as one'));
}

async function sessions(options) {
  const client = await mariadb.createConnection({ ...options, permitLocalInfile: true, multipleStatements: true,
    infileStreamFactory: () => Readable.from([Buffer.from('16,/sixteen\n2'), Buffer.from('1,/twenty-one\n')]) });
  say('loaded', await client.query("load data local infile 'pages' into table visits fields terminated by ',' (page, path) set person = 3"));
  say('what was loaded', await client.query('select page, path from visits where person = 3 and page in (16, 21) order by page'));
  say('several', await client.query('select 1 as a; select 2 as b'));
  await client.query('set @mine = 5');
  say('variable', await client.query('select @mine as mine'));
  await client.ping();
  await client.reset();
  say('reset', await client.query('select @mine as mine, @@time_zone as zone'));
  await client.changeUser({ user: options.user, password: options.password, database: options.database });
  say('changed user', await client.query('select name from people where id = 3'));
  await client.end();
}

async function pooled(options) {
  const pool = mariadb.createPool({ ...options, connectionLimit: 4, resetAfterUse: true });
  say('pool', await Promise.all([1, 3, 4, 1, 3, 4, 1, 3].map((id) => pool.query('select name from people where id = ?', [id]))));
  await Promise.all([1, 3, 4, 1, 3, 4].map(async (id) => {
    const client = await pool.getConnection();
    await client.beginTransaction();
    await client.execute('update people set age = age + 1 where id = ?', [id]);
    await client.commit();
    await client.release();
  }));
  say('aged', sorted(await pool.query('select id, age from people')));
  await pool.end();
}

async function main(uri) {
  const { username: user, password, hostname: host, port, pathname } = new URL(uri);
  const options = { user, password, host, port: Number(port), database: pathname.slice(1), timezone: 'Z', connectTimeout: 10000 };
  const client = await mariadb.createConnection(options);
  for (const part of [writes, reads, pipeline, batches, transactions, errors]) await part(client);
  await sessions(options);
  await pooled(options);
  say('drop', await client.query('drop table visits, people, countries, journal'));
  await client.end();
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
