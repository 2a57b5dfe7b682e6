// Compiled, not run: what has to compile, and what must not.
import type { BlockCommunicator, Msg, Responsibility } from '@sputnikjs/core';

interface Order {
  readonly id: number;
  readonly note?: string;
}
type Receipt = { total: number };

const ORDERS: Responsibility<Order, Receipt> = 'orders';
/** A contract without an answer worth waiting for. */
const AUDIT: Responsibility<Order, void> = 'audit';
const WITH_ALIAS: Responsibility<Receipt> = 'receipts';

// @ts-expect-error a message type must not have a key that starts with "__"
export type Reserved = Responsibility<{ __name: string }>;
// @ts-expect-error not even an optional one, in an interface
export type ReservedToo = Responsibility<Sly>;
interface Sly {
  readonly __kind?: string;
}

export async function typed(self: BlockCommunicator): Promise<void> {
  const orders = self.communicator(ORDERS);
  if (!orders) return;

  const accepted: boolean = orders.send({ id: 1 });
  orders.send({ id: 1, note: 'urgent' });
  const order: Order = { id: 2 };
  orders.send(order);
  await orders.post(order, { signal: AbortSignal.timeout(1) });

  // @ts-expect-error a misspelt key
  orders.send({ idd: 1 });
  // @ts-expect-error a misspelt key beside a right one
  orders.send({ id: 1, nota: 'urgent' });
  // @ts-expect-error a missing key
  orders.send({});
  // @ts-expect-error a wrong type
  orders.send({ id: '1' });
  // @ts-expect-error a reserved key
  orders.send({ id: 1, __name: 'finish' });
  // @ts-expect-error the same rules hold for post
  await orders.post({ idd: 1 });
  // @ts-expect-error and for ask
  await orders.ask({ idd: 1 });
  // @ts-expect-error null is no message
  orders.send(null);
  // @ts-expect-error nor is a text
  orders.send('text');

  const receipt: Receipt = await orders.ask({ id: 1 }, { timeoutMs: 100 });
  // @ts-expect-error the answer is a Receipt
  const text: string = await orders.ask({ id: 1 });
  // @ts-expect-error the answer of AUDIT is nothing
  const nothing: Receipt | undefined = await self.communicator(AUDIT)?.ask({ id: 1 });
  // @ts-expect-error there may be no such block
  self.communicator(WITH_ALIAS).send({ total: 1 });
  self.communicator(WITH_ALIAS)?.send({ total: 1 });
  void [accepted, receipt, text, nothing];
}

/** A plain string is an address too, for any message. */
export async function untyped(self: BlockCommunicator, somewhere: string): Promise<void> {
  const other: BlockCommunicator | undefined = self.communicator(somewhere);
  other?.send({ any: 'thing', nested: { __fine: true } });
  self.communicator('a literal')?.send({});
  const message: Msg = { any: 'thing' };
  other?.send(message);
  const answer: unknown = await other?.ask({ question: 1 });
  // @ts-expect-error a reserved key in an untyped literal
  other?.send({ __name: 'finish' });
  // @ts-expect-error nor in a Msg
  const reserved: Msg = { __name: 'finish' };
  // @ts-expect-error an answer of which nothing is known
  const known: string = await other?.ask({ question: 1 });
  // @ts-expect-error a message is read-only from the moment it is sent (hazard 15)
  message['any'] = 'other thing';
  void [answer, reserved, known];
}

/** Where any message goes, a plain interface does, too. */
export async function plain(self: BlockCommunicator, order: Order, sly: Sly): Promise<void> {
  const other = self.communicator('somewhere');
  other?.send(order);
  await other?.post(order, { signal: AbortSignal.timeout(1) });
  const answer: unknown = await other?.ask(order, { timeoutMs: 1 });
  // @ts-expect-error not one with a reserved key
  other?.send(sly);
  // @ts-expect-error a text is no message
  await other?.post('text');
  // @ts-expect-error nor is null
  await other?.ask(null);
  // @ts-expect-error a misspelt option
  await other?.ask(order, { timeout: 1 });
  const texts = self.communicator<Record<string, string>>('texts');
  texts?.send({ any: 'text' });
  // @ts-expect-error a contract of which only the keys are free is one
  texts?.send({ any: 1 });
  void answer;
}

/** A handle on a block that takes little is none on a block that takes more: `send` is a property. */
export function widen(orders: BlockCommunicator<Order, Receipt>, all: BlockCommunicator<Order | Receipt>): void {
  // @ts-expect-error it does not take a Receipt
  const wider: BlockCommunicator<Order | Receipt> = orders;
  // @ts-expect-error it does not take any message
  const widest: BlockCommunicator = orders;
  const narrower: BlockCommunicator<Order> = all;
  // @ts-expect-error it answers with a Receipt, not a text
  const answers: BlockCommunicator<Order, string> = orders;
  const lessKnown: BlockCommunicator<Order> = orders;
  // @ts-expect-error an address with one contract is none with another
  const address: Responsibility<Receipt> = ORDERS;
  void [wider, widest, narrower, answers, lessKnown, address];
}
