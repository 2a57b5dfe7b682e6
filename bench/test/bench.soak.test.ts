import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MESSAGE_ROWS } from '../dist/messages.js';
import { PEER_ROWS } from '../dist/peers.js';
import { SERVER_ROWS } from '../dist/servers.js';

const programOf = (name: string): string => fileURLToPath(new URL(`../dist/${name}.js`, import.meta.url));
/** Runs a program with as little as possible; resolves with what it prints. */
const runQuick = async (name: string): Promise<string> =>
  (await promisify(execFile)(process.execPath, [programOf(name), '--quick'])).stdout;

test('the bench runs all its rows to the end and prints a figure for each', async () => {
  const stdout = await runQuick('index');
  const rows = stdout.split('\n').filter((line) => / ([Mk]\/s|µs|ms|MB|%) .* ([Mk]\/s|µs|ms|MB|%) /.test(line));
  const [ways, rsyslog, spool, growth, boot, outage] = [12, 4, 5, 6, 2, 1];
  const single = MESSAGE_ROWS.length + PEER_ROWS.length + SERVER_ROWS.length;
  assert.equal(rows.length, single + ways + rsyslog + spool + growth + boot + outage, stdout);
  assert.equal(stdout.match(/^ {2}the same of a socket that only counts +[\d.]+ %/gm)?.length, 2);
  assert.match(stdout, /^from its return to the first message, in ms +\d+ ms/m);
  assert.doesNotMatch(stdout, /NaN|Infinity|undefined/);
});

for (const name of ['threads', 'tls-thread'])
  test(`the table of ${name} has a figure in each cell`, async () => {
    const rows = (await runQuick(name)).split('\n').filter((line) => /^\| (here|thread|one|many) /.test(line));
    assert.ok(rows.length > 1);
    for (const row of rows) assert.match(row, /( \| \d+(\.\d+)?){3} \|$/);
  });
