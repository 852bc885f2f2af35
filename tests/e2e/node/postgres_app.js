// The small application by postgres.js, whose every statement is a pipeline with Flush. One JSON line per step.
'use strict';
const postgres = require('postgres');

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
  const sql = postgres(url, { max: 3, onnotice: () => {} });
  const one = postgres(url, { max: 1, prepare: false, onnotice: () => {} });
  say('insert', await sql`insert into people values (${1}, ${'Ada'}, ${36}) returning id, name`);
  await sql`insert into people ${sql({ id: 2, name: 'Alan', age: 41 })}`;
  say('read', await sql`select * from people where id = ${1}`);
  for (const id of [1, 2, 1]) say('prepared', await sql`select name from people where id = ${id}`);
  say('unprepared', await one`select name from people where id = ${2}`);
  say('transaction', await sql.begin(async (tx) => {
    await tx`update people set age = age + 1 where id = ${1}`;
    return tx`select age from people where id = ${1}`;
  }));
  await failing('rolled back', sql.begin(async (tx) => {
    await tx`update people set age = 0 where id = ${1}`;
    await tx`select 1/0`;
  }));
  await sql.begin(async (tx) => {
    await tx.savepoint((point) => point`select 1/0`).catch((error) => say('savepoint', error.code));
    say('after savepoint', await tx`select age from people where id = ${1}`);
  });
  say('pipeline', await Promise.all([1, 2, 1, 2].map((id) => sql`select name from people where id = ${id}`)));
  await failing('duplicate', sql`insert into people values (${1}, ${'twice'})`);
  await failing('syntax', sql`selec 1`);
  say('still', await sql`select 1 as one`);
  say('simple', await sql.unsafe('select 1 as a; select 2 as b'));
  const rows = [];
  await sql`select i from people, generate_series(1, 5) i where id = ${1} order by i`.cursor(2, (some) => { rows.push(some.length); });
  say('cursor', rows);
  say('describe', (await sql`select id, name from people where id = ${1}`.describe()).columns.map((column) => column.name));
  await sql.end();
  await one.end();
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
