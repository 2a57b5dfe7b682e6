import fastq from 'fastq';
import { launch } from './flight.js';
import type { Contest } from './measure.js';
import { askBursts, askOneByOne, BURST, Inbox, sendBursts, sendOnePerTurn, type Order } from './orders.js';

/** Block to block, beside something else in a process that does the same. */
export interface MessageRow {
  readonly title: string;
  readonly against: string;
  /** The least ratio that design.md, section 7, asks for. */
  readonly budget?: number | undefined;
  start(): Promise<Contest>;
}

type Receiver = Parameters<typeof launch>[0];

const oneByOne = (inbox: Inbox): Receiver => ({ onMsg: inbox.take });

const inBatches = (inbox: Inbox): Receiver => ({
  onMsgs(batch) {
    for (const { msg } of batch) inbox.take(msg);
  },
});

export const MESSAGE_ROWS: readonly MessageRow[] = [
  {
    title: 'send, sync handler, bursts of 1,000',
    against: 'callback queue',
    budget: 1.3,
    start: () => callbacks(sendBursts, oneByOne),
  },
  {
    title: 'send, sync handler, one per turn',
    against: 'callback queue',
    budget: 0.7,
    start: () => callbacks(sendOnePerTurn, oneByOne),
  },
  {
    title: 'send, async handler, 1,000 under way',
    against: 'promise queue',
    budget: 3,
    start: () => async(sendBursts),
  },
  { title: 'send, async handler, one per turn', against: 'promise queue', start: () => async(sendOnePerTurn) },
  {
    title: 'ask, 1,000 under way',
    against: 'promises + timers',
    budget: 1.5,
    start: () => asks(askBursts),
  },
  {
    title: 'ask, one by one',
    against: 'promises + timers',
    budget: 1.5,
    start: () => asks(askOneByOne),
  },
  {
    title: 'send, batches of 256, bursts of 1,000',
    against: 'callback queue',
    start: () => callbacks(sendBursts, inBatches),
  },
];

/** A receiver that is made of its inbox, beside a queue that calls back. */
async function callbacks(drive: typeof sendBursts, receiverOf: (inbox: Inbox) => Receiver): Promise<Contest> {
  const [inbox, other] = [new Inbox(), new Inbox()];
  const { receiver, land } = await launch(receiverOf(inbox));
  const queue = fastq<unknown, Order, void>((order, done) => {
    other.take(order);
    done(null);
  }, 1);
  return {
    ours: (count) => drive(receiver.send, inbox, count),
    baseline: (count) => drive((order) => queue.push(order), other, count),
    end: land,
  };
}

async function async(drive: typeof sendBursts): Promise<Contest> {
  const [inbox, other] = [new Inbox(), new Inbox()];
  const { receiver, land } = await launch({ onMsg: inbox.takeAsync, mailbox: { concurrency: BURST } });
  const queue = fastq.promise<unknown, Order, void>(other.takeAsync, BURST);
  return {
    ours: (count) => drive(receiver.send, inbox, count),
    baseline: (count) => drive((order) => queue.push(order), other, count),
    end: land,
  };
}

async function asks(drive: typeof askBursts): Promise<Contest> {
  const [inbox, other] = [new Inbox(), new Inbox()];
  const { receiver, land } = await launch({ onMsg: inbox.takeAsync, mailbox: { concurrency: BURST } });
  const queue = fastq.promise<unknown, Order, void>(other.takeAsync, BURST);
  return {
    ours: (count) => drive((order) => receiver.ask(order), count),
    baseline: (count) => drive((order) => withDeadline(queue.push(order)), count),
    end: land,
  };
}

/** As long as an `ask` waits unless told otherwise. */
const ASK_MS = 30_000;

/** Rejects when the work takes too long, as `ask` does: what a user of a queue has to add. */
function withDeadline(work: Promise<unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer in time')), ASK_MS);
    work.then(
      (value) => (clearTimeout(timer), resolve(value)),
      (error: unknown) => (clearTimeout(timer), reject(error as Error)),
    );
  });
}
