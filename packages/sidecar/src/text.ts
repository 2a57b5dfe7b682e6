/** Keys whose values are never shown. */
const SECRET = /password|passwd|secret|token|credential|key/i;

/** A value as problem texts show it: quoted, shortened, or hidden when its key sounds like a secret. */
export function shown(key: string, value: string): string {
  if (SECRET.test(key)) return 'the value (hidden)';
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}…` : value);
}

/** A text without the passwords that URLs carry: `mqtt://user:***@host`. */
export function scrubbed(text: string): string {
  return text.replaceAll(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/]*@/gi, '$1:***@');
}

/** Scheme, host and port of a URL, since all else of it may be a secret; undefined if it is none. */
export function placeOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, host } = new URL(url);
  return host === '' ? undefined : `${protocol}//${host}`;
}

/** The text of whatever was thrown, in one line. */
export function textOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return scrubbed(text.replaceAll(/\s*\n\s*/g, ' '));
}

/** What was thrown, its causes and the parts of aggregates, outermost first; each once. */
export function causes(error: unknown): readonly unknown[] {
  const found = new Set<unknown>();
  const visit = (one: unknown): void => {
    if (found.has(one)) return;
    found.add(one);
    if (one instanceof AggregateError) for (const part of one.errors) visit(part);
    if (one instanceof Error && one.cause !== undefined) visit(one.cause);
  };
  visit(error);
  return [...found];
}

/** What was thrown and its causes as one line; what an outer text already says is not repeated. */
export function chain(error: unknown): string {
  let line = '';
  for (const text of causes(error).map(textOf)) if (!line.includes(text)) line += line === '' ? text : `: ${text}`;
  return line;
}
