// The small application by mysql2: prints one JSON line per step; the same lines are expected of every database.
'use strict';
const { Readable } = require('node:stream');
const mysql = require('mysql2/promise');

const say = (step, what) => console.log(JSON.stringify([step, what]));
const failing = async (step, promise) => {
  try {
    await promise;
    say(step, 'no error');
  } catch (error) {
    say(step, [error.code, error.errno, error.sqlState]);
  }
};

async function main(uri) {
  const client = await mysql.createConnection({ uri, multipleStatements: true, supportBigNumbers: true });
  const [inserted] = await client.query('insert into people values (?, ?, ?)', [1, 'Ada', 36]);
  say('insert', [inserted.affectedRows, inserted.insertId, inserted.warningStatus]);
  await client.query("insert into people values (2, 'Alan', 41)");
  const [rows, fields] = await client.query('select * from people where id = ?', [1]);
  say('read', [rows, fields.map((field) => [field.name, field.columnType])]);
  for (const id of [1, 2, 1]) say('prepared', (await client.execute('select name, age, 1.5 as d from people where id = ?', [id]))[0]);
  say('prepared types', (await client.execute('select ?, ?, ?, ?', ['text', 12, null, new Date(0)]))[0]);
  await client.beginTransaction();
  await client.execute('update people set age = age + 1 where id = ?', [1]);
  say('inside', (await client.query('select age from people where id = 1'))[0]);
  await client.rollback();
  await client.beginTransaction();
  say('updated', (await client.execute('update people set age = age + 1 where id = ?', [1]))[0].changedRows);
  await client.commit();
  say('after', (await client.query('select age from people where id = 1'))[0]);
  await failing('duplicate', client.execute('insert into people values (?, ?, ?)', [1, 'twice', null]));
  await failing('syntax', client.query('selec 1'));
  await failing('no such table', client.execute('select * from nowhere'));
  say('several', (await client.query('select 1 as a; select 2 as b'))[0]);
  await client.query({
    sql: "load data local infile 'people' into table people fields terminated by ','",
    infileStreamFactory: () => Readable.from([Buffer.from('3,Barbara,5\n'), Buffer.from('4,Dennis,6\n')]),
  });
  say('loaded', (await client.query('select name, age from people where id = 3'))[0]);
  say('streamed', await new Promise((resolve, reject) => {
    const seen = [];
    client.connection.query('select name from people where id = 4').stream()
      .on('data', (row) => seen.push(row.name)).on('end', () => resolve(seen)).on('error', reject);
  }));
  await client.query("set @mine = 5, time_zone = '+02:00'");
  say('session', (await client.query('select @mine as mine, @@time_zone as zone'))[0]);
  await client.ping();
  await client.changeUser({});
  say('changed user', (await client.query('select @mine as mine'))[0]);
  await client.end();
  const pool = mysql.createPool({ uri, connectionLimit: 4 });
  const names = await Promise.all([1, 2, 3, 1, 2, 3, 1, 2].map((id) => pool.execute('select name from people where id = ?', [id])));
  say('pool', names.map(([found]) => found[0].name));
  await pool.end();
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
