import { SputnikError, type Logger } from '@sputnikjs/core';
import { Admin, ADMIN, type Administered } from '../admin/admin.js';
import type { Setup } from '../folder/setup.js';
import { textOf } from '../text.js';
import type { Cleaner } from './cleaner.js';

/** Opens the admin endpoints, if configured, until the clean-up. */
export async function startAdmin(
  { name, settings, ownWiring }: Setup,
  around: Omit<Administered, 'name' | 'settings' | 'wiring'>,
  log: Logger,
  cleaner: Cleaner,
): Promise<Admin | undefined> {
  if (settings.admin === undefined) return undefined;
  const admin = new Admin({ ...around, name, settings: settings.admin, wiring: ownWiring });
  cleaner.push(() => admin.close());
  try {
    await admin.listen(log);
  } catch (error) {
    throw notStarted(ADMIN, error);
  }
  return admin;
}

/** The error of what could not be started before any block. */
export function notStarted(name: string, cause: unknown): SputnikError {
  const block = { name, responsibility: name };
  return new SputnikError('INIT_FAILED', `cannot start: ${textOf(cause)}`, { block, callback: 'start', cause });
}
