import type { Clock, Logger } from '@sputnikjs/core';
import type { Packet } from '@sputnikjs/messaging';
import type { Acknowledgements } from '../remote/acknowledgements.js';
import { portable } from '../remote/portable.js';
import type { Receiver } from '../remote/link.js';
import type { DestinationOf } from '../satellite/level.js';
import type { Post } from './delivery.js';
import { Sender } from './sender.js';
import { isBeginning, isUnknown, Talk, UNKNOWN_SESSION } from './talk.js';

/** A process that was gone for so many times as long as one may be silent is forgotten. */
const FORGOTTEN = 10;
/** So many sessions there may be, and processes that are remembered; and bytes of frames that have not come to their end, of all together. */
const [MOST_SESSIONS, MOST_SENDERS, MOST_BEGUN_BYTES] = [1_024, 2_048, 128 * 1024 * 1024];
/** So many blocks may send from other processes. The flight here remembers each. */
const MOST_BLOCKS = 16_384;

/** What arrivals are made of. */
export interface ArrivalsOptions {
  readonly destinationOf: DestinationOf;
  readonly acknowledgements: Acknowledgements;
  readonly clock: Clock;
  readonly log: Logger;
  readonly silentMs: number;
  readonly post: () => Post | undefined;
}

/** A session that another process has begun. */
interface Arriving {
  readonly talk: Talk;
  /** The process, once it has said which it is. */
  from: string | undefined;
  /** Bytes of its frame that has not come to its end. */
  begunBytes: number;
}

/** What other processes send to blocks here. */
export class Arrivals {
  readonly #of: ArrivalsOptions;
  readonly #sessions = new Map<string, Arriving>();
  readonly #senders = new Map<string, Sender>();
  /** The blocks that send, by their addresses. */
  readonly #blocks = new Set<string>();
  #isLeaving = false;
  /** Of frames that have not come to their end. */
  #begunBytes = 0;
  #past = 0;

  constructor(of: ArrivalsOptions) {
    this.#of = of;
  }

  /** Messages that came again, and were taken once. */
  get duplicates(): number {
    return [...this.#senders.values()].reduce((sum, one) => sum + one.duplicates, this.#past);
  }

  /** Processes that send here. */
  get senders(): number {
    return this.#senders.size;
  }

  packet({ session, bytes, from }: Packet): void {
    const known = this.#sessions.get(session);
    if (known) return this.#take(known, bytes);
    const post = this.#of.post();
    // guard: what nobody could answer begins nothing; it comes again
    if (post === undefined) return;
    if (!isBeginning(bytes) || this.#isLeaving) {
      // guard: whoever talks of a session that is forgotten is told to begin another one
      if (!isUnknown(bytes)) post.send(from, session, UNKNOWN_SESSION);
      return;
    }
    // guard: sessions do not fill the memory
    if (this.#sessions.size >= MOST_SESSIONS) this.#makeRoom();
    this.#take(this.#begin(session, from, post.mostBytes), bytes);
  }

  /** Ends the oldest session that has not said whose it is; if all have, the one that has been silent for longest. */
  #makeRoom(): void {
    const all = [...this.#sessions.values()];
    const { talk } =
      all.find(({ from }) => from === undefined) ??
      all.reduce((one, other) => (other.talk.silentMs > one.talk.silentMs ? other : one));
    this.#end(talk.session);
  }

  #take(arriving: Arriving, bytes: Uint8Array): void {
    const { talk } = arriving;
    talk.take(bytes);
    if (!this.#sessions.has(talk.session)) return;
    this.#begunBytes += talk.begunBytes - arriving.begunBytes;
    arriving.begunBytes = talk.begunBytes;
    // guard: frames of many sessions that do not end do not fill the memory
    if (this.#begunBytes > MOST_BEGUN_BYTES) this.#endLargest();
  }

  #endLargest(): void {
    const all = [...this.#sessions.values()];
    const { talk } = all.reduce((one, other) => (other.begunBytes > one.begunBytes ? other : one));
    this.#end(talk.session);
  }

  #begin(session: string, to: string, mostBytes: number): Arriving {
    const { clock, post, log } = this.#of;
    const arriving: Arriving = {
      from: undefined,
      begunBytes: 0,
      talk: new Talk({
        way: {
          session,
          mostBytes,
          send: (packet) => post()?.send(to, session, packet),
        },
        clock,
        receiver: this.#receiver(() => arriving),
        unsendable: (number, error) => arriving.talk.link.post(['failed', number, portable(error)]),
        broken: (reason) => {
          log.debug(
            { event: 'sessionEnded', session, reason },
            `session ${session} of another process ended: ${reason}`,
          );
          this.#end(session);
        },
      }),
    };
    this.#sessions.set(session, arriving);
    return arriving;
  }

  #receiver(of: () => Arriving): Receiver {
    const sender = (): Sender | undefined => this.#senders.get(of().from ?? '');
    return {
      way: (id, way) => {
        const { responsibility } = way.from;
        // guard: the blocks of others do not fill the memory
        if (this.#blocks.size >= MOST_BLOCKS && !this.#blocks.has(responsibility))
          throw new RangeError('more blocks than a satellite has');
        this.#blocks.add(responsibility);
        sender()?.way(id, way);
      },
      message: (message) => (this.#isLeaving ? sender()?.refuse(message) : sender()?.take(message)),
      answer: () => {},
      settled: () => {},
      take: (item) => {
        if (item[0] === 'hello') this.#hello(of(), item[1]);
      },
    };
  }

  #hello(arriving: Arriving, id: string): void {
    const { destinationOf, acknowledgements } = this.#of;
    // guard: a session is of one process
    if (arriving.from !== undefined || typeof id !== 'string') throw new TypeError('it says a second time whose it is');
    // guard: a process has one session; the one before is over
    for (const [session, { from }] of this.#sessions) if (from === id) this.#end(session);
    arriving.from = id;
    const known = this.#senders.get(id);
    if (known === undefined && this.#senders.size >= MOST_SENDERS) this.#forgetOne();
    const sender = known ?? new Sender(destinationOf, acknowledgements, () => this.#isLeaving);
    this.#senders.set(id, sender);
    sender.begin(arriving.talk.link);
  }

  /** Forgets the process that has been gone for longest, and has nothing under way. */
  #forgetOne(): void {
    const now = this.#of.clock.now();
    const [id, sender] = [...this.#senders].reduce((a, b) => (b[1].goneMs(now) > a[1].goneMs(now) ? b : a));
    // guard: processes that were here once do not fill the memory
    if (sender.goneMs(now) > 0) this.#forget(id, sender);
    else throw new RangeError('more processes than are remembered');
  }

  #forget(id: string, { duplicates }: Sender): void {
    this.#past += duplicates;
    this.#senders.delete(id);
  }

  /** Ends sessions of those who are silent, and forgets who has had none for long. */
  check(): void {
    const { silentMs, clock } = this.#of;
    for (const [session, { talk }] of this.#sessions) if (talk.silentMs > silentMs) this.#end(session);
    for (const [id, sender] of this.#senders) {
      if (sender.goneMs(clock.now()) >= silentMs * FORGOTTEN) this.#forget(id, sender);
    }
  }

  /** A packet of a session has reached nobody: that process is gone, and what it had sent is handled. */
  unreachable(session: string): void {
    this.#end(session);
  }

  /** There is a connection again, on which a packet may have so many bytes. */
  resume(mostBytes: number): void {
    for (const [session, { talk }] of this.#sessions)
      if (talk.mostBytes > mostBytes) this.#end(session);
      else talk.resume();
  }

  /** Takes no more messages. */
  leave(): void {
    this.#isLeaving = true;
    for (const { talk } of this.#sessions.values()) talk.link.post(['leaving']);
  }

  /** All that could be handled is: says so to everybody, and gives back the rest. Resolves when they know, after `withinMs` at the latest. */
  async close(withinMs: number): Promise<void> {
    const { clock } = this.#of;
    const until = clock.now() + withinMs;
    for (const sender of this.#senders.values()) sender.leave();
    const isOpen = (): boolean => [...this.#sessions.values()].some(({ talk }) => !talk.isEmpty);
    while (isOpen() && clock.now() < until) await clock.sleep(Math.min(20, until - clock.now()));
    for (const session of this.#sessions.keys()) this.#end(session);
  }

  #end(session: string): void {
    const ended = this.#sessions.get(session);
    if (ended === undefined) return;
    this.#sessions.delete(session);
    this.#begunBytes -= ended.begunBytes;
    ended.talk.close();
    this.#senders.get(ended.from ?? '')?.end(ended.talk.link, this.#of.clock.now());
  }
}
