// Flies a million random flights, or as many as it is told, and prints the seed:
//   node packages/core/dist-test/model/million.js [flights] [seed]
// Flies one again that broke a rule, and prints its log:
//   node packages/core/dist-test/model/million.js --replay <seed>:<path>
import { check } from './check.js';
import { properties } from './properties.js';

const PORTION = 10_000;

async function replay(place: string): Promise<void> {
  const colon = place.indexOf(':');
  const { failure } = await check(1, { seed: Number(place.slice(0, colon)), path: place.slice(colon + 1) });
  console.log(failure?.text ?? 'this flight breaks no rule');
  process.exitCode = failure ? 1 : 0;
}

async function million(flights: number, seed: number): Promise<void> {
  console.log(`${flights} flights, seed ${seed}`);
  const seen = new Map(properties.map((property) => [property, 0]));
  let done = 0;
  for (let portion = 0; done < flights; portion++) {
    const outcome = await check(Math.min(PORTION, flights - done), { seed: seed + portion });
    if (outcome.failure) {
      console.log(outcome.failure.text);
      process.exitCode = 1;
      return;
    }
    for (const [property, cases] of outcome.seen) seen.set(property, (seen.get(property) ?? 0) + cases);
    done += outcome.flights;
    if (portion % 10 === 9) console.log(`${done} flights, ${Math.round(process.cpuUsage().user / 1e6)} s of CPU`);
  }
  for (const [{ rule, says }, cases] of seen) console.log(`${rule} ${String(cases).padStart(10)}  ${says}`);
  console.log(`${done} flights broke no rule; seed ${seed}`);
}

const [first = '1000000', second = String(Date.now() % 2 ** 31)] = process.argv.slice(2);
await (first === '--replay' ? replay(second) : million(Number(first), Number(second)));
