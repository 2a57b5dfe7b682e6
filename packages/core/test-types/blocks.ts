// Compiled, not run: what has to compile, and what must not.
import {
  defineBlock,
  Sputnik,
  type Block,
  type BlockCommunicator,
  type BlockFactories,
  type BlockFactory,
  type ConfFactory,
  type Responsibility,
  type ServerConnector,
  type StandardSchemaV1,
} from '@sputnikjs/core';
import { z } from 'zod';

interface Order {
  readonly id: number;
}
interface Connection {
  publish(subject: string): void;
}

/** The original's form. */
class Original implements Block<Connection, Order, boolean> {
  async init(config: ConfFactory): Promise<void> {
    const { port } = await config('original', z.strictObject({ port: z.number() }));
    const copy: number = port;
    // @ts-expect-error the schema says that it is a number
    const text: string = port;
    void [copy, text];
  }
  run(self: BlockCommunicator<Order, boolean>): void {
    self.send({ id: 1 });
  }
  finish(): void {}
  onServerConnect(connection: Connection): void {
    connection.publish('here');
  }
  onMsg({ id }: Order): boolean {
    return id > 0;
  }
}

export const bare = { init(): void {}, run(): void {}, finish(): void {} };
// @ts-expect-error finish is missing
export const unfinished: Block = { init() {}, run() {} };
// @ts-expect-error onMsg answers with a boolean
export const wrongAnswer: Block<unknown, Order, boolean> = { ...bare, onMsg: () => 'yes' };

const ORDERS: Responsibility<Order, boolean> = 'orders';

export const defined: BlockFactory<Connection> = defineBlock({
  name: 'defined',
  config: z.strictObject({ port: z.number(), host: z.string().default('127.0.0.1') }),
  needs: { orders: ORDERS, anybody: 'somewhere' },
  make: ({ port, host }, to, ctx) => ({
    async run() {
      const taken: boolean = to.orders.send({ id: port });
      const answer: boolean = await to.orders.ask({ id: 1 });
      to.anybody.send({ any: 'thing', host });
      await ctx.clock.sleep(port, ctx.landing);
      void [taken, answer];
    },
    onServerConnect(connection: Connection) {
      connection.publish(host);
    },
    onMsg: (msg: Order) => msg.id,
  }),
});

export const misused: BlockFactory = defineBlock({
  name: 'misused',
  config: z.strictObject({ port: z.number() }),
  needs: { orders: ORDERS },
  make(config, to) {
    // @ts-expect-error the configuration has a port, which is a number
    const port: string = config.port;
    // @ts-expect-error it has no host
    void config.host;
    // @ts-expect-error a need that is not declared
    void to.producer;
    // @ts-expect-error a misspelt key
    to.orders.send({ idd: 1 });
    // @ts-expect-error a wrong answer type
    const answer: Promise<string> = to.orders.ask({ id: 1 });
    void [port, answer];
    return {};
  },
});

export const withoutConfig: BlockFactory = defineBlock({
  name: 'without-config',
  make(config) {
    // @ts-expect-error without a schema there is no configuration
    void config.port;
    return {};
  },
});

export const typo: BlockFactory = defineBlock({
  name: 'typo',
  // @ts-expect-error a misspelt callback
  make: () => ({ onMessage() {} }),
});

// @ts-expect-error whenFull is "reject" or "drop-oldest"
export const policy: BlockFactory = defineBlock({ name: 'policy', make: () => ({ mailbox: { whenFull: 'explode' } }) });

/** The receiving side: the address says what a block takes and answers. */
interface Receipt {
  readonly total: number;
}
const DESK: Responsibility<Order, Receipt> = 'desk';
const NOTES: Responsibility<Order, void> = 'notes';
const WORD: Responsibility<Order, 'yes' | 'no'> = 'word';

export const desks: BlockFactory[] = [
  defineBlock({ name: 'a', address: DESK, make: () => ({ onMsg: ({ id }) => ({ total: id + 1 }) }) }),
  defineBlock({
    name: 'b',
    address: DESK,
    config: z.strictObject({ port: z.number() }),
    needs: { notes: NOTES },
    make: ({ port }, { notes }) => ({
      run: (self) => void self.send({ id: port }),
      async onMsg(order, from) {
        notes.send(order);
        from.send(order);
        return { total: order.id + port };
      },
    }),
  }),
  defineBlock({
    name: 'c',
    address: DESK,
    make: () => ({
      onMsgs(batch) {
        for (const mail of batch) mail.reply({ total: mail.msg.id + 1 });
      },
    }),
  }),
  defineBlock({ name: 'd', address: NOTES, make: () => ({ onMsg: ({ id }) => void id }) }),
  defineBlock({ name: 'e', address: WORD, make: () => ({ onMsg: ({ id }) => (id > 0 ? 'yes' : 'no') }) }),
  // a handler may take more than the contract says, and answer with more
  defineBlock({ name: 'f', address: DESK, make: () => ({ onMsg: (msg: object) => ({ total: 1, msg }) }) }),
  // without a contract its own annotation counts
  defineBlock({ name: 'g', address: 'a plain string', make: () => ({ onMsg: (order: Order) => order.id }) }),
  defineBlock({ name: 'h', address: 'a plain string', make: () => ({ onMsg: (msg) => msg['any'] }) }),
];

export const misplaced: BlockFactory[] = [
  defineBlock({
    name: 'wrong answer',
    address: DESK,
    make: () => ({
      // @ts-expect-error the answer is a Receipt
      onMsg: ({ id }) => id,
    }),
  }),
  defineBlock({
    name: 'no answer',
    address: DESK,
    make: () => ({
      // @ts-expect-error who asks gets a Receipt
      async onMsg() {},
    }),
  }),
  defineBlock({
    name: 'vague answer',
    address: DESK,
    make: () => ({
      // @ts-expect-error an object need not be a Receipt
      onMsg: (order): object => order,
    }),
  }),
  defineBlock({
    name: 'wrong message',
    address: DESK,
    make: () => ({
      // @ts-expect-error it gets an Order
      onMsg: ({ total }: Receipt) => ({ total }),
    }),
  }),
  defineBlock({
    name: 'greedy',
    address: DESK,
    make: () => ({
      // @ts-expect-error an Order need not have a price
      onMsg: ({ price }: Order & { price: number }) => ({ total: price }),
    }),
  }),
  defineBlock({
    name: 'misspelt',
    address: DESK,
    make: () => ({
      // @ts-expect-error an Order has no such key
      onMsg: ({ idd }) => ({ total: Number(idd) }),
    }),
  }),
  defineBlock({
    name: 'batches',
    address: DESK,
    make: () => ({
      onMsgs(batch) {
        // @ts-expect-error the answer is a Receipt
        for (const mail of batch) mail.reply(mail.msg.id);
      },
    }),
  }),
];

/** An address is a text like any other where the satellite lists its blocks. */
export const listed = new Sputnik({ appBlocks: [{ name: 'a', responsibility: DESK, needs: { orders: ORDERS } }] });

/** What blocks for a connection of their own look like. */
const original: BlockFactory<Connection> = () => new Original();
const forText: BlockFactory<string> = () => ({
  ...bare,
  onServerConnect: (connection: string) => void connection.trim(),
});
const forAny: BlockFactory = () => bare;

export const mine: BlockFactories<Connection> = { original, forAny, defined };
// @ts-expect-error a block made for another connection type
export const foreign: BlockFactories<Connection> = { forText };
const definedForText = defineBlock({
  name: 'text',
  make: () => ({ onServerConnect: (text: string) => void text.trim() }),
});
// @ts-expect-error a defined block likewise
export const foreignToo: BlockFactories<Connection> = { definedForText };
// @ts-expect-error a block for a certain connection is none for any connection
export const anywhere: BlockFactories = { original };

declare const connector: ServerConnector<Connection>;
const appBlocks = [{ name: 'original', needs: { orders: 'elsewhere' } }];
export const sputnik: Sputnik<Connection> = new Sputnik({ appBlocks, connector, blockFactories: { original, forAny } });
// @ts-expect-error a block made for another connection type than the connector gives
export const mixed = new Sputnik({ appBlocks, connector, blockFactories: { forText } });
// @ts-expect-error the finisher likewise
export const mixedFinisher = new Sputnik({ appBlocks, connector, blockFactories: { original }, finisher: forText });
// @ts-expect-error appBlocks are descriptors
export const namesOnly = new Sputnik({ appBlocks: ['original'] });
// @ts-expect-error a misspelt option
export const misspelt = new Sputnik({ appBlocks, timeout: {} });

/** Schemas of zod fit as they are, their output type being what `make` gets. */
export const schemas: StandardSchemaV1<unknown, unknown>[] = [
  z.string(),
  z.strictObject({ a: z.number().default(1) }),
  z.string().transform(Number),
  z.union([z.string(), z.number()]).optional(),
];
export const transformed: BlockFactory = defineBlock({
  name: 'transformed',
  config: z.string().transform(Number),
  make(config) {
    const result: number = config;
    void result;
    return {};
  },
});

export async function read(config: ConfFactory): Promise<number> {
  const { retries } = await config('read', z.strictObject({ retries: z.number().default(3) }));
  // @ts-expect-error the schema says that it is a number
  const text: string = retries;
  void text;
  return retries;
}
