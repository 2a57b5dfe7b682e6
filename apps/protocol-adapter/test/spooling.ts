import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { freePort } from '@sputnikjs/testkit/servers';
import { folder, Satellite, spoolFolder } from './support.js';

/** A satellite that takes HTTP, and has a spool before a server. */
export interface Spooling {
  readonly satellite: Satellite;
  /** The folder of the spool. */
  readonly path: string;
  /** Resolves with the status. */
  readonly post: (target: string, body: string) => Promise<number>;
}

/** Starts one; it has connected when this resolves. */
export async function spooling(
  t: TestContext,
  connector: Record<string, unknown>,
  spool: Record<string, unknown> = {},
): Promise<Spooling> {
  const [http, path] = [await freePort(), spoolFolder(t)];
  const cf = folder(t, {
    'blocks.json': [
      { name: 'producer', responsibility: 'uplink' },
      { name: 'spool', module: '@sputnikjs/spool', needs: { producer: 'uplink' } },
      { name: 'httpgateway', module: '@sputnikjs/adapter-http' },
    ],
    'connector.json': connector,
    'httpgateway.json': { port: http },
    'spool.json': { path, flushAtLandingMs: 14_000, ...spool },
  });
  const satellite = new Satellite(t, cf);
  await satellite.logs('connected');
  return {
    satellite,
    path,
    async post(target, body) {
      const url = `http://127.0.0.1:${http}/produce/${encodeURIComponent(target)}`;
      return (await fetch(url, { method: 'POST', body })).status;
    },
  };
}

/** Lands a satellite, cleanly. What the landing has no time for is delivered after the next start: it is landed and started until nothing is left. */
export async function deliverAll(satellite: Satellite, start: () => Satellite): Promise<void> {
  for (let next = satellite; ; next = start()) {
    await next.logs('connected');
    next.process.kill('SIGTERM');
    assert.deepEqual(await next.ended, { code: 0, signal: null }, next.lines.slice(-5).join('\n'));
    if (next.records('spoolKept').length === 0) return;
  }
}
