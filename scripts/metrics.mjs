// Writes docs/metrics.md: every metric that a satellite with our blocks has, as `/metrics` says it. With --check it says whether the file is current.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { METRICS } from '../packages/sidecar/dist/admin/metrics.js';
import { startRunner } from '../packages/sidecar/dist/index.js';
import { bridgeBlock } from '../packages/messaging/dist/index.js';
import { httpgateway, httpupstream } from '../packages/adapter-http/dist/index.js';
import { syslogproducer, syslogreceiver } from '../packages/adapter-syslog/dist/index.js';
import { webhook } from '../packages/adapter-webhook/dist/index.js';
import { spool } from '../packages/spool/dist/index.js';

const FILE = fileURLToPath(new URL('../docs/metrics.md', import.meta.url));

/** The lines of `/metrics` of a satellite that runs our blocks. */
async function scraped() {
  let port;
  const folder = mkdtempSync(join(tmpdir(), 'sputnik-metrics-'));
  const log = {
    debug() {},
    info: (fields) => void (fields.protocol === 'admin' && (port = fields.port)),
    warn() {},
    error() {},
  };
  const runner = await startRunner({
    blocks: [
      { name: 'producer', responsibility: 'uplink' },
      { name: 'spool', needs: { producer: 'uplink' } },
      { name: 'syslogproducer' },
      { name: 'syslogreceiver' },
      { name: 'httpgateway' },
      { name: 'webhook' },
      { name: 'bridge', responsibility: 'bridge' },
      { name: 'httpupstream' },
    ],
    blockFactories: { spool, syslogproducer, syslogreceiver, httpgateway, httpupstream, webhook, bridge: bridgeBlock },
    configs: {
      spool: { path: folder },
      bridge: { name: 'bridge', routes: [{ from: '#', to: '{1}' }] },
      sputnik: { admin: { port: 0 } },
      httpgateway: { port: 0, consume: { sources: ['orders'] }, request: { targets: ['prices'] } },
      webhook: { url: 'https://hook.example/', secret: `whsec_${Buffer.alloc(32).toString('base64')}` },
      httpupstream: { url: 'http://127.0.0.1:9/' },
      syslogreceiver: { listeners: [{ transport: 'udp', host: '127.0.0.1', port: 0 }] },
    },
    connector: {
      connect: () => ({
        producer: { produce: async () => {} },
        consumer: { consume: async () => ({ stop: async () => {} }) },
        requester: { request: async () => ({ payload: Buffer.alloc(0) }) },
      }),
      isConnected: () => true,
      disconnect() {},
    },
    log,
  });
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  await runner.stop();
  rmSync(folder, { recursive: true });
  return text;
}

function rowsOf(text, names) {
  const helps = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)\n(.*)/gm)];
  return helps
    .filter(([, name]) => names(name))
    .map(([, name, help, type, first]) => {
      const labels = [...first.matchAll(/(\w+)="/g)].map(([, label]) => `\`${label}\``);
      return `| \`${name}\` | ${type} | ${labels.join(', ')} | ${help} |`;
    });
}

const text = await scraped();
const own = new Set(METRICS.map(({ name }) => name));
const HEAD = '| metric | type | labels | |\n| --- | --- | --- | --- |';
const ours = METRICS.map(
  ({ name, type, labels, help }) =>
    `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
);
const page = `# Metrics

What \`GET /metrics\` of the [admin endpoints](../packages/sidecar/README.md#admin-endpoints) answers, in Prometheus' text format, or in
OpenMetrics where \`Accept\` asks for it. Names and labels are API: they change with a major version only. This page is written by
\`npm run metrics\`.

The label \`block\` is a responsibility.

${HEAD}
${ours.join('\n')}

Blocks measure more themselves (rule F6 in [lifecycle.md](lifecycle.md)). Such a metric has the name of the block's factory in it; what is
a loss counts in \`sputnik_messages_lost_total\`, too. Those of our adapters, of the spool and of bridges:

${HEAD}
${rowsOf(text, (name) => !own.has(name)).join('\n')}

HTTP's answers appear with the first of each kind: \`sputnik_httpgateway_answers_total\`, a counter with the labels \`block\`, \`status\` and,
of refusals, \`code\`. So does \`sputnik_webhook_attempts_total\`, a counter with the labels \`block\` and \`status\`: requests to the receiver of a
webhook, by the status of the answer, \`none\` where none came; and \`sputnik_httpupstream_replies_total\`, with the same labels: replies to
requests of the server, by their status.
`;
if (process.argv.includes('--check')) {
  const current = readFileSync(FILE, 'utf8') === page;
  if (!current) console.error('docs/metrics.md is not current: run npm run metrics');
  else console.log('docs/metrics.md: current');
  process.exit(current ? 0 : 1);
}
writeFileSync(FILE, page);
