/** The program that the boot rows start: three trivial blocks, prepared, launched and landed. */
import { defineBlock, Sputnik } from '@sputnikjs/core';

const names = ['one', 'two', 'three'];
const flight = await new Sputnik({
  appBlocks: names.map((name) => ({ name })),
  blockFactories: Object.fromEntries(names.map((name) => [name, defineBlock({ name, make: () => ({}) })])),
}).prepare();
const landed = flight.launch();
await flight.shootDown();
await landed;
if (process.argv.includes('--rss')) {
  const { maxRSS } = process.resourceUsage();
  // not imported above: loading it is no part of the boot
  const { writeSync } = await import('node:fs');
  writeSync(1, String(maxRSS));
}
