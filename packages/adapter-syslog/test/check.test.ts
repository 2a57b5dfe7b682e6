import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { syslogproducer, syslogreceiver, syslogwriter } from '@sputnikjs/adapter-syslog';
import { producerBlock } from '@sputnikjs/messaging';
import { check } from '@sputnikjs/sidecar';

/** What `check` and `run` find wrong with these configurations. */
async function problemsOf(configs: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
  const { problems } = await check({
    blocks: [{ name: 'producer' }, { name: 'syslogwriter' }, { name: 'syslogproducer' }, { name: 'syslogreceiver' }],
    configs: { syslogreceiver: { port: 0 }, ...configs },
    blockFactories: { producer: producerBlock, syslogwriter, syslogproducer, syslogreceiver } as never,
    connector: { connect: () => ({}), isConnected: () => true, disconnect: () => {} },
  });
  return problems;
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sputnik-check-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('a bad route is found before anything starts, each entry for itself, with what is meant where that is known', async () => {
  const routes = (selector: string, target = 'logs'): object => ({ Selector: selector, Target: target });
  const cases: readonly (readonly [object, RegExp])[] = [
    [
      routes('local0.error'),
      /\[0\]: entry 1, selector "local0\.error": there is no severity "error", did you mean "err"\?/,
    ],
    [routes('warn'), /there is no facility "warn", did you mean "warning"\?/],
    [routes('local9'), /there is no facility "local9"; expected one of .*local7/],
    [routes('local0.err,loud'), /there is no severity "loud"/],
    [routes(''), /is empty/],
    [routes('kern', 'logs.{host}'), /there is no part "\{host\}", did you mean "\{hostname\}"\?/],
    [routes('kern', 'logs.{'), /a brace that stands alone/],
    [routes('kern', ' '), /the target is empty/],
    [{ Selector: 'kern', Targt: 'x' }, /unknown key|target/i],
  ];
  for (const [entry, problem] of cases) {
    const problems = await problemsOf({ syslogconf: [entry] });
    assert.ok(
      problems.length > 0 && problems.every((line) => line.startsWith('configs.syslogconf: ')),
      problems.join('\n'),
    );
    assert.match(problems.join('\n'), problem);
  }
  const both = await problemsOf({ syslogconf: [routes('local9'), routes('kern'), routes('local0.error')] });
  assert.equal(both.length, 2);
  assert.deepEqual(await problemsOf({ syslogconf: [routes('local0.err')] }), []);
  assert.deepEqual(await problemsOf({}), []);
});

test('routes that are named have to be there', async () => {
  assert.match((await problemsOf({ syslogproducer: { routing: 'mine' } })).join('\n'), /configs\.mine/);
  assert.deepEqual(await problemsOf({ syslogproducer: { routing: 'mine' }, mine: [] }), []);
});

test('certificates that are missing, or are none, are found, each by its listener and key', async (t) => {
  const path = await folder(t);
  const [empty, pem] = [join(path, 'empty.pem'), join(path, 'bad.pem')];
  await writeFile(empty, '');
  await writeFile(pem, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  const listeners = [
    { transport: 'udp', port: 0 },
    { transport: 'tls', port: 0, certFile: '/nowhere/a.pem', keyFile: empty },
    { transport: 'tls', port: 0, certFile: pem, keyFile: pem },
  ];
  const problems = await problemsOf({ syslogreceiver: { listeners } });
  assert.equal(problems.length, 3);
  assert.match(problems[0] ?? '', /^configs\.syslogreceiver: listeners\[1\]: cannot read certFile: ENOENT/);
  assert.match(problems[1] ?? '', /^configs\.syslogreceiver: listeners\[1\]: keyFile holds nothing in PEM/);
  assert.match(problems[2] ?? '', /^configs\.syslogreceiver: listeners\[2\]: cannot use certFile, keyFile or caFile/);
});

test('two listeners at one port are found; TCP and UDP may share it', async () => {
  const tcp = { transport: 'tcp', port: 5514 };
  assert.match((await problemsOf({ syslogreceiver: { listeners: [tcp, tcp] } })).join(), /TCP port 5514 .* is taken/);
  assert.deepEqual(await problemsOf({ syslogreceiver: { listeners: [tcp, { transport: 'udp', port: 5514 }] } }), []);
  assert.deepEqual(await problemsOf({ syslogreceiver: { port: 5514 } }), []);
});

test('a file that the writer cannot write is found; folders that are missing are made later', async (t) => {
  const path = await folder(t);
  await writeFile(join(path, 'file'), '');
  await mkdir(join(path, 'folder'));
  for (const [bad, why] of [
    ['file/unsent', /is no folder|ENOTDIR/],
    ['folder', /it is a folder/],
  ] as const) {
    const problems = await problemsOf({ syslogwriter: { path: join(path, bad) } });
    assert.match(problems.join(), /^configs\.syslogwriter: path: ".*" cannot be written: /);
    assert.match(problems.join(), why);
  }
  assert.deepEqual(await problemsOf({ syslogwriter: { path: join(path, 'to/be/made') } }), []);
});
