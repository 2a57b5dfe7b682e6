import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RECEIVER_CONFIG, type ReceiverConfig, type SyslogMessage } from '@sputnikjs/adapter-syslog';
import { freePort } from '@sputnikjs/testkit/servers';
import { Collector, datagrams, dial, fly, texts } from './support.js';

/** As the original comes, with the blank in its key. */
const ORIGINAL = {
  SEVERITYLEVEL: 4,
  ADDRTCP: '127.0.0.1:5141',
  ADDRUDP: '0.0.0.0:5141',
  UDSPATH: '',
  ADDRTCPTLS: '127.0.0.1:5143',
  CLIENT_CERT_PATH: '',
  'CLIENT_KEY_PATH ': '',
  ROOT_CA_PATH: '',
};

async function read(raw: object): Promise<ReceiverConfig> {
  const result = await RECEIVER_CONFIG['~standard'].validate(raw);
  assert.ok(!result.issues, JSON.stringify(result.issues));
  return result.value;
}

test('the file that the original comes with is understood unchanged', async () => {
  const { listeners, severityLevel, onePort, warnings } = await read(ORIGINAL);
  assert.deepEqual(
    listeners.map(({ transport, host, port }) => [transport, host, port]),
    [
      ['tcp', '127.0.0.1', 5141],
      ['udp', '0.0.0.0', 5141],
    ],
  );
  assert.deepEqual({ severityLevel, onePort }, { severityLevel: 4, onePort: false });
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /nothing listens on ADDRTCPTLS \(127\.0\.0\.1:5143\): there is no certificate/);
});

test('all that the original can be told is understood', async () => {
  const { listeners, warnings } = await read({
    ...ORIGINAL,
    UDSPATH: '/run/syslog',
    CLIENT_CERT_PATH: 'cert.pem',
    'CLIENT_KEY_PATH ': 'key.pem',
    ROOT_CA_PATH: 'ca.pem',
  });
  const [tls, unix] = listeners.slice(2);
  assert.deepEqual(
    [tls?.transport, tls?.host, tls?.port, tls?.certFile, tls?.keyFile, tls?.caFile],
    ['tls', '127.0.0.1', 5143, 'cert.pem', 'key.pem', 'ca.pem'],
  );
  assert.deepEqual([unix?.transport, unix?.path], ['unix', '/run/syslog']);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /UDSPATH \(\/run\/syslog\) is a stream socket now/);
});

test('addresses may be of IPv6, or leave the host out for all', async () => {
  const { listeners } = await read({ ADDRTCP: '[::1]:601', ADDRUDP: ':514' });
  assert.deepEqual(
    listeners.map(({ host, port }) => [host, port]),
    [
      ['::1', 601],
      ['0.0.0.0', 514],
    ],
  );
});

test('the level lets pass what it did in the original, whatever the number; all without one', async () => {
  for (const [SEVERITYLEVEL, level] of [
    [-1, -1],
    [-7, -1],
    [0, 0],
    [9, 7],
    [undefined, 7],
  ] as const) {
    assert.equal((await read({ ADDRTCP: '127.0.0.1:5141', SEVERITYLEVEL })).severityLevel, level);
  }
});

test('limits of today may stand beside the keys of the original', async () => {
  const { listeners, timeZone } = await read({ ...ORIGINAL, maxConnections: 5, timeZone: 'Europe/Berlin' });
  assert.deepEqual([listeners[0]?.maxConnections, timeZone], [5, 'Europe/Berlin']);
});

for (const [raw, path, told] of [
  [{ SEVERITYLEVEL: 4 }, 'ADDRTCP', /no address to listen at; give ADDRTCP, ADDRUDP, UDSPATH or ADDRTCPTLS/],
  [{ ADDRTCP: 'localhost' }, 'ADDRTCP', /"localhost" is not an address; expected host and port/],
  [{ ADDRTCP: '127.0.0.1:99999' }, 'ADDRTCP', /is not an address/],
  [{ ADDRUDP: 5141 }, 'ADDRUDP', /expected text/],
  [{ ...ORIGINAL, SEVERITYLEVEL: 'err' }, 'SEVERITYLEVEL', /a whole number, from -1 for nothing to 7/],
  [{ ...ORIGINAL, CLIENT_CERT_PATH: 'x' }, 'CLIENT_KEY_PATH', /is not given; CLIENT_CERT_PATH needs it/],
  [{ ...ORIGINAL, CLIENT_KEY_PATH: 'x' }, 'CLIENT_CERT_PATH', /is not given; CLIENT_KEY_PATH needs it/],
  [{ ADDRTCP: '127.0.0.1:1', port: 5141 }, 'port', /does not go with ADDRTCP; give either the new keys or the old/],
] as const) {
  test(`what is wrong with one of the original is told by its keys: ${JSON.stringify(raw)}`, async () => {
    const { issues } = await RECEIVER_CONFIG['~standard'].validate(raw);
    assert.deepEqual(
      issues?.map(({ path }) => path),
      [[path]],
    );
    assert.match(issues?.[0]?.message ?? '', told);
  });
}

test('a receiver that is configured as the original was takes what that would, and tells what it does not', async (t) => {
  const [collector, port] = [new Collector<SyslogMessage>(), await freePort()];
  const address = `127.0.0.1:${port}`;
  const receiver = { ...ORIGINAL, ADDRTCP: address, ADDRUDP: address };
  const { logs } = await fly(t, collector, 'syslogproducer', { receiver });
  assert.match((await logs.first('originalConfiguration')).text, /ADDRTCPTLS/);
  await datagrams(port, ['<14>too minor', '<12>by UDP']);
  await collector.first(1);
  (await dial(t, port)).end('<15>too minor\n<11>by TCP\n');
  assert.deepEqual(texts(await collector.first(2)), ['by UDP', 'by TCP']);
});
