import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, natsServer } from '@sputnikjs/testkit/servers';
import { HttpLoad, TcpLoad } from './load.js';
import { deliverAll } from './spooling.js';
import { storedInJetStream } from './stored.js';
import { run, Satellite } from './support.js';
import { Tally } from './tally.js';

const CONF = fileURLToPath(new URL('../conf/nats-spool', import.meta.url));
const IS_ROOT = process.getuid?.() === 0;
/** As another user than root, CI has sudo. */
const SKIP = IS_ROOT || process.env['CI'] !== undefined ? false : 'only root can mount a disk: run it with sudo';
/** Of the disk, and of a file that somebody else has there. */
const [DISK, BALLAST_BYTES] = ['20m', 16_000_000] as const;
/** How often is looked whether something is so. */
const LOOK_MS = 20;

function asRoot(...command: readonly string[]): void {
  const [program = '', ...args] = IS_ROOT ? command : ['sudo', '-n', ...command];
  execFileSync(program, args);
}

/** A disk of 20 MB, in memory. It is gone with the test. */
function smallDisk(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'spool-'));
  t.after(() => {
    asRoot('umount', '--lazy', path);
    rmdirSync(path);
  });
  const user = `uid=${process.getuid?.()},gid=${process.getgid?.()}`;
  asRoot('mount', '-t', 'tmpfs', '-o', `size=${DISK},mode=0700,${user}`, 'tmpfs', path);
  return path;
}

/** Writes a file until the disk has no room for more of it. */
function takeAllRoom(path: string): void {
  const chunk = Buffer.alloc(65_536);
  try {
    for (;;) appendFileSync(path, chunk);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  }
}

/** Its deadline is that of the test. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(LOOK_MS);
}

test(
  'D6: a disk that fills under load stops intake, one that is freed has it go on by itself, and nothing accepted is lost',
  { skip: SKIP, timeout: 550_000 },
  async (t) => {
    const disk = smallDisk(t);
    const ballast = join(disk, 'ballast');
    const [server, syslogPort, httpPort] = [await natsServer(t), await freePort(), await freePort()];
    writeFileSync(ballast, Buffer.alloc(BALLAST_BYTES));
    const env = {
      CONNECTOR_URL: server.url,
      SYSLOGRECEIVER_PORT: `${syslogPort}`,
      HTTPGATEWAY_PORT: `${httpPort}`,
      SPUTNIK_ADMIN_PORT: '0',
      SPOOL_PATH: join(disk, 'spool'),
      SPOOL_FLUSH_AT_LANDING_MS: '14000',
    };
    const fly = (): Satellite => new Satellite(t, CONF, env);
    const satellite = fly();
    await satellite.logs('launched');
    const [http, tcp] = [new HttpLoad(httpPort), new TcpLoad(syslogPort)];
    const loads = Promise.all([http.run(), tcp.run()]);
    t.after(() => (http.isOver = tcp.isOver = true));
    const refusals = (): number => http.statuses.get(503) ?? 0;
    /** Resolves when more are refused, and none is taken any more. */
    const stopped = async (): Promise<void> => {
      for (let accepted = -1; accepted !== http.accepted.size || refusals() === 0;) {
        accepted = http.accepted.size;
        const before = refusals();
        await until(() => refusals() > before + 200);
      }
    };
    const resumed = async (): Promise<void> => {
      const before = http.accepted.size;
      await until(() => http.accepted.size > before + 100);
    };

    await stopped();
    const full = http.accepted.size;
    const answer = await run(t, 'curl', '-s', '-i', '-d', 'x', `http://127.0.0.1:${httpPort}/produce/http.load`);
    assert.match(answer, /^HTTP\/1\.1 503 /);
    assert.match(answer, /try again later/);
    assert.match(JSON.stringify(satellite.records('spoolStopped')), /ENOSPC/);
    // somebody else makes room
    rmSync(ballast);
    await resumed();
    takeAllRoom(ballast);
    await stopped();
    // the server comes, and what it gets makes room: that needs none itself
    await server.start();
    await resumed();
    http.isOver = tcp.isOver = true;
    await loads;
    await deliverAll(satellite, fly);

    const tally = await Tally.of(storedInJetStream(server));
    const missing = [...http.accepted].filter((key) => !tally.http.has(key));
    t.diagnostic(
      `${http.accepted.size} of HTTP accepted, ${full} of them before the disk was full, ${refusals()} refused, ` +
        `${missing.length} missing; ${tcp.sent} of TCP written, ${tally.tcp} stored`,
    );
    assert.deepEqual(missing, []);
    assert.deepEqual(new Set(http.statuses.keys()), new Set([202, 503]));
    assert.deepEqual([tally.tcp, tcp.connections], [tcp.sent, 1]);
  },
);
