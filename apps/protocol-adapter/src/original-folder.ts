import { SputnikError } from '@sputnikjs/core';
import type { RawConfiguration, Reader } from '@sputnikjs/sidecar';

type Raw = Readonly<Record<string, unknown>>;

const SYSLOG = '@sputnikjs/adapter-syslog';
const NATS = '@sputnikjs/connector-nats';

/**
 * Reads the folder of a syslog satellite of the Go original as if it had been written for this one: its `connector.json` has
 * `CONN_URL`, the address of a NATS server, its `syslogproducer.json` has `STREAM`, which is the stream and its subject in one,
 * and its `blocks.json` names neither modules nor the producer, for there the program was made of them. Other folders are left as
 * they are. (`syslogreceiver.json` is understood by the receiver itself.)
 */
export class OriginalFolder implements Reader {
  readonly #folder: Reader;

  constructor(folder: Reader) {
    this.#folder = folder;
  }

  async read(name: string): Promise<RawConfiguration | undefined> {
    const found = await this.#folder.read(name);
    if (found === undefined || !(await this.#isOriginal())) return found;
    if (name === 'connector')
      return { ...found, value: connector(found.value as Raw, await this.#stream(), this.place(name)) };
    if (name === 'syslogproducer' && isRaw(found.value)) return { ...found, value: producer(found.value) };
    if (name === 'blocks' && Array.isArray(found.value)) return { ...found, value: blocks(found.value) };
    return found;
  }

  place(name: string): string {
    return this.#folder.place(name);
  }

  missing(names: readonly string[]): string {
    return this.#folder.missing(names);
  }

  strays(known: readonly string[]): readonly string[] {
    return this.#folder.strays(known);
  }

  async #isOriginal(): Promise<boolean> {
    const value = (await this.#folder.read('connector'))?.value;
    return isRaw(value) && 'CONN_URL' in value;
  }

  async #stream(): Promise<unknown> {
    const value = (await this.#folder.read('syslogproducer'))?.value;
    return isRaw(value) ? value['STREAM'] : undefined;
  }
}

/** The original's connector: NATS, and the stream that its producer made. User and password stood in the address. */
function connector({ CONN_URL, ...rest }: Raw, stream: unknown, place: string): Raw {
  const streams = stream === undefined ? [] : [{ name: stream, subjects: [stream], storage: 'file' }];
  return { module: NATS, ...withoutLogin(CONN_URL, place), streams, ...rest };
}

function withoutLogin(text: unknown, place: string): Raw {
  if (typeof text !== 'string' || !URL.canParse(text)) return { url: text };
  const url = new URL(text);
  const { username, password, protocol, host } = url;
  if (username === '') return { url: text };
  try {
    const login = { username: decodeURIComponent(username), password: decodeURIComponent(password) };
    return { url: `${protocol}//${host}`, ...login };
  } catch (cause) {
    const problem = `${place}: CONN_URL: the user or the password has a "%" that begins no escape; write it as %25`;
    throw new SputnikError('BAD_CONFIG', 'a configuration file cannot be read', { problems: [problem], cause });
  }
}

function producer({ STREAM, ...rest }: Raw): Raw {
  return STREAM === undefined ? rest : { target: STREAM, ...rest };
}

/** The original's blocks, each after those it sends to: the original did not heed their order. */
const SYSLOG_BLOCKS = ['syslogwriter', 'syslogproducer', 'syslogreceiver'];

/** In our order, with the producer in front that the original's connector brought along. */
function blocks(entries: readonly unknown[]): readonly unknown[] {
  const rank = (entry: unknown): number => (isRaw(entry) ? SYSLOG_BLOCKS.indexOf(String(nameOf(entry))) : -1);
  const known = entries
    .map((entry) => (isRaw(entry) && rank(entry) >= 0 ? { module: SYSLOG, ...entry } : entry))
    .toSorted((a, b) => rank(a) - rank(b));
  const hasProducer = entries.some((entry) => isRaw(entry) && nameOf(entry) === 'producer');
  return hasProducer ? known : [{ name: 'producer' }, ...known];
}

function nameOf(entry: Raw): unknown {
  return entry['name'] ?? entry['Name'];
}

function isRaw(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
