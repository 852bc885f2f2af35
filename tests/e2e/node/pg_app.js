// The small application by node-postgres: prints one JSON line per step; the same lines are expected of every database.
'use strict';
const { once } = require('node:events');
const { Client, Pool } = require('pg');
const Cursor = require('pg-cursor');
const { from: copyFrom, to: copyTo } = require('pg-copy-streams');

const say = (step, what) => console.log(JSON.stringify([step, what]));
const failing = async (step, promise) => {
  try {
    await promise;
    say(step, 'no error');
  } catch (error) {
    say(step, [error.code, error.severity]);
  }
};

async function main(url) {
  const client = new Client({ connectionString: url });
  await client.connect();
  const inserted = await client.query('insert into people values ($1, $2, $3) returning id, name', [1, 'Ada', 36]);
  say('insert', [inserted.command, inserted.rowCount, inserted.rows]);
  await client.query("insert into people values (2, 'Alan', 41)");
  say('read', (await client.query('select * from people where id = $1', [1])).rows);
  for (const id of [1, 2, 1]) {
    const named = { name: 'get', text: 'select name from people where id = $1', values: [id] };
    say('prepared', (await client.query(named)).rows);
  }
  await client.query('begin');
  await client.query('update people set age = age + 1 where id = $1', [1]);
  say('inside', (await client.query('select age from people where id = 1')).rows);
  await client.query('rollback');
  await client.query('begin');
  await client.query('update people set age = age + 1 where id = $1', [1]);
  await client.query('commit');
  say('after', (await client.query('select age from people where id = 1')).rows);
  await failing('duplicate', client.query('insert into people values ($1, $2)', [1, 'twice']));
  await failing('syntax', client.query('selec 1'));
  await client.query('begin');
  await failing('in transaction', client.query('select 1/0'));
  await failing('failed transaction', client.query('select 1'));
  await client.query('rollback');
  const stream = client.query(copyFrom('copy people (id, name) from stdin'));
  stream.end('3\tBarbara\n');
  await once(stream, 'finish');
  say('copied', (await client.query('select name, age from people where id = 3')).rows);
  const out = client.query(copyTo('copy (select 1 as a, 2 as b) to stdout'));
  let text = '';
  for await (const piece of out) text += piece;
  say('copy out', text);
  await client.query('begin');
  const cursor = client.query(new Cursor('select i from people, generate_series(1, 5) i where id = $1 order by i', [1]));
  say('cursor', [await cursor.read(2), await cursor.read(2), await cursor.read(2)]);
  await cursor.close();
  await client.query('commit');
  say('several', (await client.query('select 1 as a; select 2 as b')).map((result) => result.rows));
  say('binary', (await client.query({ text: 'select id from people where id = $1', values: [2], binary: true })).rows);
  await client.end();
  const pool = new Pool({ connectionString: url, max: 4 });
  const names = await Promise.all([1, 2, 3, 1, 2, 3, 1, 2].map((id) => pool.query('select name from people where id = $1', [id])));
  say('pool', names.map((result) => result.rows[0].name));
  await pool.end();
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
