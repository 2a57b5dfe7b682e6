import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { randomFrom } from '@sputnikjs/testkit';
import type { Problem } from '../dist/store/problem.js';
import type { Kept } from '../dist/store/record.js';
import { Store } from '../dist/store/store.js';
import { ForgetfulFiles, type Call, type Misbehaviour } from './forgetful-files.js';

/** A message that was appended, and what its sender knows. */
interface Sent {
  readonly payload: string;
  told: 'nothing' | 'stored' | 'failed';
  isAcknowledged: boolean;
  /** As it was taken for the first time. */
  key: string | undefined;
}

const MAX_BYTES = 262_144;

/**
 * A store in several lives, each ended by a kill, a power cut or a close, at any call of any file. Calls fail by chance. Throws when a rule is
 * broken: each message that was told to be stored, and is not acknowledged, comes in the end, in order, once, under the key it had before;
 * nothing else comes but what was sent.
 */
export class StoreModel {
  readonly #random: () => number;
  readonly #sent: Sent[] = [];
  readonly #problems: Problem[] = [];
  /** Which message has a key. */
  readonly #keys = new Map<string, number>();
  /**
   * True once a sync has failed. Who is killed then, before the file is given up, leaves a message that can be read, until a power cut: it was
   * promised to nobody, and counts as lost all the same.
   */
  #hasForgotten = false;
  #files: ForgetfulFiles;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
    this.#files = new ForgetfulFiles(this.#random, this.#misbehaviour());
  }

  /** How many messages were told to be stored. */
  get stored(): number {
    return this.#sent.filter(({ told }) => told === 'stored').length;
  }

  async run(lives: number): Promise<void> {
    for (let life = 0; life < lives; life++) {
      await Promise.race([this.#live(), this.#files.dead]);
      this.#files.end();
      this.#files =
        this.#random() < 0.7 ? this.#files.cut(this.#misbehaviour()) : this.#files.killed(this.#misbehaviour());
    }
    await this.#check(this.#files.cut());
  }

  #below(most: number): number {
    return Math.floor(this.#random() * most);
  }

  #misbehaviour(): Misbehaviour {
    const isSound = this.#random() < 0.6;
    const fails = (call: Call): Error | undefined => {
      if (isSound || this.#random() >= 0.05) return undefined;
      if (call === 'sync') this.#hasForgotten = true;
      return Object.assign(new Error(`EIO: ${call}`), { code: 'EIO' });
    };
    return { diesAt: 1 + this.#below(80), fails };
  }

  #open(files: ForgetfulFiles): Promise<Store> {
    const onProblem = (problem: Problem): void => void this.#problems.push(problem);
    return Store.open(files, { maxBytes: MAX_BYTES, maxMessages: Infinity, now: () => 0, onChange() {}, onProblem });
  }

  /** Until the process ends, or does so in good order. */
  async #live(): Promise<void> {
    // It does not start while the disk fails.
    const files = this.#files;
    const store = await this.#open(files).catch(() => undefined);
    if (store === undefined) return;
    const taken: Kept[] = [];
    for (let step = this.#below(60); step > 0 && !files.isDead; step--) {
      const what = this.#below(10);
      if (what < 4) for (let count = this.#below(12); count >= 0; count--) this.#append(store);
      else if (what < 7) taken.push(...(await this.#take(store)));
      else if (what === 7) this.#acknowledge(store, taken.splice(0, this.#below(taken.length + 1)));
      else if (what === 8) this.#acknowledge(store, taken.splice(this.#below(taken.length + 1), 3));
      else if (this.#random() < 0.3) await store.save();
      else if (this.#random() < 0.2) store.rewind();
      else await setImmediate();
      if (this.#random() < 0.3) store.resume();
    }
    if (this.#random() < 0.5) await store.close();
  }

  #append(store: Store): void {
    const payload = `${this.#sent.length} ${'x'.repeat(this.#below(this.#random() < 0.1 ? 6_000 : 300))}`;
    const sent: Sent = { payload, told: 'nothing', isAcknowledged: false, key: undefined };
    const content = { target: `t${this.#below(3)}`, payload };
    if (!store.hasRoomFor(store.measure(content))) return;
    this.#sent.push(sent);
    store.append({ content, settle: (error) => void (sent.told = error === undefined ? 'stored' : 'failed') });
  }

  async #take(store: Store): Promise<readonly Kept[]> {
    const kept = await store.take(this.#below(40)).catch(() => []);
    for (const one of kept) this.#sentAs(one);
    return kept;
  }

  #acknowledge(store: Store, kept: readonly Kept[]): void {
    for (const one of kept) {
      this.#sentAs(one).isAcknowledged = true;
      store.acknowledge(one.sequence);
    }
  }

  /** The message that this one is. */
  #sentAs({ content }: Kept): Sent {
    const key = content.id ?? '';
    const payload = Buffer.from(content.payload).toString();
    const number = Number(payload.split(' ')[0]);
    const sent = this.#sent[number];
    assert.equal(payload, sent?.payload, 'a message that nobody has sent');
    assert.ok(sent);
    assert.equal(this.#keys.get(key) ?? number, number, 'two messages have one key');
    assert.equal(sent.key ?? key, key, 'a message has another key than before');
    this.#keys.set(key, number);
    sent.key = key;
    return sent;
  }

  async #check(files: ForgetfulFiles): Promise<void> {
    const store = await this.#open(files);
    const found: Sent[] = [];
    for (let kept = await store.take(100); kept.length > 0; kept = await store.take(100))
      for (const one of kept) found.push(this.#sentAs(one));
    await store.close();
    const places = found.map((sent) => this.#sent.indexOf(sent));
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
      'messages are out of order',
    );
    assert.equal(new Set(places).size, places.length, 'a message comes twice');
    const isMissing = (sent: Sent): boolean => sent.told === 'stored' && !sent.isAcknowledged && !found.includes(sent);
    const missing = this.#sent.flatMap((sent, number) => (isMissing(sent) ? number : []));
    assert.deepEqual(missing, [], 'messages that were told to be stored are lost');
    if (this.#hasForgotten) return;
    const damaged = this.#problems.filter(({ event }) => event === 'spoolDamaged');
    assert.deepEqual(damaged, [], 'what is whole counts as damaged');
    assert.equal(store.lost, 0);
  }
}
