import type { SyslogMessage } from '../parse/message.js';
import { FACILITIES, SEVERITIES } from './names.js';

type Part = (message: SyslogMessage) => string | undefined;

/** The parts of a message that a target may have in it, `{facility}`. */
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
/** As long as a host name may be; servers limit the length of subjects. */
const LONGEST = 255;
const UNSAFE = /[^A-Za-z0-9_-]/;
const ALL_UNSAFE = /[^A-Za-z0-9_-]/g;
const NIL = '-';

/** Where messages go: a text, or one with parts of the message in it. */
export class Target {
  readonly #texts: readonly string[];
  readonly #parts: readonly Part[];

  /** Throws an Error that says which parts there are. */
  constructor(text: string) {
    const pieces = text.split(PLACE);
    this.#texts = pieces.filter((_, index) => index % 2 === 0);
    if (this.#texts.some((piece) => /[{}]/.test(piece))) {
      throw new Error(`target "${text}" has a brace that stands alone; expected a part as in "logs.{facility}"`);
    }
    this.#parts = pieces.filter((_, index) => index % 2 === 1).map((name) => partOf(name, text));
  }

  /** The name, where it is the same for all messages. */
  get fixed(): string | undefined {
    return this.#parts.length === 0 ? this.#texts[0] : undefined;
  }

  /** Where this message goes. A part that it does not have is `-`. */
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
 * A part as one word, whatever the server: dots, slashes, blanks, wildcards and all else that divides or matches names
 * in NATS, MQTT, RabbitMQ or Redis becomes `_`, so that no sender decides how deep, or for whom, a subject is.
 */
function safe(part: string | undefined): string {
  if (part === undefined || part === '') return NIL;
  const text = part.length > LONGEST ? part.slice(0, LONGEST) : part;
  return UNSAFE.test(text) ? text.replaceAll(ALL_UNSAFE, '_') : text;
}
