import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect as plainConnect, createInbox, type NatsConnection } from '@nats-io/transport-node';
import { started, withPlain } from './helpers.js';
import { BYTE, foundBy, found, member, WRITES, type Member } from './peers-helpers.js';

/** What one service answers, as a client sees it that is not ours. */
async function asked(plain: NatsConnection, subject: string): Promise<Record<string, unknown>> {
  return (await plain.request(subject, '', { timeout: 20_000 })).json();
}

/** The same, as the discovery of services shows it. */
const WRITTEN = { format: WRITES.format, sputnik: WRITES.version };

function identity({ self, membership }: Member, kind: string): object {
  return {
    type: `io.nats.micro.v1.${kind}_response`,
    name: 'demo-syslog',
    id: self.id,
    version: '0.1.0',
    metadata: { whole: 'demo', satellite: 'syslog', subject: membership.address, ...WRITTEN },
  };
}

test('a stranger sees a process as a service, as the discovery of services says (ADR-32)', async (t) => {
  const { url } = await started(t);
  const one = await member(t, url, 'syslog');
  const { id } = one.self;
  const subject = `sputnik.demo.syslog.${id}`;
  assert.equal(one.membership.address, subject);
  await withPlain(url, async (plain) => {
    for (const service of ['', '.demo-syslog', `.demo-syslog.${id}`]) {
      assert.deepEqual(await asked(plain, `$SRV.PING${service}`), identity(one, 'ping'));
      assert.deepEqual(await asked(plain, `$SRV.INFO${service}`), {
        ...identity(one, 'info'),
        description: 'the satellite "syslog" of "demo"',
        endpoints: [{ name: 'packets', subject: `${subject}.*`, queue_group: '', metadata: {} }],
      });
      const { started: since, ...stats } = await asked(plain, `$SRV.STATS${service}`);
      assert.equal(new Date(String(since)).toISOString(), since);
      assert.deepEqual(stats, {
        ...identity(one, 'stats'),
        endpoints: [
          {
            name: 'packets',
            subject: `${subject}.*`,
            queue_group: '',
            num_requests: 0,
            num_errors: 0,
            last_error: '',
            processing_time: 0,
            average_processing_time: 0,
          },
        ],
      });
    }
  });
});

test('the outermost satellite, and names of all characters, are services with names that are allowed', async (t) => {
  const { url } = await started(t);
  const names: string[] = [];
  for (const [whole, satellite] of [
    ['demo', ''],
    ['demo', 'syslog/inner'],
    ['über all', 'a.b'],
    ['', ''],
  ] as const) {
    const { self, membership } = await member(t, url, satellite, {}, whole);
    await withPlain(url, async (plain) => {
      const { name, metadata } = await asked(plain, '$SRV.INFO');
      assert.deepEqual(metadata, { whole, satellite, subject: membership.address, ...WRITTEN });
      assert.equal((await asked(plain, `$SRV.PING.${String(name)}.${self.id}`))['id'], self.id);
      names.push(String(name));
    });
    await membership.leave();
  }
  assert.deepEqual(names, ['demo', 'demo-syslog-inner', '_ber_all-a_b', '_']);
});

test('what comes is told in the figures: packets, the time they took, and what is no packet', async (t) => {
  const { url } = await started(t);
  const [a, b] = [await member(t, url), await member(t, url, 'syslog')];
  for (let n = 0; n < 3; n++) a.membership.send(b.membership.address, 's1', BYTE);
  await b.packets.reaches(3);
  await withPlain(url, async (plain) => {
    plain.publish(`${b.membership.address}.s1`, 'garbage');
    const { endpoints } = await asked(plain, `$SRV.STATS.demo-syslog.${b.self.id}`);
    const [figures] = endpoints as readonly Record<string, number | string>[];
    assert.deepEqual([figures?.['num_requests'], figures?.['num_errors']], [3, 1]);
    assert.match(String(figures?.['last_error']), /^a message at "sputnik\.demo\.syslog\.p\d+\.s1" is no packet/);
    const time = Number(figures?.['processing_time']);
    assert.ok(time > 0);
    assert.equal(figures?.['average_processing_time'], Math.trunc(time / 3));
  });
});

test('who has left answers nobody; the server says so', async (t) => {
  const { url } = await started(t);
  const one = await member(t, url, 'syslog');
  await one.membership.leave();
  await withPlain(url, async (plain) => {
    for (const subject of ['$SRV.PING', '$SRV.INFO.demo-syslog', `$SRV.STATS.demo-syslog.${one.self.id}`])
      await assert.rejects(plain.request(subject, '', { timeout: 20_000 }), { message: /no responders/ });
  });
});

test('garbage at the subjects of a process harms nothing: no packet, no loss, nothing found that is none', async (t) => {
  const { url } = await started(t);
  const [a, b, other] = [await member(t, url), await member(t, url, 'syslog'), await member(t, url, '', {}, 'other')];
  const to = b.membership.address;
  const plain = await plainConnect({ servers: new URL(url).host });
  t.after(() => plain.close());
  const replies = [
    undefined,
    createInbox(),
    '$JS.API.STREAM.DELETE.KEPT',
    'sputnik',
    'sputnik.demo.s1',
    'sputnik.demo..s1',
    'sputnik.demo.*.>.s1',
    'sputnik.demo.a.b.c.s1',
    `${a.membership.address}.s2`,
    `${other.membership.address}.s1`,
    `x${a.membership.address}.s1`,
  ];
  for (const reply of replies) plain.publish(`${to}.s1`, 'x', reply === undefined ? {} : { reply });
  plain.publish(`${to}.*`, 'x', { reply: `${a.membership.address}.*` });
  plain.publish(`${to}.s1`, '', { reply: `${a.membership.address}.s1` });
  other.membership.send(to, 's1', BYTE);
  await Promise.all([plain.flush(), other.connector.isConnected()]);
  a.membership.send(to, 's1', Buffer.from('true'));
  await b.packets.reaches(1);
  const texts = b.packets.items.map(({ bytes }) => Buffer.from(bytes).toString());
  assert.deepEqual([texts, b.unreachable.items], [['true'], []]);

  const answers = ['', 'x', 'null', '[]', '{}', '{"metadata":null}'];
  const genuine = { type: 'io.nats.micro.v1.ping_response', name: 'demo-syslog', version: '1.0.0' };
  const mine = { whole: 'demo', satellite: 'syslog' };
  for (const wrong of [
    { id: 'x', metadata: { ...mine, whole: 'other' } },
    { id: 'x', metadata: { ...mine, satellite: 'http' } },
    { id: 'x', metadata: { whole: 'demo' } },
    { id: 7, metadata: mine },
    { id: 'x', metadata: mine, type: 'io.nats.micro.v1.info_response' },
  ])
    answers.push(JSON.stringify({ ...genuine, ...wrong }));
  plain.subscribe('$SRV.PING.demo-syslog', {
    callback: (_, { reply = '' }) => {
      for (const answer of answers) plain.publish(reply, answer);
    },
  });
  await plain.flush();
  assert.deepEqual(await foundBy(a, ['syslog'], [b]), found(b));
  assert.equal(await b.connector.isConnected(), true);
});

test('an answer goes to no subject of the server that somebody names as the place for it', async (t) => {
  const { url } = await started(t);
  const one = await member(t, url);
  await withPlain(url, async (plain, { streams }) => {
    await streams.add({ name: 'KEPT', subjects: ['kept'] });
    plain.publish('$SRV.PING', '', { reply: '$JS.API.STREAM.DELETE.KEPT' });
    assert.equal((await asked(plain, '$SRV.PING'))['id'], one.self.id);
    assert.equal((await streams.info('KEPT')).config.name, 'KEPT');
  });
});
