import { systemClock } from '@sputnikjs/core';
import type { Client } from 'aedes';
import { Fifo } from '@sputnikjs/messaging/connector';
import type { Subscriber, Subscribers } from './subscribers.js';
import { matches } from './topic.js';

/** If more than this waits to be written to a subscriber, its publishers wait, in bytes. */
const HIGH_WATER = 256 * 1024;
/** How often to check publishers that wait, in milliseconds. */
const RELEASE_MS = 10;
/**
 * A subscriber that reads nothing for this time, in milliseconds, while writes wait, is disconnected; so long its publishers wait. Shorter than a
 * heartbeat, so that publishers do not take the broker for dead.
 */
const STALL_MS = 4000;
const WATCH_MS = 250;

interface Held {
  readonly topic: string;
  readonly proceed: () => void;
}

/**
 * Slows publishers down to the speed of their slowest subscriber, which aedes does not do reliably: messages that wait for a subscriber would fill
 * the memory. Disconnects a subscriber that has stopped reading.
 */
export class Congestion {
  readonly #subscribers: Subscribers;
  readonly #onStalled: (client: Client) => void;
  readonly #watch: NodeJS.Timeout;
  readonly #held = new Map<Client, Fifo<Held>>();
  #release: NodeJS.Timeout | undefined;

  /** `onStalled` is called with the client that it disconnects. */
  constructor(subscribers: Subscribers, onStalled: (client: Client) => void) {
    this.#subscribers = subscribers;
    this.#onStalled = onStalled;
    this.#watch = setInterval(() => this.#disconnectStalled(), WATCH_MS);
  }

  /** Calls `proceed` at once, or when the subscribers of the topic have room; in order for each publisher. */
  admit(publisher: Client, topic: string, proceed: () => void): void {
    const others = this.#held.get(publisher);
    if (others !== undefined) return others.push({ topic, proceed });
    if (!this.#isCongested(topic)) return proceed();
    const held = new Fifo<Held>();
    held.push({ topic, proceed });
    this.#held.set(publisher, held);
    this.#release ??= setInterval(() => this.#releaseHeld(), RELEASE_MS);
  }

  /** Lets all waiting publishers go on, and stops watching. */
  close(): void {
    clearInterval(this.#watch);
    clearInterval(this.#release);
    for (const held of this.#held.values()) for (const { proceed } of held.drain()) proceed();
    this.#held.clear();
  }

  #isCongested(topic: string): boolean {
    for (const { client, socket } of this.#subscribers.values())
      if (socket.writableLength > HIGH_WATER)
        for (const filter of Object.keys(client.subscriptions)) if (matches(filter, topic)) return true;
    return false;
  }

  #releaseHeld(): void {
    for (const [publisher, held] of this.#held) {
      for (let next = held.first; next !== undefined && !this.#isCongested(next.topic); next = held.first) {
        held.shift();
        next.proceed();
      }
      if (held.size === 0) this.#held.delete(publisher);
    }
    if (this.#held.size > 0) return;
    clearInterval(this.#release);
    this.#release = undefined;
  }

  #disconnectStalled(): void {
    for (const subscriber of this.#subscribers.values()) {
      if (!isStalled(subscriber)) continue;
      this.#onStalled(subscriber.client);
      subscriber.socket.destroy();
    }
  }
}

function isStalled(subscriber: Subscriber): boolean {
  const { socket, taken } = subscriber;
  const bytes = socket.bytesWritten - socket.writableLength;
  if (bytes !== taken.bytes || !socket.writableNeedDrain) subscriber.taken = { bytes, at: systemClock.now() };
  return systemClock.now() - subscriber.taken.at > STALL_MS;
}
