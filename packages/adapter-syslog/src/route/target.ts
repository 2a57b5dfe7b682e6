import type { SyslogMessage } from '../parse/message.js';
import { FACILITIES, SEVERITIES } from './names.js';

type Part = (message: SyslogMessage) => string | undefined;

/** The parts of a message that a target can contain, as `{facility}`. */
const PARTS: { readonly [name: string]: Part } = {
  rfc: ({ rfc }) => rfc,
  priority: ({ priority }) => (priority === undefined ? undefined : String(priority)),
  facility: ({ facility }) => (facility === undefined ? undefined : FACILITIES[facility]),
  severity: ({ severity }) => (severity === undefined ? undefined : SEVERITIES[severity]),
  hostname: (message) => (message.rfc ? message.hostname : undefined),
  tag: application,
  app_name: application,
  proc_id: (message) => (message.rfc ? message.proc_id : undefined),
  msg_id: (message) => (message.rfc === 'RFC5424' ? message.msg_id : undefined),
  address: ({ source }) => source.address,
  transport: ({ source }) => source.transport,
  listener: ({ source }) => source.listener,
};

const PLACE = /\{([^{}]*)\}/;
/** Longest part, that of a host name; servers limit the length of subjects. */
const LONGEST = 255;
const UNSAFE = /[^A-Za-z0-9_-]/;
const ALL_UNSAFE = /[^A-Za-z0-9_-]/g;
const NIL = '-';

/** A target: a fixed text, or a text that contains parts of the message. */
export class Target {
  readonly #texts: readonly string[];
  readonly #parts: readonly Part[];

  /** Throws an error that lists the known parts if the text names another. */
  constructor(text: string) {
    const pieces = text.split(PLACE);
    this.#texts = pieces.filter((_, index) => index % 2 === 0);
    if (this.#texts.some((piece) => /[{}]/.test(piece))) {
      throw new Error(`target "${text}" has a brace that stands alone; expected a part as in "logs.{facility}"`);
    }
    this.#parts = pieces.filter((_, index) => index % 2 === 1).map((name) => partOf(name, text));
  }

  /** The text, if it is the same for all messages. */
  get fixed(): string | undefined {
    return this.#parts.length === 0 ? this.#texts[0] : undefined;
  }

  /** Returns the target of a message. A missing part becomes `-`. */
  of(message: SyslogMessage): string {
    let text = this.#texts[0] as string;
    for (let index = 0; index < this.#parts.length; index++) {
      text += safe(this.#parts[index]?.(message)) + (this.#texts[index + 1] as string);
    }
    return text;
  }
}

function application(message: SyslogMessage): string | undefined {
  if (message.rfc === 'RFC5424') return message.app_name;
  return message.rfc && message.tag;
}

function partOf(name: string, text: string): Part {
  const part = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined;
  if (part) return part;
  const near = Object.keys(PARTS).find((known) => name !== '' && known.startsWith(name));
  const hint = near === undefined ? '' : `, did you mean "{${near}}"?`;
  throw new Error(
    `target "${text}": there is no part "{${name}}"${hint}; expected one of ${Object.keys(PARTS).join(', ')}`,
  );
}

/**
 * Turns a part into one word for every server: dots, slashes, blanks, wildcards, and whatever else separates or matches names in NATS, MQTT,
 * RabbitMQ or Redis become `_`. So no sender can choose the level or the recipients of a subject.
 */
function safe(part: string | undefined): string {
  if (part === undefined || part === '') return NIL;
  const text = part.length > LONGEST ? part.slice(0, LONGEST) : part;
  return UNSAFE.test(text) ? text.replaceAll(ALL_UNSAFE, '_') : text;
}
