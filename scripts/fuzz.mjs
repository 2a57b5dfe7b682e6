// Drives what strangers can say by so many inputs each, from a seed on: `npm run fuzz -- COUNT SEED [part]`, part being http, syslog, the server
// of a protocol (nats, nats-core, mqtt, redis, amqp), or configuration; all of them unless given. A run is repeated by its seed.
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { ROOT } from './packages.mjs';

const [count = '1000000', seed = String(Date.now() % 2 ** 31), part] = process.argv.slice(2);
console.log(`${count} inputs of each kind, seed ${seed}`);

const tests = (...files) => ['--test', '--test-timeout=86400000', '--test-reporter=spec', ...files];
const main = 'apps/protocol-adapter/dist-test/fuzz/main.js';
const RUNS = {
  http: tests('packages/adapter-http/dist-test/fuzz.test.js'),
  syslog: tests(...['fuzz', 'framing-properties'].map((name) => `packages/adapter-syslog/dist-test/${name}.test.js`)),
  ...Object.fromEntries(
    ['nats', 'nats-core', 'mqtt', 'redis', 'amqp', 'configuration'].map((name) => [name, [main, count, seed, name]]),
  ),
};
const env = {
  ...process.env,
  HTTP_FUZZ: count,
  HTTP_FUZZ_SEED: seed,
  SYSLOG_FUZZ: count,
  SYSLOG_FUZZ_SEED: seed,
  PATH: [process.env.PATH, join(ROOT, '.servers/bin')].join(delimiter),
};
for (const [name, args] of Object.entries(RUNS)) {
  if (part !== undefined && part !== name) continue;
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, env, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
