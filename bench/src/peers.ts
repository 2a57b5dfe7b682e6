import { EventEmitter } from 'node:events';
import { dispatch, query, spawnStateless, start, stop } from 'nact';
import { Subject } from 'rxjs';
import { createActor, fromTransition } from 'xstate';
import { launch } from './flight.js';
import type { Contest } from './measure.js';
import type { MessageRow } from './messages.js';
import { askBursts, BURST, Inbox, sendBursts, type Order } from './orders.js';

/** Longer than a busy moment: when the library gives up a question, the row ends. */
const ASK_MS = 300_000;

/** How one library sends orders to what takes them, and what ends it. */
interface Peer<Result> {
  readonly hand: (order: Order) => Result;
  readonly end?: (() => unknown) | undefined;
}

/** Block to block, beside other libraries with which parts of a process send messages to each other. */
export const PEER_ROWS: readonly MessageRow[] = [
  {
    title: 'send beside EventEmitter, bursts of 1,000',
    against: 'calls at once',
    start: () => sends(emitter),
  },
  {
    title: 'send beside RxJS, bursts of 1,000',
    against: 'Subject, calls at once',
    start: () => sends(subject),
  },
  {
    title: 'send beside XState, bursts of 1,000',
    against: 'actor of a transition',
    start: () => sends(machine),
  },
  {
    title: 'send beside nact, bursts of 1,000',
    against: 'stateless actor',
    start: () => sends(actor),
  },
  {
    title: 'ask beside nact, 1,000 under way',
    against: 'query with a time-out',
    start: () => asks(questions),
  },
];

async function sends(peerOf: (inbox: Inbox) => Peer<unknown>): Promise<Contest> {
  const [inbox, other] = [new Inbox(), new Inbox()];
  const { receiver, land } = await launch({ onMsg: inbox.take });
  const { hand, end } = peerOf(other);
  return {
    ours: (count) => sendBursts(receiver.send, inbox, count),
    baseline: (count) => sendBursts(hand, other, count),
    end: async () => [await land(), await end?.()],
  };
}

async function asks(peerOf: (inbox: Inbox) => Peer<Promise<unknown>>): Promise<Contest> {
  const [inbox, other] = [new Inbox(), new Inbox()];
  const { receiver, land } = await launch({ onMsg: inbox.takeAsync, mailbox: { concurrency: BURST } });
  const { hand, end } = peerOf(other);
  return {
    ours: (count) => askBursts((order) => receiver.ask(order), count),
    baseline: (count) => askBursts(hand, count),
    end: async () => [await land(), await end?.()],
  };
}

/** Has no queue: the handler runs inside `emit`. */
function emitter({ take }: Inbox): Peer<unknown> {
  const events = new EventEmitter().on('order', take);
  return { hand: (order) => events.emit('order', order) };
}

/** Has no queue either; with a scheduler (`observeOn(asapScheduler)`) a burst of a thousand is sixty times slower. */
function subject({ take }: Inbox): Peer<unknown> {
  const orders = new Subject<Order>();
  orders.subscribe(take);
  return { hand: (order) => orders.next(order), end: () => orders.complete() };
}

/** The event that hands over an order. */
interface OrderEvent {
  readonly type: 'order';
  readonly order: Order;
}

function machine({ take }: Inbox): Peer<unknown> {
  const receiver = createActor(
    fromTransition((state: null, event: OrderEvent) => {
      // when it stops, it hears of that, too
      if (event.type === 'order') take(event.order);
      return state;
    }, null),
  ).start();
  return { hand: (order) => receiver.send({ type: 'order', order }), end: () => receiver.stop() };
}

function actor({ take }: Inbox): Peer<unknown> {
  const system = start();
  const receiver = spawnStateless(system, (order: Order) => take(order));
  return { hand: (order) => dispatch(receiver, order), end: () => stop(system) };
}

function questions({ takeAsync }: Inbox): Peer<Promise<unknown>> {
  interface Question {
    readonly order: Order;
    readonly sender: Parameters<typeof dispatch<'handled'>>[0];
  }
  const system = start();
  const receiver = spawnStateless(system, async ({ order, sender }: Question) => {
    await takeAsync(order);
    dispatch(sender, 'handled');
  });
  const hand = (order: Order): Promise<unknown> => query(receiver, (sender) => ({ order, sender }), ASK_MS);
  return { hand, end: () => stop(system) };
}
