import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RECEIVER_CONFIG, type ListenerConfig, type ReceiverConfig } from '@sputnikjs/adapter-syslog';

async function validated(raw: unknown) {
  const { issues, ...rest } = await RECEIVER_CONFIG['~standard'].validate(raw);
  const told = issues?.map(({ path = [], message }) => [path.map(String).join('.'), message] as const);
  return { told, config: (rest as { value?: ReceiverConfig }).value };
}

/** What is configured, complete. */
async function read(raw: unknown): Promise<ReceiverConfig> {
  const { told, config } = await validated(raw);
  assert.ok(config, JSON.stringify(told));
  return config;
}

function places(listeners: readonly ListenerConfig[]): string[] {
  return listeners.map(({ transport, host, port, path }) => `${transport} ${path || `${host}:${port}`}`);
}

test('without any configuration it listens on port 5514 of the loopback, for TCP and UDP', async () => {
  const { listeners, onePort, severityLevel, timeZone, warnings } = await read({});
  assert.deepEqual(places(listeners), ['tcp 127.0.0.1:5514', 'udp 127.0.0.1:5514']);
  assert.deepEqual(
    { onePort, severityLevel, timeZone, warnings },
    { onePort: true, severityLevel: 7, timeZone: undefined, warnings: [] },
  );
  const { maxMessageBytes, tooLong, delimiter, maxConnections, idleTimeoutMs, udpBufferBytes } = listeners[0] ?? {};
  assert.deepEqual(
    [maxMessageBytes, tooLong, delimiter, maxConnections, idleTimeoutMs, udpBufferBytes],
    [65_536, 'cut', 'any', 1024, 0, 8_388_608],
  );
});

test('there may be any number of listeners of each transport, with ports that are customary', async () => {
  const tls = { transport: 'tls', certFile: 'cert.pem', keyFile: 'key.pem' };
  const { listeners, onePort } = await read({
    listeners: [
      { transport: 'udp', host: '::', port: 514 },
      { transport: 'udp' },
      { transport: 'tcp', host: '0.0.0.0' },
      { transport: 'tcp', port: 601 },
      tls,
      { ...tls, port: 0 },
      { transport: 'unix', path: '/run/a' },
      { transport: 'unix', path: '/run/b', mode: '0600' },
    ],
  });
  assert.equal(onePort, false);
  assert.deepEqual(places(listeners), [
    'udp :::514',
    'udp 127.0.0.1:5514',
    'tcp 0.0.0.0:5514',
    'tcp 127.0.0.1:601',
    'tls 127.0.0.1:6514',
    'tls 127.0.0.1:0',
    'unix /run/a',
    'unix /run/b',
  ]);
  assert.deepEqual(
    listeners.slice(-2).map(({ mode }) => mode),
    ['0666', '0600'],
  );
});

test('limits go for all listeners, unless a listener has its own', async () => {
  const { listeners } = await read({
    maxMessageBytes: 1000,
    tooLong: 'refuse',
    listeners: [
      { transport: 'tcp' },
      { transport: 'tcp', port: 601, maxMessageBytes: 2000, tooLong: 'cut', delimiter: 'nul' },
    ],
  });
  assert.deepEqual(
    listeners.map(({ maxMessageBytes, tooLong, delimiter }) => [maxMessageBytes, tooLong, delimiter]),
    [
      [1000, 'refuse', 'any'],
      [2000, 'cut', 'nul'],
    ],
  );
});

test('environment variables can set the keys of the short form: the schema tells them', () => {
  const { jsonSchema } = RECEIVER_CONFIG['~standard'] as unknown as {
    jsonSchema: { input(o: object): { properties: object } };
  };
  const keys = Object.keys(jsonSchema.input({ target: 'draft-2020-12' }).properties);
  assert.ok(
    ['host', 'port', 'udp', 'tcp', 'severityLevel', 'timeZone', 'maxMessageBytes'].every((key) => keys.includes(key)),
  );
});

const tcp = { transport: 'tcp' };
for (const [raw, path, told] of [
  [{ prot: 5514 }, '', /Unrecognized key: "prot"/],
  [{ listeners: [{ ...tcp, prot: 1 }] }, 'listeners.0', /Unrecognized key: "prot"/],
  [{ listeners: [] }, 'listeners', />=1/],
  [{ listeners: [{}] }, 'listeners.0.transport', /"udp"\|"tcp"\|"tls"\|"unix"/],
  [{ listeners: [tcp], port: 5514 }, 'port', /short form of "listeners"/],
  [{ listeners: [tcp], udp: false }, 'udp', /short form of "listeners"/],
  [{ udp: false, tcp: false }, '', /at least one of "udp" and "tcp" must be true/],
  [
    {
      listeners: [
        { ...tcp, name: 'a' },
        { ...tcp, name: 'a' },
      ],
    },
    'listeners.1.name',
    /already a listener "a"/,
  ],
  [{ listeners: [{ ...tcp, path: '/x' }] }, 'listeners.0.path', /is for unix; leave it out, or .* than tcp/],
  [{ listeners: [{ ...tcp, certFile: 'x' }] }, 'listeners.0.certFile', /is for tls; leave it out/],
  [{ listeners: [{ ...tcp, udpBufferBytes: 4096 }] }, 'listeners.0.udpBufferBytes', /is for udp; leave it out/],
  [{ listeners: [{ transport: 'udp', delimiter: 'nul' }] }, 'listeners.0.delimiter', /is for tcp, tls, unix/],
  [{ listeners: [{ transport: 'unix', path: '/x', port: 1 }] }, 'listeners.0.port', /is for udp, tcp, tls/],
  [{ listeners: [{ transport: 'unix' }] }, 'listeners.0.path', /is not given; a listener for unix needs it/],
  [{ listeners: [{ transport: 'unix', path: '/x', mode: '999' }] }, 'listeners.0.mode', /octal digits, such as "0660"/],
  [
    { listeners: [{ transport: 'tls', certFile: 'x' }] },
    'listeners.0.keyFile',
    /is not given; a listener for tls needs it/,
  ],
  [{ severityLevel: 8 }, 'severityLevel', /<=7/],
  [{ timeZone: 'Mars/Olympus' }, 'timeZone', /is not a known time zone/],
  [{ maxMessageBytes: 479 }, 'maxMessageBytes', />=480/],
  [{ tooLong: 'drop' }, 'tooLong', /"cut"\|"refuse"/],
  [{ port: 65_536 }, 'port', /<=65535/],
] as const) {
  test(`this configuration is refused, saying where and why: ${JSON.stringify(raw)}`, async () => {
    const issues = (await validated(raw)).told;
    assert.deepEqual(
      issues?.map(([where]) => where),
      [path],
    );
    assert.match(issues?.[0]?.[1] ?? '', told);
  });
}

test('what is chosen of reading is checked', async () => {
  const chosen = {
    framing: 'newline',
    strict: true,
    tag: 'colon',
    defaultPri: 13,
    atSignInHost: true,
    zones: { CEST: '+02:00' },
  };
  const { listeners } = await read({
    ...chosen,
    listeners: [{ transport: 'tcp' }, { transport: 'udp', ...chosen, framing: undefined, tag: 'word' }],
  });
  const { framing, strict, tag, defaultPri, atSignInHost, zones } = listeners[0] as ListenerConfig;
  assert.deepEqual({ framing, strict, tag, defaultPri, atSignInHost, zones }, chosen);
  assert.equal(listeners[1]?.tag, 'word');
  for (const [wrong, path] of [
    [{ framing: 'lines' }, 'framing'],
    [{ tag: 'first' }, 'tag'],
    [{ defaultPri: 192 }, 'defaultPri'],
    [{ strict: 'yes' }, 'strict'],
    [{ zones: { CEST: '+2' } }, 'zones.CEST'],
    [{ zones: { cest: '+02:00' } }, 'zones.cest'],
    [{ zones: { CEST: 'Europe/Berlin' } }, 'zones.CEST'],
    [{ listeners: [{ transport: 'udp', framing: 'newline' }] }, 'listeners.0.framing'],
    [{ listeners: [{ transport: 'udp', proxyProtocol: true }] }, 'listeners.0.proxyProtocol'],
    [{ listeners: [{ transport: 'tcp', passphraseFile: 'x' }] }, 'listeners.0.passphraseFile'],
    [{ listeners: [{ transport: 'tcp', peerSubject: true }] }, 'listeners.0.peerSubject'],
  ] as const) {
    const { told = [] } = await validated(wrong);
    assert.ok(
      told.some(([where]) => where === path),
      JSON.stringify([wrong, told]),
    );
  }
});
