import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { connectorConformance } from '@sputnikjs/testkit';
import { connectorChecks } from '../dist/connector-checks.js';
import type { ConnectorTrial } from '../dist/connector-trial.js';
import { TcpConnector, type Flaw } from './support/tcp-connector.js';
import { TcpServer } from './support/tcp-server.js';

function trialOf(flaw?: Flaw): ConnectorTrial {
  const server = new TcpServer();
  const make = (port: () => number): TcpConnector => {
    const connector = new TcpConnector(port, flaw);
    after(() => connector.dispose());
    return connector;
  };
  return {
    make: () => make(() => server.port),
    makeForMute: (port) => make(() => port),
    server,
    features: { pushedLoss: true },
  };
}

connectorConformance('that is good', trialOf());

/** What breaks which rule, and what is said of it. */
const bad: readonly (readonly [Flaw, keyof typeof connectorChecks, RegExp])[] = [
  ['is always connected', 'tellsTheTruth', /isConnected is true before the first connect/],
  ['is connected once it was', 'tellsTheTruth', /isConnected is true after disconnect/],
  ['is connected once it was', 'reportsLoss', /isConnected is still true 2000 ms after the server has gone/],
  ['is connected once it was', 'disconnectIsFinal', /there is a connection after disconnect/],
  ['keeps the lost connection', 'reportsLoss', /connect resolves without a server/],
  ['reports only the first loss', 'reportsLoss', /the report by attempt.lost did not settle/],
  ['reconnects', 'disconnectIsFinal', /there is a connection after disconnect/],
  ['reconnects after a disconnect in an outage', 'disconnectIsFinalInOutage', /there is a connection after disconnect/],
  [
    'leaves heartbeats unanswered',
    'disconnectIsFinalInOutage',
    /isConnected that was called before disconnect did not/,
  ],
  ['ignores the abort', 'obeysAbort', /connect goes on 1000 ms after its signal aborted/],
  ['leaves the aborted socket open', 'obeysAbort', /the end of the connection that was aborted did not settle/],
  ['is connected while the socket is open', 'endsFrozen', /isConnected is true though the server does not answer/],
];

function catches(flaw: Flaw, name: keyof typeof connectorChecks, pattern: RegExp): void {
  const { rule, run } = connectorChecks[name];
  test(`a connector that ${flaw} breaks the rule: ${rule}`, () =>
    assert.rejects(
      run(trialOf(flaw), () => {}),
      pattern,
    ));
}

// Not at the same time: what it leaves open is counted.
catches('keeps the former socket', 'connectsAgain', /since a second connect there is more than before: TCPSocketWrap/);

describe('a bad connector', { concurrency: true }, () => {
  for (const [flaw, name, pattern] of bad) catches(flaw, name, pattern);
});
