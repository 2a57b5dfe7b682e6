import type { Logger } from '@sputnikjs/core';

/** Where something listens, as the blocks log it. */
interface Listening {
  readonly event: 'listening';
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
}

/** What to type next, made of what the satellite logs: the addresses are those that are bound. */
export class Hints {
  readonly #listening = new Map<string, Listening>();
  #told = false;

  /** A log that is read along. */
  reading(log: Logger): Logger {
    return {
      debug: (fields, text) => log.debug(fields, text),
      info: (fields, text) => {
        if (isListening(fields)) this.#listening.set(fields.protocol, fields);
        log.info(fields, text);
      },
      warn: (fields, text) => log.warn(fields, text),
      error: (fields, text) => log.error(fields, text),
      child: (bindings) => this.reading(log.child?.(bindings) ?? log),
    };
  }

  /** The hints; once, since a satellite may connect again. */
  text(): string {
    if (this.#told) return '';
    this.#told = true;
    const [mqtt, syslog, http, admin] = ['mqtt', 'syslog', 'http', 'admin'].map((protocol) =>
      this.#listening.get(protocol),
    );
    return `
Sputnik's protocol adapter is in flight: syslog and HTTP in front, an embedded MQTT broker behind.

  Watch   mosquitto_sub -h ${mqtt?.host} -p ${mqtt?.port} -q 1 -t '#' -v
  Log     logger -n ${syslog?.host} -P ${syslog?.port} -T hello
  Post    curl -d '{"a":1}' http://${http?.host}:${http?.port}/produce/orders
  Look    http://${admin?.host}:${admin?.port}/

Ctrl-C ends it.

`;
  }
}

function isListening(fields: object): fields is Listening {
  return 'event' in fields && fields.event === 'listening' && 'protocol' in fields;
}
