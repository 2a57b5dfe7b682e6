/** What is sent: two keys, fresh for every send. */
export type Order = { readonly id: number; readonly text: string };

/** What every receiver does with an order, and how its sender learns that it has. */
export class Inbox {
  handled = 0;
  sum = 0;
  #awaited = -1;
  #reached: () => void = () => undefined;

  readonly take = (order: Order): void => {
    this.sum += order.id;
    if (++this.handled === this.#awaited) this.#reached();
  };

  /** The least that an asynchronous handler costs: a promise. */
  readonly takeAsync = async (order: Order): Promise<void> => this.take(order);

  /** Resolves when `count` orders have been handled. */
  async reaches(count: number): Promise<void> {
    if (this.handled >= count) return;
    this.#awaited = count;
    await new Promise<void>((resolve) => (this.#reached = resolve));
  }
}

type Send = (order: Order) => unknown;
type Ask = (order: Order) => Promise<unknown>;

export const BURST = 1000;

/** Sends bursts of 1,000, each when the one before has been handled. */
export async function sendBursts(send: Send, inbox: Inbox, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += BURST) {
    const { handled } = inbox;
    for (let i = 0; i < BURST; i++) send({ id: sent + i, text: 'order' });
    await inbox.reaches(handled + BURST);
  }
}

/** Awaited, it takes one turn. */
const turn = Promise.resolve();

/** Sends one a turn, each when the one before has been handled. */
export async function sendOnePerTurn(send: Send, inbox: Inbox, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const { handled } = inbox;
    send({ id: i, text: 'order' });
    await turn;
    if (inbox.handled === handled) await inbox.reaches(handled + 1);
  }
}

/** Asks bursts of 1,000, each when the one before has been answered. */
export async function askBursts(ask: Ask, count: number): Promise<void> {
  for (let asked = 0; asked < count; asked += BURST) {
    const answers: Promise<unknown>[] = [];
    for (let i = 0; i < BURST; i++) answers.push(ask({ id: asked + i, text: 'order' }));
    await Promise.all(answers);
  }
}

/** Asks one by one, each when the one before has been answered. */
export async function askOneByOne(ask: Ask, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await ask({ id: i, text: 'order' });
}
