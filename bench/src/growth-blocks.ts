// Sends messages to so many blocks in turn. `node growth-blocks.js BLOCKS MESSAGES` prints the CPU time a message, in microseconds, and the most
// memory of the process, in MB.
import { defineBlock, Sputnik, type BlockCommunicator } from '@sputnikjs/core';
import { Inbox, sendBursts, type Order } from './orders.js';

const [blocks = 1, messages = 0] = process.argv.slice(2).map(Number);
const inbox = new Inbox();
const names = Array.from({ length: blocks }, (_, n) => `receiver${n}`);
const receivers = names.map((name) => defineBlock({ name, make: () => ({ onMsg: inbox.take }) }));
let running: (to: readonly BlockCommunicator<Order>[]) => void;
const handles = new Promise<readonly BlockCommunicator<Order>[]>((resolve) => (running = resolve));
const sender = defineBlock({
  name: 'sender',
  needs: Object.fromEntries(names.map((name) => [name, name])),
  make: (_, to) => ({ run: () => running(Object.values(to) as readonly BlockCommunicator<Order>[]) }),
});

const flight = await new Sputnik({
  appBlocks: [...names, 'sender'].map((name) => ({ name })),
  blockFactories: { ...Object.fromEntries(names.map((name, n) => [name, receivers[n]])), sender },
}).prepare();
void flight.launch();
const to = await handles;
let next = 0;
const send = (order: Order): unknown => to[next++ % blocks]?.send(order);
await sendBursts(send, inbox, messages / 4);
const before = process.cpuUsage();
await sendBursts(send, inbox, messages);
const { user, system } = process.cpuUsage(before);
await flight.shootDown();
console.log(JSON.stringify({ cpu: (user + system) / messages, peak: process.resourceUsage().maxRSS / 1024 }));
