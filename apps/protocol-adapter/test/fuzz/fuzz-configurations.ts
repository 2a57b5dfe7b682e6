import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check } from '@sputnikjs/sidecar';
import { randomFrom } from '@sputnikjs/testkit';
import type { Scope } from '@sputnikjs/testkit/servers';
import { OriginalFolder } from '../../dist/original-folder.js';
import { FuzzFailure } from './fuzz-servers.js';
import { mutated } from './mutate.js';

/** In each folder, and in no problem. No change copies a part of it that is as long as what is looked for. */
const SECRET = 'hunter2-correct-horse-battery-staple-xyzzy';
const PART = SECRET.slice(8, 36);
/** What stands before it, unless a change has taken that away: then it is the value of another key, and no secret any more. */
const HOLDER = /(?:"password": "|nats:\/\/me:|PASSWORD=")hunter2/;

const BLOCKS = `[
  { "name": "producer" },
  { "name": "syslogproducer", "module": "@sputnikjs/adapter-syslog" },
  { "name": "syslogreceiver", "module": "@sputnikjs/adapter-syslog", "needs": { "publisher": "syslogproducer" } },
  { "name": "httpgateway", "module": "@sputnikjs/adapter-http", "responsibility": "door" }
]`;
const CONNECTORS = [
  `{ "module": "@sputnikjs/connector-nats", "password": "${SECRET}", "username": "me", "url": ["nats://a:4222", "nats://b"],
  "streams": [{ "name": "S", "subjects": ["syslog", "http.>"], "storage": "file", "maxAgeSeconds": 3600 }] }`,
  `{ "module": "@sputnikjs/connector-mqtt", "password": "${SECRET}", "username": "me", "url": "mqtts://a:8883", "caFile": "/nowhere" }`,
  `{ "module": "@sputnikjs/connector-mqtt", "embedded": true, "port": 18830, "inFlight": 17 }`,
  `{ "module": "@sputnikjs/connector-redis", "password": "${SECRET}", "url": "redis://127.0.0.1:6379", "database": 3 }`,
  `{ "module": "@sputnikjs/connector-amqp", "url": "amqp://127.0.0.1:5672", "vhost": "/",
  "queues": [{ "name": "syslog", "type": "classic" }, { "name": "http", "type": "quorum" }] }`,
  `{ "CONN_URL": "nats://me:${SECRET}@127.0.0.1:4222" }`,
];
const OTHERS: Readonly<Record<string, string>> = {
  'door.json': '{ "port": 18080, "maxBodyBytes": 65536, "timeoutMs": 5000, "targets": ["a", "b*"] }',
  'syslogreceiver.yaml': `severityLevel: 5
timeZone: Europe/Berlin
listeners:
  - { transport: udp, port: 15514 }
  - transport: tcp
    port: 15515
    framing: auto # each for itself
    maxConnections: 10
  - transport: unix
    path: /tmp/log
    mode: "0660"
`,
  'syslogproducer.json': '{ "target": "logs.{severity}.{hostname}", "keepMessages": 100 }',
  'syslogconf.json':
    '[{ "Selector": "local0.err,crit", "Target": "app" }, { "Selector": "kern", "Target": "{hostname}" }]',
  'sputnik.yml': 'logLevel: warn\ntimeouts: { landingMs: 20000 }\nlanding:\n  delayMs: 5\n',
  'a.env': `CONNECTOR_USERNAME=me\nCONNECTOR_PASSWORD="${SECRET}"\n# a comment\nDOOR_PORT=18081\nexport SYSLOGRECEIVER_SEVERITY_LEVEL=4\n`,
};

/** Has folders checked whose files are not quite right, as {@link fuzzServers} has servers. */
export async function fuzzConfigurations(
  count: number,
  seed: number,
  scope: Scope,
): Promise<{ readonly right: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'sputnik-fuzz-'));
  scope.after(() => rm(folder, { recursive: true, force: true }));
  let right = 0;
  const written = new Map<string, string | Buffer>();
  for (let input = seed; input < seed + count; input++) {
    const random = randomFrom(input);
    const files = Object.entries({ ...OTHERS, 'blocks.json': BLOCKS, 'connector.json': pick(CONNECTORS, random) });
    const place = Math.floor(random() * files.length);
    let secret: string | undefined = PART;
    for (const [index, [name, text]] of files.entries()) {
      const content = index === place ? mutated(Buffer.from(text), random) : text;
      if (written.get(name) === content) continue;
      written.set(name, content);
      if (index === place && HOLDER.test(content.toString()) !== HOLDER.test(text)) secret = undefined;
      await writeFile(join(folder, name), content);
    }
    try {
      const { problems, warnings } = await check({ cf: folder, dialect: (reader) => new OriginalFolder(reader) });
      if (problems.length === 0) right++;
      for (const line of [...problems, ...warnings]) checkLine(line, secret);
      if (Object.keys(Object.prototype).length > 0) throw new Error('Object.prototype has been written to');
    } catch (cause) {
      throw new FuzzFailure(`configuration, seed ${input}, ${files[place]?.[0]}: ${(cause as Error).message}`, {
        cause,
      });
    }
  }
  return { right };
}

function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)] as T;
}

function checkLine(line: string, secret: string | undefined): void {
  if (secret !== undefined && line.includes(secret)) throw new Error(`a problem shows a secret: ${line}`);
  if (line.includes('\n')) throw new Error(`a problem has several lines: ${JSON.stringify(line)}`);
}
