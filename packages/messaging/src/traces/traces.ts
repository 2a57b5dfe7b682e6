import type { Logger } from '@sputnikjs/core';
import type * as Api from '@opentelemetry/api';

/** Where all copies of OpenTelemetry's API of version 1 find what was registered with one of them. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');

/** What a span says of what it is about. */
export type Attributes = Readonly<Record<string, string | number>>;

/** What carries the context of a trace in its headers: a message, or a request. */
export interface Carrier {
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What a span is about. */
export interface SpanFacts {
  readonly name: string;
  /** Somebody asks us, we ask somebody, we send a message, or we handle one. */
  readonly kind: 'server' | 'client' | 'producer' | 'consumer';
  readonly attributes: Attributes;
  /** When it began, if not now. */
  readonly since?: Date | undefined;
}

/** A span that has begun. */
export interface Traced<T extends Carrier> {
  /** A copy of what was given, with the context of the span in its headers. */
  readonly carrier: T & { readonly headers: Readonly<Record<string, string>> };
  /** Ends the span; with an error, if it failed. Only the first call counts. */
  end(outcome?: { readonly error?: unknown; readonly attributes?: Attributes }): void;
}

/** Begins spans of OpenTelemetry, and takes their context along in headers, since messages wait in mailboxes, where no other context follows. */
export interface Traces {
  /**
   * Begins a span. It continues the trace that the headers of `carrier` name; else that of the span around a request (`server`), if there is
   * one; else it begins a trace.
   */
  begin<T extends Carrier>(carrier: T, facts: SpanFacts): Traced<T>;
}

/**
 * Resolves with the traces of this process; with undefined unless an OpenTelemetry SDK has been registered in it. Nothing is loaded then. Call
 * it at init. Logs a warning if there is an SDK and `@opentelemetry/api` cannot be loaded.
 *
 * @example
 * import type { ProduceMessage } from '@sputnikjs/messaging';
 * import { openTraces } from '@sputnikjs/messaging/traces';
 * import { MemoryLog } from '@sputnikjs/testkit';
 * const traces = await openTraces(new MemoryLog());
 * console.log(traces); // undefined
 * const message: ProduceMessage = { target: 'news', payload: 'hello' };
 * const traced = traces?.begin(message, { name: 'receive', kind: 'consumer', attributes: {} });
 * // what is sent on has the context of the span
 * console.log((traced?.carrier ?? message).target); // news
 * traced?.end();
 */
export async function openTraces(log: Logger): Promise<Traces | undefined> {
  const registered = (globalThis as { readonly [REGISTERED]?: { readonly trace?: unknown } })[REGISTERED];
  // guard: nothing is loaded where nobody traces
  if (registered?.trace === undefined) return undefined;
  try {
    return new OpenTelemetry(await import('@opentelemetry/api'));
  } catch (error) {
    const text = 'there are no traces: install @opentelemetry/api next to the SDK';
    log.warn({ event: 'tracesOff', error }, text);
    return undefined;
  }
}

class OpenTelemetry implements Traces {
  readonly #api: typeof Api;
  readonly #tracer: Api.Tracer;
  readonly #kinds: Readonly<Record<SpanFacts['kind'], Api.SpanKind>>;
  /** Headers that a context is in, in lower case. */
  readonly #fields: readonly string[];

  constructor(api: typeof Api) {
    const { trace, propagation, SpanKind } = api;
    this.#api = api;
    this.#tracer = trace.getTracer('@sputnikjs/messaging');
    this.#kinds = {
      server: SpanKind.SERVER,
      client: SpanKind.CLIENT,
      producer: SpanKind.PRODUCER,
      consumer: SpanKind.CONSUMER,
    };
    this.#fields = propagation.fields().map((name) => name.toLowerCase());
  }

  begin<T extends Carrier>(carrier: T, { name, kind, attributes, since }: SpanFacts): Traced<T> {
    const { trace, propagation, SpanStatusCode } = this.#api;
    const parent = this.#parentOf(carrier, kind);
    const options = { kind: this.#kinds[kind], attributes, ...(since && { startTime: since }) };
    const span = this.#tracer.startSpan(name, options, parent);
    const headers = withoutContext(carrier, this.#fields);
    propagation.inject(trace.setSpan(parent, span), headers);
    let isOver = false;
    return {
      carrier: { ...carrier, headers },
      end({ error, attributes: more = {} } = {}) {
        if (isOver) return;
        isOver = true;
        span.setAttributes(more);
        if (error !== undefined) {
          span.setStatus({ code: SpanStatusCode.ERROR, ...messageOf(error) });
          span.setAttribute('error.type', typeOf(error));
        }
        span.end();
      },
    };
  }

  #parentOf(carrier: Carrier, kind: SpanFacts['kind']): Api.Context {
    const { context, trace, propagation, ROOT_CONTEXT } = this.#api;
    // a mailbox is emptied in whatever context fills it: that of a message is in its headers
    const around = kind === 'server' ? context.active() : ROOT_CONTEXT;
    // what listens to requests beside us has read their headers
    if (trace.getSpan(around) !== undefined) return around;
    return propagation.extract(around, carrier.headers ?? {}, GETTER);
  }
}

/** Other systems may write the names of headers as they like. */
const GETTER: Api.TextMapGetter<Readonly<Record<string, string>>> = {
  keys: (headers) => Object.keys(headers),
  get: (headers, key) => headers[key] ?? Object.entries(headers).find(([name]) => name.toLowerCase() === key)?.[1],
};

/** Headers without a context, which another one replaces. */
function withoutContext({ headers = {} }: Carrier, fields: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !fields.includes(name.toLowerCase())));
}

function messageOf(error: unknown): { readonly message?: string } {
  const { message = error } = Object(error) as { readonly message?: unknown };
  return typeof message === 'string' ? { message } : {};
}

/** What tells errors apart: a code, else the name of a class. */
function typeOf(error: unknown): string {
  const { code, name } = Object(error) as { readonly code?: unknown; readonly name?: unknown };
  return [code, name].find((one) => typeof one === 'string') ?? '_OTHER';
}
