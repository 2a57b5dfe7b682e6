import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '@sputnikjs/core';
import { written, type Answer } from '../answer/answers.js';
import { linger } from './linger.js';
import { Pieces } from './pieces.js';
import type { Turns } from './turns.js';

/** Rules for all connections of a gateway. */
export interface ConnectionRules {
  readonly clock: Clock;
  /** Turns of connections that have sent much at once. */
  readonly turns: Turns;
  /** How long to read and discard what a client still sends, so that it sees the answer, in milliseconds. */
  readonly lingerMs: number;
  /** Returns true once clients should go elsewhere: the last answer on each connection then says that it closes. */
  readonly isLeaving: () => boolean;
  /** Returns true while connections with requests under way may begin more. */
  readonly hasRoom: () => boolean;
  /** Called when the head of a request has come; `onOver` follows. */
  readonly onBegin: () => void;
  /** Called when a request is answered, or its client is gone. */
  readonly onOver: (request: IncomingMessage) => void;
}

/** Most requests of a connection that are not answered, or whose answers are not sent: later ones wait unread. */
const MOST_OPEN = 32;
/** How long a client may take to read an answer, in milliseconds, plus the time it takes at this rate; then it is cut. */
const TAKE_MS = 10_000;
const TAKE_BYTES_PER_MS = 64;

/** In a landing: how long a client may neither read nor send, and how long it may take to read an answer, in milliseconds. */
const STALL_MS = 1_000;
const READ_MS = 5_000;
/**
 * In a landing: how long a new connection may take to begin its request, which is then refused, in milliseconds. A process that had no turn
 * for that long first reads what has come.
 */
const BEGIN_MS = 100;

/**
 * A connection, and the requests under way on it. Answers are sent in the order of the requests, an error after them. An answer that says that
 * the connection closes is the last; later requests are not processed (RFC 9112, sections 9.3.2 and 9.6).
 */
export class Connection {
  readonly #socket: Socket;
  readonly #rules: ConnectionRules;
  readonly #pieces: Pieces;
  /** Requests that are not answered, or whose answers the client has not read, in order. */
  readonly #open = new Map<ServerResponse, IncomingMessage>();
  /** The response to the latest request. */
  #latest: ServerResponse | undefined;
  /** True if no more requests are processed. */
  #isOver = false;
  /** True if nothing more is written. */
  #isEnded = false;
  /** The error to write when all requests are answered. */
  #error: Answer | undefined;
  /** Set by a landing: the answer to incomplete requests. */
  #refusal: Answer | undefined;
  #cancelCut: (() => void) | undefined;
  /** The answer that the client reads next, and since when. */
  #taking: { readonly response: ServerResponse; readonly since: number } | undefined;
  #activeAt: number;

  constructor(socket: Socket, rules: ConnectionRules) {
    this.#socket = socket;
    this.#rules = rules;
    this.#activeAt = rules.clock.now();
    this.#pieces = new Pieces(
      socket,
      rules.turns,
      () => this.#mayGoOn(),
      () => (this.#activeAt = rules.clock.now()),
    );
    // Node would destroy the socket under what the client still sends, and the reset could overtake the answer.
    socket.destroySoon = () => this.#end();
    // The client has said all; what was asked is answered.
    socket.once('end', () => {
      this.#isOver = true;
      if (this.#latest) this.#latest.shouldKeepAlive = false;
      this.#endIfAnswered();
    });
    socket.once('close', () => {
      this.#cancelCut?.();
      const requests = [...this.#open.values()];
      this.#open.clear();
      for (const request of requests) rules.onOver(request);
    });
  }

  /** Time since when nothing was read or written; undefined while a complete request is under way. */
  get idleSince(): number | undefined {
    return [...this.#open.values()].some(({ complete }) => complete) ? undefined : this.#activeAt;
  }

  /** Cuts a client that does not read its answers. */
  check(now: number): void {
    const [response] = this.#open.keys();
    if (!response?.writableEnded) this.#taking = undefined;
    else if (this.#taking?.response !== response) this.#taking = { response, since: now };
    else {
      const bytes = Number(response.getHeader('content-length') ?? 0);
      if (now - this.#taking.since > TAKE_MS + bytes / TAKE_BYTES_PER_MS) this.#socket.destroy();
    }
  }

  /** True while we do not read the client, since too much of it is under way. */
  get isHeld(): boolean {
    return this.#pieces.isHeld;
  }

  /** The head of a request has come. Returns false if it must not be processed. */
  begin(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.#isOver) {
      this.#pieces.end();
      return false;
    }
    this.#latest = response;
    this.#open.set(response, request);
    this.#rules.onBegin();
    this.#pieces.begin(Number(request.headers['content-length'] ?? 0));
    if (this.#refusal !== undefined) this.#cutWhenWritten(response);
    response.once('finish', () => this.#answered(response, request));
    if (!hasCertainEnd(request)) {
      response.shouldKeepAlive = false;
      this.#isOver = true;
    }
    if (this.#refusal === undefined) return true;
    this.#refuseLatest(this.#refusal);
    return false;
  }

  /** Returns true if this answer must say that the connection closes; then no later request is processed. */
  isLast(response: ServerResponse): boolean {
    if (response !== this.#latest || this.#error !== undefined) return false;
    if (response.shouldKeepAlive && !this.#rules.isLeaving()) return false;
    this.#isOver = true;
    return true;
  }

  /** Keeps the connection for this answer alone: nothing behind it is processed. Returns false if others are under way. */
  takeOver(response: ServerResponse): boolean {
    if (this.#open.size > 1 || response !== this.#latest || this.#error !== undefined) return false;
    response.shouldKeepAlive = false;
    this.#isOver = true;
    return true;
  }

  /** The client sends something unreadable, or is too slow: sends this error after all other answers, and ends the connection. */
  fail(error: Answer): void {
    const isRequest = this.#latest !== undefined && !this.#latest.req.complete;
    if (isRequest) this.#refuseLatest(error);
    else if (!this.#isOver) this.#error = error;
    this.#isOver = true;
    this.#pieces.end();
    this.#endIfAnswered();
  }

  /** Refuses incomplete requests; ends when all others are answered and the client had time to read the answers. */
  land(refusal: Answer): void {
    this.#refusal = refusal;
    this.#socket.setTimeout(STALL_MS);
    for (const response of this.#open.keys()) this.#cutWhenWritten(response);
    if (this.#latest?.req.complete === false) this.#refuseLatest(refusal);
    const [first] = this.#open.keys();
    if (this.#isEnded || first?.writableEnded) this.#cutAfter(READ_MS);
    if (this.#latest !== undefined || this.#isOver) this.#endIfAnswered();
    else this.#cancelCut = this.#rules.clock.after(BEGIN_MS, () => setImmediate(() => this.#endIfAnswered()));
  }

  /** Nothing was read or written for a while. */
  stalled(): void {
    const isOurs = [...this.#open.keys()].some(({ writableEnded }) => !writableEnded);
    if (isOurs) this.#socket.setTimeout(STALL_MS);
    else if (this.#open.size > 0 || this.#isEnded) this.#socket.destroy();
    else this.#end();
  }

  #mayGoOn(): boolean {
    const { size } = this.#open;
    if (size === 0 || (size < MOST_OPEN && this.#rules.hasRoom())) return true;
    return size === 1 && this.#latest !== undefined && this.#open.get(this.#latest)?.complete === false;
  }

  #refuseLatest(refusal: Answer): void {
    const response = this.#latest;
    if (!response || response.headersSent) return;
    this.#isOver = true;
    const { headers, text } = closing(refusal);
    response.writeHead(refusal.status, headers).end(text);
  }

  #answered(response: ServerResponse, request: IncomingMessage): void {
    if (!this.#open.delete(response)) return;
    this.#activeAt = this.#rules.clock.now();
    if (!this.#isEnded) this.#cancelCut?.();
    this.#rules.onOver(request);
    linger(request, this.#rules.lingerMs, this.#rules.clock);
    this.#endIfAnswered();
    this.#pieces.goOn();
  }

  #endIfAnswered(): void {
    if (this.#open.size > 0 || this.#isEnded) return;
    if (this.#error) this.#socket.write(rawAnswer(this.#error));
    if (this.#isOver || this.#refusal) this.#end();
  }

  /** Sends FIN after the last byte. Reads and discards what the client still sends, until it ends, too, or for a moment. */
  #end(): void {
    if (this.#isEnded || this.#socket.destroyed) return;
    this.#isOver = this.#isEnded = true;
    if (this.#refusal) {
      this.#socket.setTimeout(STALL_MS);
      this.#cutAfter(READ_MS);
    }
    this.#socket.end(() => this.#cutAfter(this.#rules.lingerMs));
    this.#pieces.end();
  }

  /** From when the answer is written, the client has a while to read it. */
  #cutWhenWritten(response: ServerResponse): void {
    response.once('prefinish', () => this.#cutAfter(READ_MS));
  }

  #cutAfter(ms: number): void {
    this.#cancelCut?.();
    if (this.#socket.destroyed) return;
    this.#cancelCut = this.#rules.clock.after(ms, () => this.#socket.destroy());
  }
}

/** False if proxies may see another end of the body: with a transfer coding other than "chunked", or with any in HTTP/1.0 (RFC 9112, section 6.1). */
function hasCertainEnd({ httpVersion, headers: { 'transfer-encoding': coding } }: IncomingMessage): boolean {
  return coding === undefined || (httpVersion !== '1.0' && coding.toLowerCase() === 'chunked');
}

/** Returns the refusal with the header that ends the connection. */
function closing(answer: Answer) {
  const { headers, text } = written(answer);
  return { headers: { ...headers, connection: 'close' }, text };
}

/** Returns the bytes of a refusal that answers no request. */
function rawAnswer(answer: Answer): string {
  const { headers, text } = closing(answer);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}\r\n${lines.join('')}\r\n${text.toString()}`;
}
