import type { Socket } from 'node:net';
import { inspectIncoming } from '@sputnikjs/messaging/connector';
import { AbstractConnector, Redis, type Command } from 'ioredis';
import { AnswerBounds, NOT_REDIS } from './answer-bounds.js';
import { watchAnswers } from './internals.js';
import { ServerError } from './server-error.js';

const CLOSED_BY_SERVER = 'the server closed the connection';

/**
 * When nothing was sent for so long, something is, in milliseconds: the shortest time after which a server can be told to close idle
 * clients (`timeout 1`) is about two seconds.
 */
const IDLE_MS = 500;

/** What the library calls some ends of a client, and what they are. */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/^Unknown RESP type/, NOT_REDIS],
  // answers within answers without end
  [/^Maximum call stack size/, NOT_REDIS],
  // when the server has closed its half of the connection, and ours is not closed yet
  [/^Stream isn't writeable/, CLOSED_BY_SERVER],
];

/** A server says less than this to let somebody in. */
const MOST_AT_LOGIN = 64 * 1024;

/** One connection with a client of the library on it, never used again once it ended: reconnecting is sputnik's job. */
export class Client {
  readonly #socket: Socket;
  readonly #redis: Redis;
  readonly #watchers: ((cause: Error) => void)[] = [];
  readonly #looks: NodeJS.Timeout;
  #corked = false;
  /** Something was sent since the last look. */
  #isBusy = true;
  #end: Error | undefined;
  readonly #bounds = new AnswerBounds(MOST_AT_LOGIN, tooLargeForLogin);
  readonly #maxAnswerBytes: number;

  /** Takes an open socket over. */
  constructor(socket: Socket, maxAnswerBytes: number) {
    this.#maxAnswerBytes = maxAnswerBytes;
    this.#socket = socket;
    let broken: Error | undefined;
    socket.on('error', (error) => (broken = error));
    // before the library hears of it, and rejects all that is under way with an error that says nothing
    socket.on('close', () => this.end(broken ?? new Error(CLOSED_BY_SERVER)));
    this.#redis = new Redis({
      Connector: class extends AbstractConnector {
        constructor() {
          super(0);
        }
        override connect(): Promise<Socket> {
          return Promise.resolve(socket);
        }
        override disconnect(): void {
          socket.destroy();
        }
      },
      // what it would do by itself, it would do with warnings on the console and timers that outlive it
      protocol: 2,
      enableReadyCheck: false,
      disableClientInfo: true,
      lazyConnect: true,
      retryStrategy: null,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
    });
    // the library puts together whatever is announced, gigabytes
    inspectIncoming(socket, (bytes) => this.#bounds.take(bytes));
    socket.pause();
    this.#redis.on('error', (error: Error) => this.end(error));
    watchAnswers(this.#redis, () => this.end(new Error(NOT_REDIS)));
    this.#looks = setInterval(() => this.#look(), IDLE_MS);
  }

  /** The server has let us in: answers may be larger. */
  trust(): void {
    this.#bounds.raise(this.#maxAnswerBytes, (bytes) => tooLarge(bytes, this.#maxAnswerBytes));
  }

  /** Resolves when commands can be sent. */
  async ready(): Promise<void> {
    try {
      await this.#redis.connect();
    } catch (error) {
      throw this.#end ?? error;
    }
  }

  /** Called once with why the client has ended. */
  onEnd(watcher: (cause: Error) => void): void {
    if (this.#end === undefined) this.#watchers.push(watcher);
    else watcher(this.#end);
  }

  /** Resolves with the server's answer, text as bytes. Rejects with a {@link ServerError}, or with why the client has ended. */
  async call(name: string, ...args: readonly (string | Buffer)[]): Promise<unknown> {
    if (this.#end !== undefined) throw this.#end;
    this.#cork();
    try {
      return await this.#redis.callBuffer(name, ...args);
    } catch (error) {
      throw this.#explained(error as Error);
    }
  }

  /** Sends a command as it is; `answered` is called when the server has answered, or the client has ended, with the error if there is one. */
  send(command: Command, answered: (error?: Error) => void): void {
    this.#cork();
    this.#redis.sendCommand(command);
    command.promise.then(
      () => answered(),
      (error: Error) => answered(this.#explained(error)),
    );
  }

  /** Ends it at once. The first reason counts. */
  end(cause: Error): void {
    if (this.#end !== undefined) return;
    const reason = (this.#end = meant(cause));
    clearInterval(this.#looks);
    this.#socket.destroy();
    for (const watcher of this.#watchers.splice(0)) watcher(reason);
  }

  /** An idle connection gets a sign of life from us: servers close those that have none, each in its time. */
  #look(): void {
    const isIdle = !this.#isBusy;
    this.#isBusy = false;
    // the answer does not matter; others report what is wrong with the connection
    // guard: idle connections give signs of life
    if (isIdle && this.#redis.status === 'ready') this.call('PING').catch(() => {});
  }

  /** What is sent in one turn of the event loop goes out in one piece; the library would make a system call for each command. */
  #cork(): void {
    if (this.#corked) return;
    this.#corked = this.#isBusy = true;
    this.#socket.cork();
    setImmediate(() => {
      this.#corked = false;
      this.#socket.uncork();
    });
  }

  #explained(error: Error): Error {
    if (this.#end !== undefined) return this.#end;
    const isAnswer = error.name === 'ReplyError';
    const explained = isAnswer ? new ServerError(error.message) : error;
    if (!(explained instanceof ServerError) || explained.isFatal) this.end(explained);
    return this.#end ?? explained;
  }
}

function tooLargeForLogin(): Error {
  return new Error('it answers a login with more than 64 kB, which no Redis server does; is the url right?');
}

function tooLarge(bytes: number, most: number): Error {
  return new Error(`the server announces an answer of ${bytes} bytes, more than the ${most} of "maxAnswerBytes"`);
}

function meant(cause: Error): Error {
  const [, meaning] = MEANINGS.find(([pattern]) => pattern.test(cause.message)) ?? [];
  return meaning === undefined ? cause : new Error(meaning);
}
