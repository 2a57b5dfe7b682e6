import assert from 'node:assert/strict';
import { setTimeout as realTime } from 'node:timers/promises';
import { ABORT_MS, ConnectorOnTrial, LOSS_MS, onTrial, PATIENCE_MS, type ConnectorTrial } from './connector-trial.js';
import { footprint, leftBehind } from './footprint.js';
import { settlesWithin, within } from './in-time.js';
import { muteServer, type MuteServer } from './mute-server.js';
import type { Check } from './suite.js';

async function assertNothingLeft(before: readonly string[], since: string): Promise<void> {
  const left = await leftBehind(before);
  assert.ok(left.length === 0, `since ${since} there is more than before: ${left.join(', ')}`);
}

/** How long a handshake may take to get on its way, in milliseconds. */
const HANDSHAKE_MS = 100;

/** Aborts an attempt at a server that says nothing, at the moment given. */
async function abortAttempt(trial: ConnectorTrial, moment: (mute: MuteServer) => Promise<unknown>): Promise<void> {
  const mute = await muteServer();
  try {
    const connector = new ConnectorOnTrial(trial, trial.makeForMute?.(mute.port));
    const attempt = new AbortController();
    const connecting = connector.connect(attempt.signal);
    await within(PATIENCE_MS, 'the attempt to reach the server', Promise.race([moment(mute), connecting]));
    attempt.abort(new Error('the attempt is over'));
    assert.ok(await settlesWithin(ABORT_MS, connecting), `connect goes on ${ABORT_MS} ms after its signal aborted`);
    await assert.rejects(connecting, 'connect resolves though the server never said a word');
    const closed = (async () => {
      while (mute.connections > 0) await realTime(1);
    })();
    await within(ABORT_MS, 'the end of the connection that was aborted', closed);
  } finally {
    await mute.close();
  }
}

/** An attempt without a server rejects by itself, or, where the connector goes on trying, when its signal aborts. */
async function refused(connector: ConnectorOnTrial): Promise<void> {
  const attempt = new AbortController();
  const connecting = connector.connect(attempt.signal);
  await settlesWithin(ABORT_MS, connecting);
  attempt.abort(new Error('the attempt is over'));
  assert.ok(await settlesWithin(ABORT_MS, connecting), 'connect without a server goes on after its signal aborted');
  await assert.rejects(connecting, 'connect resolves without a server');
}

function without(part: 'server' | 'makeForMute'): Check<ConnectorTrial>['skip'] {
  return (trial) => (trial[part] === undefined ? `the trial has no "${part}"` : undefined);
}

type ConnectorRule =
  | 'tellsTheTruth'
  | 'connectsAgain'
  | 'reportsLoss'
  | 'disconnectIsFinal'
  | 'disconnectIsFinalInOutage'
  | 'obeysAbort'
  | 'endsFrozen';

/** The rules for every server connector. */
export const connectorChecks: Readonly<Record<ConnectorRule, Check<ConnectorTrial>>> = {
  tellsTheTruth: {
    rule: 'isConnected is true while there is a connection, and only then',
    run: (trial) =>
      onTrial(trial, async (connector) => {
        assert.ok(!(await connector.isConnected()), 'isConnected is true before the first connect');
        await within(PATIENCE_MS, 'connect', connector.connect());
        assert.ok(await connector.isConnected(PATIENCE_MS), 'isConnected is not true after a connect');
        await connector.disconnect();
        assert.ok(!(await connector.isConnected()), 'isConnected is true after disconnect');
      }),
  },
  connectsAgain: {
    rule: 'connect may be called again without a disconnect, and leaves nothing of the former connection',
    run: (trial) =>
      onTrial(trial, async (connector) => {
        await within(PATIENCE_MS, 'connect', connector.connect());
        const one = await footprint();
        await within(PATIENCE_MS, 'connect while connected', connector.connect());
        assert.ok(await connector.isConnected(PATIENCE_MS), 'isConnected is not true after a second connect');
        await assertNothingLeft(one, 'a second connect');
      }),
  },
  reportsLoss: {
    rule: 'the loss of the connection is reported, each time; a connect after it leaves nothing of the former connection',
    skip: without('server'),
    run: (trial) =>
      onTrial(trial, async (connector) => {
        const loss = async (): Promise<void> => {
          await trial.server?.stop();
          if (trial.features?.pushedLoss) await within(LOSS_MS, 'the report by attempt.lost', connector.lost);
          await connector.loss();
        };
        await within(PATIENCE_MS, 'connect', connector.connect());
        const one = await footprint();
        await loss();
        await refused(connector);
        await trial.server?.start();
        await within(PATIENCE_MS, 'connect after a loss', connector.connect());
        assert.ok(await connector.isConnected(PATIENCE_MS), 'isConnected is not true after a loss and a connect');
        await assertNothingLeft(one, 'the connection that was lost');
        await loss();
      }),
  },
  disconnectIsFinal: {
    rule: 'disconnect is final: it closes all, and nothing reconnects',
    run: (trial) =>
      onTrial(trial, async (connector, before) => {
        await within(PATIENCE_MS, 'connect', connector.connect());
        await connector.disconnect();
        assert.ok(!(await connector.comesBack()), 'there is a connection after disconnect');
        await assertNothingLeft(before, 'disconnect');
      }),
  },
  disconnectIsFinalInOutage: {
    rule: 'disconnect is final while the server is away, too: nothing reconnects when that is back',
    skip: without('server'),
    run: (trial) =>
      onTrial(trial, async (connector, before) => {
        await within(PATIENCE_MS, 'connect', connector.connect());
        await trial.server?.stop();
        await connector.loss();
        await connector.disconnect();
        await trial.server?.start();
        assert.ok(!(await connector.comesBack()), 'there is a connection after disconnect');
        await assertNothingLeft(before, 'disconnect');
      }),
  },
  obeysAbort: {
    rule: 'an aborted attempt ends within a second, and leaves nothing behind',
    skip: without('makeForMute'),
    async run(trial) {
      const before = await footprint();
      await abortAttempt(trial, async () => {});
      await abortAttempt(trial, ({ connected }) => connected);
      // Not all protocols have the client speak first.
      await abortAttempt(trial, async ({ connected, heard }) => {
        await connected;
        await settlesWithin(HANDSHAKE_MS, heard);
      });
      await assertNothingLeft(before, 'the abort');
    },
  },
  endsFrozen: {
    rule: 'a frozen server does not count as connected, and delays neither an abort nor a disconnect',
    skip: ({ server }) => (server?.freeze === undefined ? 'the trial has no "server.freeze"' : undefined),
    run: (trial) =>
      onTrial(trial, async (connector, before) => {
        await within(PATIENCE_MS, 'connect', connector.connect());
        await trial.server?.freeze?.();
        assert.ok(!(await connector.isConnected()), 'isConnected is true though the server does not answer');
        const attempt = new AbortController();
        const connecting = connector.connect(attempt.signal);
        attempt.abort(new Error('the attempt is over'));
        assert.ok(await settlesWithin(ABORT_MS, connecting), `connect goes on ${ABORT_MS} ms after its signal aborted`);
        await connector.disconnect();
        await assertNothingLeft(before, 'disconnect');
        if (trial.server?.thaw) await trial.server.thaw();
        else await trial.server?.stop();
      }),
  },
};
