import { printable } from '../text.js';

/** The fields of a line of the log. */
type Fields = Readonly<Record<string, unknown>>;

/** Events whose text says all that their fields do. */
const SPOKEN: ReadonlySet<unknown> = new Set([
  'connecting',
  'connected',
  'connectFailed',
  'connectOverdue',
  'disconnected',
  'failed',
  'dropped',
  'landing',
  'landingSoon',
  'waiting',
  'landed',
  'listening',
  'uncaught',
]);
/** Fields that are shown otherwise, or are for machines. */
const HIDDEN: ReadonlySet<string> = new Set(['level', 'time', 'msg', 'event', 'error', 'code', 'block', 'stack']);
const [DIM, PLAIN] = ['\u001B[2m', '\u001B[22m'];
/** Longer values are for machines. */
const LONGEST_VALUE = 80;

/** A line for people: what happened, by its stable name and in words; then the fields that the words leave out, and the stack of a bug. */
export function messageFor(fields: Fields): string {
  const { event, msg, suppressed } = fields;
  const text = typeof msg === 'string' ? printable(msg) : '';
  const isSaid = typeof event !== 'string' || text.toLowerCase().startsWith(event.toLowerCase());
  const rest = SPOKEN.has(event)
    ? { suppressed }
    : Object.fromEntries(Object.entries(fields).filter(([key]) => !HIDDEN.has(key)));
  const shown = Object.entries(rest).flatMap(([key, value]) => pair(key, value));
  const more = shown.length === 0 ? '' : ` ${DIM}${shown.join(' ')}${PLAIN}`;
  return `${isSaid ? '' : `${event}: `}${text}${more}${stacksIn(fields)}`;
}

function pair(key: string, value: unknown): readonly string[] {
  if (value === undefined || typeof value === 'function') return [];
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.length > LONGEST_VALUE ? [] : [`${key}=${printable(text)}`];
}

function stacksIn({ error, stack }: Fields): string {
  const parts = [...(Array.isArray(error) ? (error as readonly Fields[]) : []), { stack }];
  return parts
    .flatMap((part) => (typeof part.stack === 'string' ? `\n${part.stack.split('\n').map(printable).join('\n')}` : []))
    .join('');
}
