import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { MessagingTrial } from '@sputnikjs/testkit';
import { amqpTrial } from '../../packages/connector-amqp/dist-test/trial.js';
import { mqttTrial } from '../../packages/connector-mqtt/dist-test/trial.js';
import { natsTrial } from '../../packages/connector-nats/dist-test/trial.js';
import { redisTrial } from '../../packages/connector-redis/dist-test/trial.js';
import { MESSAGING_SUITES } from '../../packages/testkit/dist/messaging-conformance.js';
import type { Check } from '../../packages/testkit/dist/suite.js';
import { ROOT } from './support.js';

const DOCUMENT = 'docs/servers.md';
const CHECKS: readonly Check<MessagingTrial>[] = Object.values(MESSAGING_SUITES).flatMap((checks) =>
  Object.values(checks),
);
/** How a cell begins that says no. */
const NO = /^(\*\*)?(no|it does not)\b/;

/** In the order of the table's columns. */
const TRIALS = [
  await natsTrial({ after }),
  await mqttTrial({ after }),
  await redisTrial({ after }),
  await amqpTrial({ after }),
];

/** The rule that a cell quotes, some words of it left out. */
function checkOf(quote: string): Check<MessagingTrial> {
  const parts = quote.split('…').map((part) => part.trim());
  const found = CHECKS.filter(({ rule }) => parts.every((part) => rule.includes(part)));
  assert.equal(found.length, 1, `"${quote}" is what ${found.length} rules say`);
  return found[0] as Check<MessagingTrial>;
}

const rows = readFileSync(join(ROOT, DOCUMENT), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  .slice(2);

test(`each row of ${DOCUMENT} names a rule of the suite, and says "no" of the servers that do not declare it, of no others`, () => {
  assert.ok(rows.length > 10);
  for (const [guarantee = '', ...cells] of rows) {
    const quotes = (cells.at(-1) ?? '').split(';').map((quote) => quote.trim());
    const [check] = quotes.map(checkOf);
    for (const [index, trial] of TRIALS.entries()) {
      const cell = cells[index] ?? '';
      const isTried = check?.skip?.(trial) === undefined;
      assert.equal(
        NO.test(cell),
        !isTried,
        `"${guarantee}": "${cell}", and the suite does ${isTried ? '' : 'not '}try it`,
      );
    }
  }
});
