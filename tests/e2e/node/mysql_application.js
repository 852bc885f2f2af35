// What the applications of the MySQL drivers have in common: the tables, and how a step is told.
'use strict';
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

// Drivers give large numbers as BigInt and binary values as Buffer.
const plain = (_key, value) => {
  if (typeof value === 'bigint') return `${value}n`;
  return value && value.type === 'Buffer' ? Buffer.from(value.data).toString('hex') : value;
};
const say = (step, what) => console.log(JSON.stringify([step, what], plain));

const failing = async (step, promise) => {
  try {
    await promise;
    say(step, 'no error');
  } catch (error) {
    say(step, [error.code, error.errno, error.sqlState, error.sqlMessage]);
  }
};

// Where SQL gives no order.
const sorted = (rows) => rows.map((row) => JSON.stringify(row, plain)).sort();

const tables = () => readFileSync(join(__dirname, 'people.sql'), 'utf8').split(';').map((text) => text.trim()).filter(Boolean);

module.exports = { failing, say, sorted, tables };
