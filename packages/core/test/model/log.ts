import { lettersOf } from './outcomes.js';
import { codeOf } from './story.js';
import type { FlightPlan } from './plan.js';
import type { Call, Letter, Line } from './trace.js';

/** A flight as text: a line for each thing that happened, with the virtual time in milliseconds. */
export function logOf(lines: readonly Line[]): string {
  return lines
    .map((line, index) => `${String(index).padStart(4)} ${line.at.toFixed(1).padStart(8)}  ${textOf(line)}`)
    .join('\n');
}

function textOf(line: Line): string {
  switch (line.what) {
    case 'event':
      return `event ${Object.entries(line.event)
        .map(([key, value]) => (key === 'type' ? String(value) : `${key}=${show(value)}`))
        .join(' ')}`;
    case 'enter':
      return `${called(line.call)} {`;
    case 'exit':
      return `} ${called(line.call)}${line.call.ended?.threw ? ` throws ${show(line.call.ended.value)}` : ''}`;
    case 'write':
      return written(line.letter);
    case 'settle':
      return `${written(line.letter)}: ${line.letter.settled?.resolved ? '' : 'rejects '}${show(line.letter.settled?.value)}`;
    case 'outcome':
      return `${written(line.letter)}: ${line.letter.outcome?.threw ? 'fails' : 'is replied to'}`;
    case 'give up':
      return `${written(line.letter)}: its signal aborts`;
    case 'quiet': {
      const { state, connection, blocks } = line.status;
      const full = blocks.flatMap(({ responsibility, depth }) => (depth > 0 ? `${responsibility} ${depth}` : []));
      return `--- ${state}, connection ${connection}, ${line.timers} timers${full.length > 0 ? `, depth ${full.join(', ')}` : ''}`;
    }
    case 'outer':
      return `>>> ${line.act}${line.nth ? ` ${line.nth}` : ''}${line.value === undefined ? '' : ` ${show(line.value)}`}`;
    default:
      return Object.values({ ...line, at: '' })
        .map((part) => show(part))
        .join(' ')
        .trim();
  }
}

function called(call: Call): string {
  const { block, callback, argument } = call;
  const letters = lettersOf(call)
    .map(({ no }) => no)
    .join(', ');
  return `${block}.${callback}(${letters || argument === undefined ? letters : show(argument)})`;
}

function written({ no, kind, from, to, message }: Letter): string {
  return `${kind} ${no} ${from} -> ${to}${message ? '' : ' (null)'}`;
}

/** Of what is shown, as texts could be without end. */
const DEEPEST = 4;

function show(value: unknown, depth = 0): string {
  if (typeof value === 'string') return value;
  if (value instanceof Error) {
    const cause = value.cause === undefined ? '' : ` (cause: ${show(value.cause, depth + 1)})`;
    return `${codeOf(value) ?? value.name}: ${value.message.split('\n')[0]}${cause}`;
  }
  if (typeof value !== 'object' || value === null) return String(value);
  if (depth > DEEPEST) return '…';
  if (Array.isArray(value)) return `[${value.map((part) => show(part, depth + 1)).join(', ')}]`;
  if ('responsibility' in value) return String(value.responsibility);
  if ('to' in value && Object.keys(value).length === 1) return 'answer';
  return `{${Object.entries(value)
    .map(([key, part]) => `${key}: ${show(part, depth + 1)}`)
    .join(', ')}}`;
}

/** A plan, as short as it can be told. */
export function planText(plan: FlightPlan): string {
  return JSON.stringify(plan, (_, value: unknown) => value, 1).replaceAll(/\n\s*(?=[\]}])|(?<=[[{])\n\s*/g, '');
}
