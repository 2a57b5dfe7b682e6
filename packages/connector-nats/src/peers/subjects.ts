import type { Peer } from '@sputnikjs/messaging';

/** What else a name has: it becomes % and its code unit, so that two names never become one token. */
const ESCAPED = /[^A-Za-z0-9_/-]/g;
/** Stands for an empty name; in others it is escaped. */
const EMPTY = '~';
const TOKEN = '[\\w%/~-]+';

/** All that belongs to the discovery of services (ADR-32). */
export const SERVICES = '$SRV';

/** Returns a name as a token of a subject: without wildcards, dots and white space. */
export function tokenOf(name: string): string {
  // guard: a name is one token
  const token = name.replace(ESCAPED, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return token === '' ? EMPTY : token;
}

/** Returns what the subjects begin with at which the processes of a whole take packets. */
export function prefixOf(whole: string): string {
  return `sputnik.${tokenOf(whole)}.`;
}

/** Returns where a process takes packets: each session has a subject below. */
export function addressOf({ whole, satellite, id }: Omit<Peer, 'format' | 'version'>): string {
  return `${prefixOf(whole)}${tokenOf(satellite)}.${tokenOf(id)}`;
}

/** Matches the subjects of the sessions of all processes of a whole: its address, and the session. */
export function sessionSubject(whole: string): RegExp {
  return new RegExp(`^(${prefixOf(whole)}${TOKEN}\\.${TOKEN})\\.([A-Za-z0-9]+)$`);
}

/** Returns the name under which a satellite is a service; others may have the same. */
export function serviceName(whole: string, satellite: string): string {
  const names = satellite === '' ? [whole] : [whole, satellite];
  return names.map((name) => name.replaceAll('/', '-').replace(/[^\w-]/g, '_') || '_').join('-');
}
