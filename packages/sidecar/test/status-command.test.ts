import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { defineBlock } from '@sputnikjs/core';
import { gate, TestServer } from '@sputnikjs/testkit';
import { statusLines, type Drawing } from '../dist/cli/status-lines.js';
import { eventually, Watched } from './admin-helpers.js';
import { Cli, CLI, cli, cliHere } from './helpers.js';

/** A satellite with a block that is stuck, and has lost messages. */
async function stuck(): Promise<Watched> {
  const drain = defineBlock({
    name: 'drain',
    make: () => ({ mailbox: { capacity: 4, whenFull: 'drop-oldest' }, onMsg: () => gate().passed }),
  });
  const source = defineBlock({
    name: 'source',
    needs: { drain: 'drain' },
    make: (_config, to) => ({ run: () => [1, 2, 3, 4, 5, 6, 7].forEach((n) => to.drain.send({ n })) }),
  });
  const blocks = [{ name: 'drain' }, { name: 'source' }];
  const satellite = await Watched.start(
    { blocks, blockFactories: { drain, source } },
    {},
    { timeouts: { landingMs: 100 } },
  );
  await satellite.runner;
  await eventually(
    () => satellite.status(),
    ({ lost }) => lost.total === 3,
  );
  return satellite;
}

const plain: Drawing = { width: 80, colours: 'off', sort: 'boot', filter: '' };

test('status says how a running satellite is, in 80 columns, and is 0 while that is ready', async () => {
  const { url } = await stuck();
  const { code, stdout, stderr } = await cli(['status', '--admin', url]);
  assert.deepEqual([code, stderr], [0, []]);
  assert.match(stdout[0] ?? '', /^satellite {2}flying {2}● ready$/);
  assert.match(stdout.slice(1, 3).join(' '), /^Flying for .* drain is the bottleneck: 3 messages wait there\. 3 lost/);
  assert.ok(
    stdout.some((line) => /^drain +3\/4 ██████·· .* 3 ◂$/.test(line)),
    stdout.join('\n'),
  );
  assert.ok(stdout.some((line) => /^source +– /.test(line)));
  assert.ok(stdout.includes('  drain: 3 dropped. drain dropped accepted messages'));
  for (const line of stdout) assert.ok(line.length <= 82, line);
  const { stdout: json } = await cliHere(['status', '--admin', url, '--json']);
  assert.equal((JSON.parse(json.join('\n')) as { lost: { total: number } }).lost.total, 3);
});

test('status is 1 while the satellite is not ready, and says why', async () => {
  const connector = new TestServer();
  connector.vanish();
  const idle = defineBlock({ name: 'idle', make: () => ({}) });
  const { url } = await Watched.start({ blocks: [{ name: 'idle' }], blockFactories: { idle }, connector });
  const { code, stdout } = await cliHere(['status', '--admin', url]);
  assert.equal(code, 1);
  assert.match(stdout[0] ?? '', /○ not ready$/);
  assert.ok(
    stdout.some((line) => line.startsWith('  server: the server has been away')),
    stdout.join('\n'),
  );
});

test('status and top say where they looked when nobody answers, and what to do', async () => {
  for (const command of ['status', 'top']) {
    const { code, stdout, stderr } = await cliHere([command, '--admin', '/nowhere/admin.sock']);
    assert.deepEqual([code, stdout], [1, []]);
    assert.match(
      stderr.join(),
      /^no satellite answers at \/nowhere\/admin\.sock: .*ENOENT.*; is it running, with "admin" in sputnik\.json\?$/,
    );
  }
});

test('without a terminal top writes one status after the other', async () => {
  const { url } = await stuck();
  const run = new Cli(['top', '--admin', url]);
  await eventually(
    async () => run.stdout.filter((line) => line.startsWith('satellite  flying')).length,
    (count) => count >= 2,
  );
  assert.ok(!run.stdout.join('').includes('\u001B'), 'no colours');
  run.child.kill('SIGTERM');
  await run.end();
});

test('on a terminal top sorts, filters, helps, and leaves the terminal as it was', { timeout: 60_000 }, async () => {
  const { url } = await stuck();
  const command = `stty rows 24 cols 80; exec ${process.execPath} ${CLI} top --admin ${url}`;
  const terminal = spawn('script', ['-qec', command, '/dev/null'], { stdio: 'pipe' });
  let seen = '';
  terminal.stdout.setEncoding('utf8').on('data', (chunk: string) => (seen += chunk));
  const shows = (text: string): Promise<unknown> =>
    eventually(
      async () => seen,
      (all) => all.includes(text),
    );
  const type = (keys: string): void => {
    seen = '';
    terminal.stdin.write(keys);
  };
  await shows('drain');
  type('s');
  await shows('s sort: queue');
  type('/sour');
  await shows('filter: sour');
  await shows('1 more, which the filter hides');
  type('\r?');
  await shows('q        end');
  type('q');
  await once(terminal, 'close');
  assert.equal(terminal.exitCode, 0);
  assert.ok(seen.includes('\u001B[?25h\u001B[?1049l'), 'the cursor is back, and the screen');
});

test('what blocks measure themselves is told, but for what is nothing, and losses, which are told as such', async () => {
  const status = await (await stuck()).status();
  const [first] = status.blocks;
  assert.ok(first);
  const metric = { type: 'gauge', help: 'x' } as const;
  const measured = [
    { ...metric, name: 'kept_messages', value: 12 },
    { ...metric, name: 'kept_bytes', value: 1_234_567 },
    { ...metric, name: 'age_seconds', value: 3.26 },
    { ...metric, name: 'dead_letters', value: 0 },
    { ...metric, type: 'counter', name: 'frames_total', value: 7, labels: { listener: 'tcp' } },
    { ...metric, type: 'loss', name: 'dropped_total', value: 7 },
  ] as const;
  const of = (blocks: typeof status.blocks): readonly string[] => {
    const lines = statusLines({ ...status, blocks }, plain);
    return lines.slice(lines.indexOf('Measured'));
  };
  assert.deepEqual(
    of([
      { ...first, responsibility: 'spool', measured },
      { ...first, measured: [] },
    ]),
    ['Measured', '  spool: kept messages 12, kept bytes 1.2M, age seconds 3.3, frames (tcp) 7'],
  );
});

test('blocks are sorted and filtered; what comes from outside cannot steer the terminal', async () => {
  const status = await (await stuck()).status();
  const [first] = status.blocks;
  assert.ok(first);
  const named = (responsibility: string, more: object): typeof first => ({ ...first, responsibility, ...more });
  const blocks = [
    named('b', { depth: 1, acceptedRate: 5, lost: 0 }),
    named('a', { depth: 3, acceptedRate: 1, lost: 7 }),
    named('evil\u001B[2J\u202E', { depth: 2, acceptedRate: 9, lost: 1 }),
  ];
  const order = (drawing: Partial<Drawing>): string =>
    statusLines({ ...status, blocks, bottleneck: undefined }, { ...plain, ...drawing })
      .flatMap((line) => /^(a|b|evil\S*) .*\/4/.exec(line)?.[1]?.[0] ?? [])
      .join('');
  assert.deepEqual(
    [order({}), order({ sort: 'queue' }), order({ sort: 'rate' }), order({ sort: 'lost' }), order({ filter: 'b' })],
    ['bae', 'aeb', 'eba', 'aeb', 'b'],
  );
  const problems = [{ at: status.now, level: 'warn', text: '\u001B]0;title\u0007' }] as const;
  const text = statusLines({ ...status, blocks, problems, summary: 'x\u001B[31m' }, plain).join('\n');
  // oxlint-disable-next-line no-control-regex -- it is these that must not be there
  assert.doesNotMatch(text, /[\u0000-\u0009\u000B-\u001F\u202E]/);
});
