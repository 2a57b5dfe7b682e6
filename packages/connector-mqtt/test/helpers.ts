import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connector } from '@sputnikjs/connector-mqtt';
import { standaloneConnectors } from '@sputnikjs/testkit';
import type { Scope } from '@sputnikjs/testkit/servers';

export async function temporaryFolder(t: Scope): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sputnik-mqtt-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export const { makeConnector, open, connect } = standaloneConnectors(connector);

/** Configuration of an embedded broker on a free port. */
export const embedded: object = { embedded: true, port: 0 };

export function portOf({ url }: { readonly url: string }): number {
  return Number(new URL(url).port);
}
