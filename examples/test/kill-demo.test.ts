import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '@sputnikjs/testkit/servers';
import { blocksOf, ROOT } from './support.js';

/** Ends all that the shell has started when the standard input ends: when the test is gone, be it killed. */
const GUARD = 'exec 3<&0; (read -r _ <&3; kill -9 0) > /dev/null 2>&1 &\n';

test('the README shows the kill: three messages are answered 202, the satellite is killed, and a server that comes later has them', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'demo-'));
  const [{ text } = assert.fail('it is gone')] = blocksOf('README.md').filter(({ language }) => language === 'sh');
  const [nats, http, monitor, syslog] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const script = text
    .replaceAll('/tmp/demo', join(folder, 'demo'))
    .replaceAll('18080', `${http}`)
    .replaceAll('8222', `${monitor}`)
    .replace('nats-server', `nats-server -a 127.0.0.1 -p ${nats}`);
  assert.ok(script.includes(`127.0.0.1:${http}`) && script.includes(`127.0.0.1:${monitor}`));
  const env = {
    ...process.env,
    PATH: `${process.env['PATH']}:/usr/sbin`,
    CONNECTOR_URL: `nats://127.0.0.1:${nats}`,
    HTTPGATEWAY_PORT: `${http}`,
    SYSLOGRECEIVER_PORT: `${syslog}`,
    SPUTNIK_ADMIN_PORT: '0',
  };
  // A group of its own: what it has started ends with it.
  const shell = spawn('bash', ['-c', GUARD + script], { cwd: ROOT, env, detached: true });
  t.after(() => {
    process.kill(-(shell.pid ?? 0), 'SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  let output = '';
  shell.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  await once(shell, 'exit');
  assert.match(output, /^(\n?\{.*\}\n202\n){3} *"messages": 3,\n/);
});
