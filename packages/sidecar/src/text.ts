/** What the names of secrets have in them; and the words of such names that are parts of others, too. */
const SECRET = /passw|passphrase|passcode|secret|token|credential|creds|key|authorization|bearer|cookie/i;
const SECRET_WORDS = new Set(['pass', 'pwd', 'pin', 'otp', 'auth', 'seed', 'jwt', 'dsn', 'salt', 'sas']);

/** True if what a key is called, in any spelling, says that its value is a secret. */
export function soundsSecret(key: string): boolean {
  const words = key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  // guard: secrets are known by their names
  return SECRET.test(key) || words.some((word) => SECRET_WORDS.has(word));
}

/** A value as problem texts show it: quoted, shortened, or hidden when its key sounds like a secret. */
export function shown(key: string, value: string): string {
  if (soundsSecret(key)) return 'the value (hidden)';
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}…` : value);
}

/** What a URL has behind its path: a name and a value. */
const PARAMETER = /([?&])([^=&?#\s]{1,64})=[^&#\s]+/g;

/** A text without the passwords that URLs carry: `mqtt://user:***@host`, `https://host/?token=***`. */
export function scrubbed(text: string): string {
  let result = '';
  let done = 0;
  for (let at = text.indexOf('://'); at !== -1; at = text.indexOf('://', at + 1)) {
    const start = at + 3;
    if (start <= done || !/[a-z0-9+.-]/i.test(text.charAt(at - 1))) continue;
    const authority = text.slice(start, endOfAuthority(text, start));
    const [colon, host] = [authority.search(/[:@]/), authority.lastIndexOf('@')];
    if (authority[colon] === ':' && host !== -1) {
      result += `${text.slice(done, start + colon)}:***`;
      done = start + host;
    }
    // the next one may begin with the slash at the end of this one
    at = Math.max(at, start + authority.length - 2);
  }
  result += text.slice(done);
  // guard: secrets in the query of a URL are not shown
  return result.replaceAll(PARAMETER, (whole, start: string, name: string) =>
    soundsSecret(name) ? `${start}${name}=***` : whole,
  );
}

function endOfAuthority(text: string, start: number): number {
  const end = /[\s/]/g;
  end.lastIndex = start;
  return end.exec(text)?.index ?? text.length;
}

export { printable } from '@sputnikjs/messaging/net';

/** So much is shown of what others chose: a name of theirs, the text of a line. */
const [LONGEST_NAME, LONGEST_LINE] = [200, 2_000];

/** What others chose, as long as it has to be to be recognised. */
export function cutName(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
}

/** The text of a line, which may have names in it. */
export function cutLine(line: string): string {
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line;
}

/** Scheme, host and port of a URL, since all else of it may be a secret; undefined if it is none. */
export function placeOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, host } = new URL(url);
  return host === '' ? undefined : `${protocol}//${host}`;
}

/** So much of the text of an error is shown, and so many of its causes: others' errors may be of any size. */
const [LONGEST_TEXT, MOST_CAUSES] = [2_000, 16];

/** What `read` returns, or `otherwise` if it throws: an error of somebody else's may be a proxy, or have getters that throw. */
export function guarded<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    // guard: errors of any shape can be shown
    return otherwise;
  }
}

/** The text of whatever was thrown, in one line. Never throws. */
export function textOf(error: unknown): string {
  const text = guarded(
    () => String(error instanceof Error ? error.message || error.name : error),
    'an error that cannot be shown',
  );
  const short = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
  const lines = short.split('\n').map((line) => line.trim());
  return scrubbed(lines.filter((line) => line !== '').join(' '));
}

/** What was thrown, its causes and the parts of aggregates, outermost first; each once, and not more than anybody reads. Never throws. */
export function causes(error: unknown): readonly unknown[] {
  const found = new Set<unknown>();
  /** The next one last. */
  const open = [error];
  while (open.length > 0 && found.size < MOST_CAUSES) {
    const one = open.pop();
    if (found.has(one)) continue;
    found.add(one);
    open.push(...guarded(() => causesOf(one), []));
  }
  return open.length > 0 ? [...found, '…'] : [...found];
}

function causesOf(error: unknown): readonly unknown[] {
  if (!(error instanceof Error)) return [];
  const cause = error.cause === undefined ? [] : [error.cause];
  const parts = error instanceof AggregateError ? error.errors.slice(0, MOST_CAUSES) : [];
  return [...cause, ...parts.toReversed()];
}

/** What was thrown and its causes as one line; what an outer text already says is not repeated. */
export function chain(error: unknown): string {
  let line = '';
  for (const text of causes(error).map(textOf)) if (!line.includes(text)) line += line === '' ? text : `: ${text}`;
  return line;
}

/** How a block is called in texts: by its address, and by its name in brackets where the address does not end with that. */
export function blockTitle({
  name,
  responsibility,
}: {
  readonly name: string;
  readonly responsibility: string;
}): string {
  return responsibility === name || responsibility.endsWith(`/${name}`)
    ? responsibility
    : `${responsibility} (${name})`;
}
