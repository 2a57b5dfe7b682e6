import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Routing, ROUTES, targetOf } from '../dist/route/routing.js';
import { prioritiesOf } from '../dist/route/selector.js';
import { parse } from './parsing.js';

type Entry = readonly [selector: string, target: string];

async function routing(entries: readonly Entry[], otherwise = 'default'): Promise<Routing> {
  const list = entries.map(([Selector, Target]) => ({ Selector, Target }));
  const result = await ROUTES['~standard'].validate(list);
  assert.ok(!result.issues, JSON.stringify(result.issues));
  return new Routing(result.value, targetOf(otherwise));
}

async function problems(list: unknown): Promise<string[]> {
  const result = await ROUTES['~standard'].validate(list);
  return (result.issues ?? []).map(({ message, path = [] }) => `${path.map(String).join('.')}: ${message}`);
}

const PRI = {
  kernErr: 3,
  kernInfo: 6,
  mailNotice: 21,
  mailWarning: 20,
  ftpWarning: 92,
  local0Err: 131,
  local0Debug: 135,
};

// The original's own table of cases, and its README's example
for (const [selector, chosen] of [
  ['notice,warning', ['mailNotice', 'mailWarning', 'ftpWarning']],
  ['notice,notice', ['mailNotice']],
  ['mail.notice,warning', ['mailNotice', 'mailWarning']],
  ['mail.notice', ['mailNotice']],
  ['mail.', ['mailNotice', 'mailWarning']],
  ['mail.,', ['mailNotice', 'mailWarning']],
  ['mail,ftp', ['mailNotice', 'mailWarning', 'ftpWarning']],
  ['mail,mail', ['mailNotice', 'mailWarning']],
  ['local0.err,crit,alert,emerg', ['local0Err']],
  ['kern', ['kernErr', 'kernInfo']],
  ['data', []],
  [' Local0 . ERR , debug ', ['local0Err', 'local0Debug']],
] as const) {
  test('data that has a priority goes where its priority does, and where data does; else to the default', async () => {
    const frame = '<131>2 - - - - - - x';
    const of = async (...entries: Entry[]): Promise<readonly string[]> =>
      (await routing(entries)).targetsOf(parse(frame));
    assert.deepEqual(await of(['local0.err', 'errors'], ['data', 'bad'], ['info', 'other']), ['errors', 'bad']);
    assert.deepEqual(await of(['data', 'bad']), ['bad']);
    assert.deepEqual(await of(['local0', 'here']), ['here']);
    assert.deepEqual(await of(['kern', 'there']), ['default']);
    assert.deepEqual(await of(['local0', 'x.{facility}.{severity}.{priority}.{rfc}']), ['x.local0.err.131.-']);
    assert.deepEqual((await routing([['local0', 'here']])).targetsOf(parse('no PRI')), ['default']);
  });

  test(`the selector "${selector}" chooses what it names, and nothing above it`, async () => {
    const routes = await routing([[selector, 'here']]);
    const found = Object.entries(PRI).filter(([, pri]) => routes.targetsOf(parse(`<${pri}>x`))[0] === 'here');
    assert.deepEqual(
      found.map(([name]) => name),
      chosen,
    );
    assert.deepEqual(routes.targetsOf(parse('no PRI')), [selector === 'data' ? 'here' : 'default']);
  });
}

test('a facility without a name in the original has one here', () => {
  assert.deepEqual(prioritiesOf('ntp.emerg,debug'), [96, 103]);
});

test('a message goes to every target that matches, in order, and to each once; else to the default one', async () => {
  const routes = await routing([
    ['data', 'bad'],
    ['local0.err,crit', 'app'],
    ['err', 'errors'],
    ['local0', ' app '],
    ['err,err', 'errors'],
    ['local0.err', '{facility}'],
    ['err', 'local0'],
  ]);
  assert.deepEqual(routes.targetsOf(parse('<131>x')), ['app', 'errors', 'local0']);
  assert.deepEqual(routes.targetsOf(parse('<135>x')), ['app']);
  assert.deepEqual(routes.targetsOf(parse('<3>x')), ['errors', 'local0']);
  assert.deepEqual(routes.targetsOf(parse('x')), ['bad']);
  assert.deepEqual(routes.targetsOf(parse('<13>x')), ['default']);
});

for (const [entry, told] of [
  [
    { Selector: 'notice,mail', Target: 'x' },
    /^1: entry 2, selector "notice,mail": there is no severity "mail"; facilities and severities are joined by a dot/,
  ],
  [
    { Selector: 'mail,notice', Target: 'x' },
    /there is no facility "notice"; facilities and severities are joined by a dot/,
  ],
  [{ Selector: 'mail,data', Target: 'x' }, /"data" must stand alone/],
  [
    { Selector: 'any', Target: 'x' },
    /entry 2, selector "any": there is no facility "any"; expected one of kern, user,/,
  ],
  [
    { Selector: 'kern.warn', Target: 'x' },
    /entry 2, selector "kern.warn": there is no severity "warn", did you mean "warning"\?; expected one of emerg,/,
  ],
  [{ Selector: '.err', Target: 'x' }, /there is no facility ""/],
  [{ Selector: 'err,', Target: 'x' }, /there is no severity ""/],
  [{ Selector: ' ', Target: 'x' }, /entry 2, selector " ": is empty/],
  [{ Selector: 'kern', Target: ' ' }, /^1: entry 2, selector "kern": the target is empty/],
  [
    { Selector: 'kern', Target: 'a.{host}' },
    /entry 2, selector "kern": target "a\.\{host\}": there is no part "\{host\}", did you mean "\{hostname\}"\?; expected one of rfc,/,
  ],
  [{ Selector: 'kern', Target: 'a.{}' }, /there is no part "\{\}"/],
  [{ Selector: 'kern', Target: 'a.{__proto__}' }, /there is no part "\{__proto__\}"/],
  [{ Selector: 'kern', Target: 'a.{tag' }, /has a brace that stands alone/],
  [{ Selector: 'kern' }, /^1\.target: /],
  [{ Selector: 'kern', Target: 'x', Tragte: 1 }, /tragte/],
  ['kern', /^1: /],
] as const) {
  test(`an entry that makes no sense is told with its place and selector: ${JSON.stringify(entry)}`, async () => {
    const [line, ...others] = await problems([{ selector: 'data', target: 'x' }, entry]);
    assert.match(line ?? '', told);
    assert.deepEqual(others, []);
  });
}

test('all that is wrong is told at once', async () => {
  const list = [
    { selector: 'foo', target: '' },
    { selector: 'bar', target: 'x' },
  ];
  assert.equal((await problems(list)).length, 3);
});

const nasty = '<131>1 - a.b*>c/d#e+f$g\u0000h\u{1F680} -- . .. - x';

test('parts of a message in a target are one word each, whatever the sender wrote', async () => {
  const routes = await routing([], 'logs.{facility}.{hostname}.{app_name}.{proc_id}.{msg_id}/{severity}');
  assert.deepEqual(routes.targetsOf(parse(nasty)), ['logs.local0.a_b__c_d_e_f_g_h__.--._.__/err']);
  const old = parse('<131>Nov 23 18:01:02 10.0.0.99 app/x[7]: y');
  assert.deepEqual(routes.targetsOf(old), ['logs.local0.10_0_0_99.app_x.7.-/err']);
  assert.deepEqual(routes.targetsOf(parse('no PRI')), ['logs.-.-.-.-.-/-']);
});

test('every part that a target may have is that of the message', async () => {
  const all =
    '{rfc} {priority} {facility} {severity} {hostname} {tag} {app_name} {proc_id} {msg_id} {address} {transport} {listener}';
  const routes = await routing([], all);
  assert.deepEqual(routes.targetsOf(parse('<131>1 - h a 1 m - x')), [
    'RFC5424 131 local0 err h a a 1 m 192_0_2_7 udp 127_0_0_1_5514',
  ]);
  assert.deepEqual(routes.targetsOf(parse('<131>a[1]: x')), [
    'RFC3164 131 local0 err - a a 1 - 192_0_2_7 udp 127_0_0_1_5514',
  ]);
  assert.deepEqual(routes.targetsOf(parse('x')), ['- - - - - - - - - 192_0_2_7 udp 127_0_0_1_5514']);
});

test('no part makes a target longer than servers take', async () => {
  const routes = await routing([], '{hostname}.{tag}');
  const [target = ''] = routes.targetsOf(parse(`<131>1 - ${'h'.repeat(60_000)} ${'a'.repeat(255)} - - - x`));
  assert.deepEqual(
    target.split('.').map(({ length }) => length),
    [255, 255],
  );
});
