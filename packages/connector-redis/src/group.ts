import type { RedisConfig } from './config.js';
import type { RedisLink } from './link.js';
import { hasCode } from './server-error.js';

/** Sees to it that a stream has the group: makes it, to begin with the oldest entry, if `createGroups` says so, else rejects if it is missing. */
export async function prepareGroup(link: RedisLink, stream: string, config: RedisConfig): Promise<void> {
  const { group, createGroups } = config;
  // looked at first: it takes fewer permissions, and no memory
  if ((await groupsOf(link, stream)).includes(group)) return;
  if (!createGroups) {
    const command = ['XGROUP', 'CREATE', quoted(stream), quoted(group), '0', 'MKSTREAM'].join(' ');
    throw new Error(
      `the stream ${JSON.stringify(stream)} has no consumer group ${JSON.stringify(group)}: create it with ${command}, or set "createGroups" to true`,
    );
  }
  try {
    await link.call('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM');
  } catch (error) {
    // somebody else was faster
    if (!hasCode(error, 'BUSYGROUP')) throw error;
  }
}

async function groupsOf(link: RedisLink, stream: string): Promise<readonly string[]> {
  try {
    const groups: unknown = await link.call('XINFO', 'GROUPS', stream);
    return (Array.isArray(groups) ? groups : []).filter(Array.isArray).map(nameOf);
  } catch (error) {
    if (hasCode(error, 'ERR')) return [];
    throw error;
  }
}

/** Of a group, as the server tells its properties: names and values by turns. */
function nameOf(properties: readonly unknown[]): string {
  return String(properties[properties.findIndex((name) => String(name) === 'name') + 1]);
}

/** As redis-cli wants it. */
function quoted(text: string): string {
  return /^[\w:.-]+$/.test(text) ? text : JSON.stringify(text);
}
