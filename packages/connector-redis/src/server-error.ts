/** What to do about a server's refusal, by the word that it begins with. */
const ADVICE: Readonly<Record<string, string>> = {
  OOM: 'its memory is full: give it more (maxmemory), or keep less in the streams (maxLength)',
  WRONGTYPE: 'the key holds something other than a stream: choose another name, or delete it',
  READONLY: 'it is a replica: give the url of the primary',
  MASTERDOWN: 'it is a replica: give the url of the primary',
  MISCONF: 'it cannot write to its disk: check its log',
  NOREPLICAS: 'too few of its replicas are connected: check min-replicas-to-write',
  BUSY: 'a script keeps it busy: wait, or stop the script (SCRIPT KILL)',
  TRYAGAIN: 'it moves keys to another server; try again later',
  CLUSTERDOWN: 'servers of its cluster are missing',
  NOPERM: 'give the user the permission (ACL SETUSER)',
  NOAUTH: 'check username and password',
  WRONGPASS: 'check username and password',
  LOADING: 'it has just started; the connector tries again',
  MOVED: 'a cluster of several servers is not supported',
};

/** As long as they last the server takes nothing at all: messages are not refused then, they have to wait for another connection. */
const AWAY = new Set(['READONLY', 'MASTERDOWN', 'LOADING']);

/** As long as they last the server does not do what it is asked to; it can be asked again later. */
const PASSING = new Set(['OOM', 'MISCONF', 'NOREPLICAS', 'BUSY', 'TRYAGAIN', 'CLUSTERDOWN']);

/** An error that the server answered with; the library's own carries all that was sent, secrets and payloads. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
  /** The word that the server's text begins with, such as `OOM`. */
  readonly code: string;

  constructor(text: string) {
    const code = /^[A-Z]+/.exec(text)?.[0] ?? 'ERR';
    const advice = ADVICE[code];
    super(advice === undefined ? text : `${text.replace(/\.$/, '')}; ${advice}`);
    this.code = code;
  }

  /** True if the same may succeed later, over the same connection. */
  get isPassing(): boolean {
    return PASSING.has(this.code);
  }

  /** True if the connection is of no use after it. */
  get isFatal(): boolean {
    return AWAY.has(this.code) || this.message.startsWith('ERR Protocol error');
  }
}

export function isPassing(error: unknown): boolean {
  return error instanceof ServerError && error.isPassing;
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof ServerError && error.code === code;
}
