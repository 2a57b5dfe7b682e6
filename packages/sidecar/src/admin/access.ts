import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { fileText } from '@sputnikjs/messaging/net';

/** The purpose of a request: to probe, to look, or to control (change or tap). */
export type Purpose = 'probe' | 'read' | 'control';

/** The rules of access. */
export interface AccessSettings {
  /** The listener is a Unix socket: the permissions of the file decide. */
  readonly viaSocket: boolean;
  /** Only this machine reaches the port. */
  readonly loopback: boolean;
  /** Anybody who reaches the port may look. */
  readonly unprotected: boolean;
  /** Names under which the satellite is reached, in addition to `localhost`. */
  readonly hosts: readonly string[];
  readonly tokenFile: string | undefined;
}

/** Why a request is refused, and what to do. */
export interface Denial {
  readonly status: 401 | 403 | 421;
  readonly text: string;
}

/**
 * Why a request is refused; undefined if it is allowed. Any web page can make a browser on this machine send requests to the satellite: with
 * a host name of its own that leads here (an unknown `Host`), or with a form (a foreign `Origin`).
 */
export async function denied(
  settings: AccessSettings,
  purpose: Purpose,
  headers: IncomingHttpHeaders,
): Promise<Denial | undefined> {
  const { host = '', origin, authorization = '' } = headers;
  // guard: an unknown Host is refused
  if (!settings.viaSocket && !isKnown(host, settings.hosts))
    return {
      status: 421,
      text: `the satellite does not know the host ${JSON.stringify(host)}; add it to "admin.hosts"`,
    };
  // guard: a foreign Origin is refused
  if (origin !== undefined && originHost(origin) !== host)
    return { status: 403, text: 'the request comes from a page with another origin' };
  if (purpose === 'probe' || settings.viaSocket) return undefined;
  // guard: whoever only looks needs no token on this machine
  if (purpose === 'read' && (settings.loopback || settings.unprotected)) return undefined;
  const { tokenFile } = settings;
  // guard: without a token nobody controls a satellite over a port
  if (tokenFile === undefined)
    return {
      status: 403,
      text: 'this needs a token: give "admin.tokenFile", or use the Unix socket of "admin.socket"',
    };
  const shown = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  if (shown === undefined) return { status: 401, text: 'this needs the header "Authorization: Bearer <token>"' };
  // guard: a wrong token is refused
  if (!isToken(tokenFile, shown)) return { status: 401, text: 'the token is wrong' };
  return undefined;
}

/** An IP address is always allowed as `Host`: only names can be made to lead elsewhere. */
function isKnown(host: string, names: readonly string[]): boolean {
  const name = hostname(host);
  if (name === undefined) return false;
  return isIP(name.replace(/^\[|\]$/g, '')) > 0 || ['localhost', ...names].includes(name.toLowerCase());
}

function hostname(host: string): string | undefined {
  return URL.canParse(`http://${host}/`) ? new URL(`http://${host}/`).hostname : undefined;
}

function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

/** The file is read each time: a new token counts at once. */
function isToken(file: string, shown: string): boolean {
  const token = tokenOf(file);
  return token !== '' && timingSafeEqual(digest(token), digest(shown));
}

function tokenOf(file: string): string {
  try {
    return fileText(file, 'cannot read the token').trim();
  } catch {
    return '';
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
