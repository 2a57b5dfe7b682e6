import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '@sputnikjs/core';
import type { Answer } from '../answer/answers.js';
import { linger } from './linger.js';
import { Pieces } from './pieces.js';
import type { Turns } from './turns.js';

/** What holds for all connections of a gateway. */
export interface ConnectionRules {
  readonly clock: Clock;
  /** Whose turn it is among those that have sent much at once. */
  readonly turns: Turns;
  /** How long what a client still sends is read and thrown away, so that it gets to see the answer, in milliseconds. */
  readonly lingerMs: number;
  /** True once clients are to go elsewhere: the last answer on each connection says that it closes. */
  readonly isLeaving: () => boolean;
  /** True while there is room for further requests of connections that have some under way. */
  readonly hasRoom: () => boolean;
  /** Called when the head of a request has come, that `onOver` will be called for. */
  readonly onBegin: () => void;
  /** Called when a request is answered, or its client is gone. */
  readonly onOver: (request: IncomingMessage) => void;
}

/** Most requests of a connection that are not answered, or whose answers are not on their way: what comes behind them waits unread. */
const MOST_OPEN = 32;
/** So long a client may take to read an answer, in milliseconds, and as long as it takes at this rate; then it is cut. */
const TAKE_MS = 10_000;
const TAKE_BYTES_PER_MS = 64;

/** At a landing: so long a client may neither read nor send, and so long it may take to read an answer, in milliseconds. */
const STALL_MS = 1_000;
const READ_MS = 5_000;
/** At a landing: so long one that has just connected has to begin its request, which is refused then, in milliseconds. */
const BEGIN_MS = 100;

/**
 * A connection, and the requests under way on it. Answers leave in the order of the requests, and an error behind them. An answer that says
 * that the connection closes is the last one; what comes behind it is not processed (RFC 9112, sections 9.3.2 and 9.6).
 */
export class Connection {
  readonly #socket: Socket;
  readonly #rules: ConnectionRules;
  readonly #pieces: Pieces;
  /** Not answered yet, or answered and the client has not taken it, in their order. */
  readonly #open = new Map<ServerResponse, IncomingMessage>();
  /** To the request that came last. */
  #latest: ServerResponse | undefined;
  /** No further request is processed. */
  #isOver = false;
  /** No further byte is written. */
  #isEnded = false;
  /** What is to be written when all requests are answered. */
  #error: Answer | undefined;
  /** Since the landing: what requests that are not complete are answered with. */
  #refusal: Answer | undefined;
  #cancelCut: (() => void) | undefined;
  /** The answer that the client is to take next, and since when. */
  #taking: { readonly response: ServerResponse; readonly since: number } | undefined;
  #activeAt: number;

  constructor(socket: Socket, rules: ConnectionRules) {
    this.#socket = socket;
    this.#rules = rules;
    this.#activeAt = rules.clock.now();
    this.#pieces = new Pieces(socket, rules.turns, () => this.#mayGoOn());
    socket.on('data', () => (this.#activeAt = rules.clock.now()));
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

  /** Since when nothing has come or gone, if no complete request is under way; undefined if one is. */
  get idleSince(): number | undefined {
    return [...this.#open.values()].some(({ complete }) => complete) ? undefined : this.#activeAt;
  }

  /** Cuts a client that does not take its answers. */
  look(now: number): void {
    const [response] = this.#open.keys();
    if (!response?.writableEnded) this.#taking = undefined;
    else if (this.#taking?.response !== response) this.#taking = { response, since: now };
    else {
      const bytes = Number(response.getHeader('content-length') ?? 0);
      if (now - this.#taking.since > TAKE_MS + bytes / TAKE_BYTES_PER_MS) this.#socket.destroy();
    }
  }

  /** True while what the client sends is not read, since too much of it is under way. */
  get isHeld(): boolean {
    return this.#pieces.isHeld;
  }

  /** The head of a request has come. False if it is not to be processed. */
  begin(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.#isOver) {
      this.#pieces.end();
      return false;
    }
    this.#latest = response;
    this.#open.set(response, request);
    this.#rules.onBegin();
    this.#pieces.begin(Number(request.headers['content-length'] ?? 0));
    response.once('prefinish', () => this.#refusal && this.#cutAfter(READ_MS));
    response.once('finish', () => this.#answered(response, request));
    if (!hasCertainEnd(request)) {
      response.shouldKeepAlive = false;
      this.#isOver = true;
    }
    if (this.#refusal === undefined) return true;
    this.#refuseLatest(this.#refusal);
    return false;
  }

  /** True if the answer that is to be given now has to say that the connection closes; then no request behind it is processed. */
  isLast(response: ServerResponse): boolean {
    if (response !== this.#latest || this.#error !== undefined) return false;
    if (response.shouldKeepAlive && !this.#rules.isLeaving()) return false;
    this.#isOver = true;
    return true;
  }

  /** What comes cannot be read, or does not come in time: that is answered behind all that could, and then the connection ends. */
  fail(error: Answer): void {
    const isRequest = this.#latest !== undefined && !this.#latest.req.complete;
    if (isRequest) this.#refuseLatest(error);
    else if (!this.#isOver) this.#error = error;
    this.#isOver = true;
    this.#pieces.end();
    this.#endIfAnswered();
  }

  /** Refuses what is not complete, and ends when all else is answered, and the client has had time to read that. */
  land(refusal: Answer): void {
    this.#refusal = refusal;
    this.#socket.setTimeout(STALL_MS);
    if (this.#latest?.req.complete === false) this.#refuseLatest(refusal);
    const [first] = this.#open.keys();
    if (this.#isEnded || first?.writableEnded) this.#cutAfter(READ_MS);
    if (this.#latest !== undefined || this.#isOver) this.#endIfAnswered();
    else this.#cancelCut = this.#rules.clock.after(BEGIN_MS, () => this.#endIfAnswered());
  }

  /** For a while nothing was read or written. */
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
    const { status, headers, text } = closing(refusal);
    response.writeHead(status, headers).end(text);
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

  /** Sends FIN behind the last byte. What the client still sends is read, and thrown away, until it ends as well, or for a moment. */
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

  #cutAfter(ms: number): void {
    this.#cancelCut?.();
    if (this.#socket.destroyed) return;
    this.#cancelCut = this.#rules.clock.after(ms, () => this.#socket.destroy());
  }
}

/** Where a body with another transfer coding than "chunked", or with any in HTTP/1.0, ends, proxies may see otherwise (RFC 9112, section 6.1). */
function hasCertainEnd({ httpVersion, headers: { 'transfer-encoding': coding } }: IncomingMessage): boolean {
  return coding === undefined || (httpVersion !== '1.0' && coding.toLowerCase() === 'chunked');
}

/** The refusal as it is written over a connection that it ends. */
function closing({ status, headers, body }: Answer) {
  const text = JSON.stringify(body);
  const all = { ...headers, connection: 'close', 'content-length': Buffer.byteLength(text) };
  return { status, headers: all, text };
}

/** The bytes of a refusal that no request is there for. */
function rawAnswer(answer: Answer): string {
  const { status, headers, text } = closing(answer);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${text}`;
}
