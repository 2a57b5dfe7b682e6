import type { SputnikEvent } from '@sputnikjs/core';
import { isHandler, isKnown, lettersOf, lossesOf, obeys, outcomeOf } from './outcomes.js';
import type { BlockPlan } from './plan.js';
import { codeOf, type Story } from './story.js';
import type { Call, Letter } from './trace.js';

/** What the rules let become of a letter. */
export interface Fate {
  /** Of the receiver when it was written: 'none' takes no messages at all; 'unsure' was about to close. */
  readonly box: 'none' | 'open' | 'unsure' | 'closed';
  readonly full: boolean;
  /** It waited for room. */
  waited?: boolean;
  /** When the mailbox closed under it, waiting. */
  turnedAway?: number;
  accepted?: { readonly index: number; readonly at: number };
  /** Accepted, then lost: which code an asker gets. */
  lost?: { readonly index: number; readonly at: number; readonly code: 'ASK_DROPPED' | 'ASK_ENDED' };
  /** Another was first in the queue when it was handed over. */
  outOfTurn?: boolean;
}

export type Tally = Record<'accepted' | 'rejected' | 'handled' | 'failed' | 'dropped', number>;

/** A mailbox as the rules have it. */
export class Box {
  readonly capacity: number;
  readonly dropsOldest: boolean;
  readonly concurrency: number;
  /** Messages that a call gets at most. */
  readonly batch: number;
  state: Fate['box'] = 'open';
  queue: Letter[] = [];
  waiting: Letter[] = [];
  readonly calls = new Set<Call>();
  /** Handed over, and without outcome, or with a failure that is yet to be handed in. */
  readonly underWay = new Set<Letter>();
  readonly tally: Tally = { accepted: 0, rejected: 0, handled: 0, failed: 0, dropped: 0 };
  /** Whether a handler obeyed or failed cannot be told from outside. */
  unsure = false;
  /** Nobody waits for its handlers any longer. */
  over = false;
  /** Fates of those that came when it was about to close, and may have waited. */
  readonly unsureOnes: Fate[] = [];

  constructor({ mailbox, onMsgs }: BlockPlan) {
    this.capacity = mailbox.capacity ?? 65_536;
    this.dropsOldest = mailbox.whenFull === 'drop-oldest';
    this.concurrency = mailbox.concurrency ?? 1;
    this.batch = onMsgs ? (mailbox.batch ?? 256) : 1;
  }

  get isIdle(): boolean {
    return this.queue.length + this.waiting.length + this.calls.size === 0;
  }

  /** While somebody waits for room nobody else finds any. */
  get full(): boolean {
    return this.queue.length >= this.capacity || this.waiting.length > 0;
  }
}

/** How a mailbox stood at a line of the trace. */
export interface Standing {
  readonly index: number;
  readonly block: string;
  readonly depth: number;
  readonly waiting: number;
  readonly calls: number;
  readonly underWay: number;
  readonly tally: Tally;
  readonly box: Box;
  readonly state: Fate['box'];
  readonly unsure: boolean;
}

/** A batch that was handed over. */
export interface BatchSize {
  readonly call: Call;
  readonly most: number;
  readonly size: number;
  /** Messages that waited on. */
  readonly left: number;
}

/** The trace, gone through once more with mailboxes as the rules have them: what had to become of each letter. */
export class Mail {
  readonly fates: Fate[] = [];
  readonly boxes = new Map<string, Box>();
  /** When nothing more happened without time. */
  readonly quiet: Standing[] = [];
  /** The places at which nobody held a message. */
  readonly idle = new Set<number>();
  /** When a block's finish was announced. */
  readonly finishing: Standing[] = [];
  readonly batches: BatchSize[] = [];
  /** Blocks that hold something in transit. */
  readonly #inTransit = new Set<string>();
  /** The same, when their finish was announced. */
  readonly finishingInTransit = new Set<string>();
  readonly #story: Story;

  constructor(story: Story) {
    this.#story = story;
    for (const [block, plan] of story.watched) if (takesMessages(plan)) this.boxes.set(block, new Box(plan));
    for (const [index, line] of story.lines.entries()) {
      if (line.what === 'write') this.#write(line.letter);
      else if (line.what === 'enter' && isHandler(line.call)) this.#begin(line.call, index);
      else if (line.what === 'exit' && isHandler(line.call)) this.#end(line.call);
      else if (line.what === 'outcome') this.#settle(line.letter, index);
      else if (line.what === 'transit') this.#carry(line.block, line.isIdle);
      else if (line.what === 'give up') this.#leave(line.letter);
      else if (line.what === 'settle' && isRefused(line.letter)) this.#leave(line.letter);
      else if (line.what === 'event') this.#hear(line.event, index);
      else if (line.what === 'quiet') this.#stand(index, this.quiet);
      if (this.#isIdle) this.idle.add(index);
    }
  }

  /** At some place from one to another nobody held a message. */
  wasIdle(from: number, to: number): boolean {
    for (let index = from; index < to; index++) if (this.idle.has(index)) return true;
    return false;
  }

  fateOf(letter: Letter): Fate {
    return this.fates[letter.no] as Fate;
  }

  #write(letter: Letter): void {
    const box = letter.message === null ? undefined : this.boxes.get(letter.to);
    const fate: Fate = { box: box?.state ?? 'none', full: box?.full ?? false };
    this.fates.push(fate);
    if (!box || letter.already) return;
    const wouldWait = letter.waits && fate.full && !box.dropsOldest;
    if (wouldWait && fate.box === 'open') {
      fate.waited = true;
      box.waiting.push(letter);
    } else if (isAccepted(letter)) this.#accept(box, letter, letter.written);
    else {
      box.tally.rejected++;
      // it may have waited for the mailbox to close
      if (wouldWait && fate.box === 'unsure') box.unsureOnes.push(fate);
    }
  }

  #accept(box: Box, letter: Letter, index: number): void {
    const oldest = box.full && box.dropsOldest ? box.queue.shift() : undefined;
    if (oldest) this.#lose(box, oldest, index, 'ASK_DROPPED');
    box.queue.push(letter);
    box.tally.accepted++;
    this.fateOf(letter).accepted = { index, at: this.#at(index) };
  }

  #begin(call: Call, index: number): void {
    const box = this.boxes.get(call.block);
    if (!box) return;
    const letters = lettersOf(call);
    for (const letter of letters) this.#take(box, letter, index);
    box.calls.add(call);
    this.batches.push({ call, most: box.batch, size: letters.length, left: box.queue.length });
  }

  #take(box: Box, letter: Letter, index: number): void {
    if (box.queue[0] !== letter) this.fateOf(letter).outOfTurn = true;
    box.queue = box.queue.filter((other) => other !== letter);
    // one that is refused before all is quiet again has left, though that is noted later
    const quiet = this.#quietAfter(index);
    const left = (other: Letter): boolean => isRefused(other) && (other.settled?.index ?? Infinity) < quiet;
    for (const other of box.waiting.filter(left)) this.#leave(other);
    const next = box.waiting.shift();
    if (next) this.#accept(box, next, index);
    box.underWay.add(letter);
  }

  /** It got an outcome of its own. A failure that no asker knows is handed in later. */
  #settle(letter: Letter, index: number): void {
    const box = this.boxes.get(letter.to);
    const { outcome } = letter;
    if (!box || outcome?.index !== index || !box.underWay.has(letter)) return;
    if (outcome.threw && !isKnown(letter, outcome.value)) return;
    box.underWay.delete(letter);
    box.tally[outcome.threw ? 'failed' : 'handled']++;
  }

  #end(call: Call): void {
    const box = this.boxes.get(call.block);
    if (!box?.calls.delete(call) || box.over) return;
    this.#handIn(box, call);
    for (const letter of lettersOf(call)) {
      if (box.underWay.delete(letter)) box.tally[outcomeOf(letter)?.threw ? 'failed' : 'handled']++;
    }
  }

  /** Counts the failures of a call that no asker knows. */
  #handIn(box: Box, call: Call): void {
    for (const { error, letters, handedIn } of lossesOf(call, this.#story)) {
      const obedient = obeys(error, handedIn, this.#story);
      if (obedient === 'unsure') box.unsure = true;
      box.tally[obedient === 'no' ? 'failed' : 'dropped'] += letters.length;
      for (const letter of letters) box.underWay.delete(letter);
    }
  }

  #carry(block: string, isIdle: boolean): void {
    if (isIdle) this.#inTransit.delete(block);
    else this.#inTransit.add(block);
  }

  /** It waits for room no longer; a question that does not is refused. */
  #leave(letter: Letter): void {
    const box = this.boxes.get(letter.to);
    if (!box?.waiting.includes(letter)) return;
    box.waiting = box.waiting.filter((other) => other !== letter);
    if (letter.kind === 'ask') box.tally.rejected++;
    // A mailbox that is about to close may have closed before that is seen.
    if (box.state === 'unsure' && isRefused(letter)) this.fateOf(letter).turnedAway = letter.settled?.at ?? Number.NaN;
  }

  #hear(event: SputnikEvent, index: number): void {
    const { flown } = this.#story;
    if (event.type === 'landing' && !flown) this.#each((box) => (box.state = 'unsure'));
    if (event.type === 'landed' || (event.type === 'finishing' && !flown)) this.#each((box) => this.#close(box, index));
    if (event.type === 'finishing') {
      const block = event.block.responsibility;
      this.#stand(index, this.finishing);
      if (this.#inTransit.has(block)) this.finishingInTransit.add(block);
      this.#close(this.boxes.get(event.block.responsibility), index);
    }
    if (event.type === 'finished') this.#abandon(this.boxes.get(event.block.responsibility), index);
  }

  #each(tell: (box: Box) => void): void {
    for (const box of this.boxes.values()) tell(box);
  }

  #close(box: Box | undefined, index: number): void {
    if (!box || box.state === 'closed') return;
    box.state = 'closed';
    for (const letter of box.queue.splice(0)) this.#lose(box, letter, index, 'ASK_ENDED');
    for (const fate of box.unsureOnes) fate.turnedAway = this.#at(index);
    for (const letter of box.waiting.splice(0)) {
      this.fateOf(letter).turnedAway = this.#at(index);
      box.tally.rejected++;
    }
  }

  #abandon(box: Box | undefined, index: number): void {
    if (!box) return;
    box.over = true;
    for (const call of box.calls) this.#handIn(box, call);
    for (const letter of box.underWay) this.#lose(box, letter, index, 'ASK_ENDED');
    box.underWay.clear();
    box.calls.clear();
  }

  #lose(box: Box, letter: Letter, index: number, code: 'ASK_DROPPED' | 'ASK_ENDED'): void {
    box.tally.dropped++;
    this.fateOf(letter).lost = { index, at: this.#at(index), code };
  }

  get #isIdle(): boolean {
    for (const { isIdle } of this.boxes.values()) if (!isIdle) return false;
    return this.#inTransit.size === 0;
  }

  #stand(index: number, standings: Standing[]): void {
    for (const [block, box] of this.boxes) {
      const { queue, waiting, calls, underWay, tally, state, unsure } = box;
      const depth = queue.length;
      standings.push({
        index,
        block,
        depth,
        waiting: waiting.length,
        calls: calls.size,
        underWay: underWay.size,
        tally: { ...tally },
        box,
        state,
        unsure,
      });
    }
  }

  #quietAfter(index: number): number {
    const { lines } = this.#story;
    let at = index;
    while (at < lines.length && lines[at]?.what !== 'quiet') at++;
    return at;
  }

  #at(index: number): number {
    return this.#story.lines[index]?.at ?? Number.NaN;
  }
}

/** True for a block with a mailbox. */
export function takesMessages({ onMsg, onMsgs }: BlockPlan): boolean {
  return (onMsg ?? onMsgs) !== undefined;
}

/** What the sender was told, or is to be concluded from the answer. */
function isAccepted({ kind, settled }: Letter): boolean {
  if (kind === 'ask') return codeOf(settled?.value) !== 'ASK_REFUSED';
  return settled?.resolved === true && settled.value === true;
}

function isRefused({ kind, settled }: Letter): boolean {
  return kind === 'ask' && codeOf(settled?.value) === 'ASK_REFUSED';
}
