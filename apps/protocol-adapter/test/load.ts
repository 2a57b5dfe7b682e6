import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { connect as connectTo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const CLIENTS = 64;
/** Lines of a burst, and the time between two. */
const [BURST, PAUSE_MS] = [100, 5] as const;

/** The body that a client sends as its n-th; of different lengths. */
export const bodyOf = (client: number, n: number): string =>
  `${client}-${n} ${'x'.repeat((client * 7_919 + n * 104_729) % 2_000)}`;

/** What a body begins with: the client and its number. */
export const keyOf = (body: string): string => body.split(' ', 1)[0] ?? '';

/** Clients that post one message after the other to `/produce/http.load`, whatever comes of it. */
export class HttpLoad {
  /** The keys of the bodies that were answered 202. */
  readonly accepted = new Set<string>();
  /** How often each status was the answer; 0 where there was none. */
  readonly statuses = new Map<number, number>();
  isOver = false;
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(port: number) {
    this.#port = port;
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: CLIENTS }, (_, client) => this.#send(client)));
    this.#agent.destroy();
  }

  async #send(client: number): Promise<void> {
    for (let n = 0; !this.isOver; n++) {
      const body = bodyOf(client, n);
      const status = await this.#post(body).catch(() => 0);
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
      if (status === 202) this.accepted.add(keyOf(body));
      else await sleep(20);
    }
  }

  async #post(body: string): Promise<number> {
    const posting = request({
      agent: this.#agent,
      method: 'POST',
      host: '127.0.0.1',
      port: this.#port,
      path: '/produce/http.load',
    });
    posting.end(body);
    const [answer] = (await once(posting, 'response')) as [IncomingMessage];
    answer.resume();
    await once(answer, 'end');
    return answer.statusCode ?? 0;
  }
}

/** Sends numbered lines over TCP, in bursts, so that HTTP gets its turn. Opens another connection when one is cut, and counts from 0 there. */
export class TcpLoad {
  connections = 0;
  sent = 0;
  isOver = false;
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  async run(): Promise<void> {
    while (!this.isOver) {
      const socket = connectTo(this.#port, '127.0.0.1');
      await this.#send(socket).catch(() => sleep(5));
      socket.destroy();
    }
  }

  async #send(socket: Socket): Promise<void> {
    await once(socket, 'connect');
    const connection = this.connections++;
    const broken = once(socket, 'close').then(() => Promise.reject(new Error('closed')));
    broken.catch(() => {});
    for (let n = 0; !this.isOver; n++) {
      this.sent++;
      if (!socket.write(`<13>${connection}-${n}\n`)) await Promise.race([once(socket, 'drain'), broken]);
      if (n % BURST === 0) await Promise.race([sleep(PAUSE_MS), broken]);
    }
    socket.end();
    await broken.catch(() => {});
  }
}
