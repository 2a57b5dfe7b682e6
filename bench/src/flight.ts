import { defineBlock, Sputnik, type Block, type BlockCommunicator, type Responsibility } from '@sputnikjs/core';
import type { Order } from './orders.js';

const RECEIVER: Responsibility<Order, void> = 'receiver';

/** A flight without server, and its sender's handle on its receiver. */
export interface OrderFlight {
  readonly receiver: BlockCommunicator<Order, void>;
  readonly land: () => Promise<unknown>;
}

/** Launches a satellite of a sender and the receiver that is given; resolves when the sender runs. */
export async function launch(block: Partial<Block<unknown, Order, void>>): Promise<OrderFlight> {
  const receiver = defineBlock({ name: RECEIVER, make: () => block });
  let run: (receiver: BlockCommunicator<Order, void>) => void;
  const running = new Promise<BlockCommunicator<Order, void>>((resolve) => (run = resolve));
  const sender = defineBlock({
    name: 'sender',
    needs: { receiver: RECEIVER },
    make: (_, to) => ({ run: () => run(to.receiver) }),
  });
  const flight = await new Sputnik({
    appBlocks: [{ name: 'receiver' }, { name: 'sender' }],
    blockFactories: { receiver, sender },
  }).prepare();
  void flight.launch();
  return { receiver: await running, land: () => flight.shootDown() };
}
