import { createSocket } from 'node:dgram';
import { setInterval } from 'node:timers';
import { defineBlock, type BlockFactories } from '@sputnikjs/core';
import { PRODUCER } from '@sputnikjs/messaging';
import { startRunner, type Runner } from '@sputnikjs/sidecar';
import { gate, MemoryLog, type Gate } from '@sputnikjs/testkit';
import { freePort, natsServer, type RealServer, type Scope } from '@sputnikjs/testkit/servers';

/** What makes a satellite fare well or badly. */
export class Weather {
  /** How long `enrich` takes for a message. */
  enrichMs = 0;
  /** Why `audit` fails; it does not if this is undefined. */
  auditFails: string | undefined;
  /** `enrich` is initialised once this is open. */
  readonly start: Gate = gate();
  /** `enrich` is finished once this is open. */
  readonly finish: Gate = gate();
}

/** A satellite between syslog senders, HTTP clients and a real NATS server. */
export interface Scene {
  /** Where its page is. */
  readonly url: string;
  readonly weather: Weather;
  readonly server: RealServer;
  /** Resolves once it flies. */
  readonly runner: Promise<Runner>;
  /** Sends so many messages a second by UDP, until all is over. */
  readonly rain: (perSecond: number) => void;
}

/** A satellite that is about to start: `enrich` waits for the gate of the weather. */
export async function scene(scope: Scope): Promise<Scene> {
  const server = await natsServer(scope);
  await server.start();
  const weather = new Weather();
  const [adminPort, udpPort, httpPort] = [await freePort(), await freePort(), await freePort()];
  const log = new MemoryLog();
  const runner = startRunner({
    blocks: [
      { name: 'producer' },
      { name: 'audit' },
      { name: 'enrich', responsibility: 'enrich' },
      { name: 'syslogproducer', module: '@sputnikjs/adapter-syslog', needs: { producer: 'enrich' } },
      { name: 'syslogreceiver', module: '@sputnikjs/adapter-syslog' },
      { name: 'httpgateway', module: '@sputnikjs/adapter-http' },
    ],
    configs: {
      sputnik: {
        name: 'field-7',
        admin: { port: adminPort },
        timeouts: { initMs: 60_000, landingMs: 60_000, heartbeatMs: 500 },
      },
      connector: {
        module: '@sputnikjs/connector-nats',
        url: server.url,
        streams: [{ name: 'LOGS', subjects: ['syslog'], storage: 'memory' }],
      },
      syslogproducer: { target: 'syslog' },
      syslogreceiver: { port: udpPort },
      httpgateway: { port: httpPort },
    },
    blockFactories: factoriesFor(weather),
    log,
  });
  runner.catch(() => {});
  // the admin endpoints are the first that listen
  await Promise.race([log.said('listening'), runner]);
  scope.after(async () => {
    weather.start.open();
    weather.finish.open();
    await (await runner.catch(() => undefined))?.stop();
  });
  return { url: `http://127.0.0.1:${adminPort}/`, weather, server, runner, rain: (rate) => rain(scope, rate, udpPort) };
}

function factoriesFor(weather: Weather): BlockFactories {
  const enrich = defineBlock({
    name: 'enrich',
    address: PRODUCER,
    needs: { producer: PRODUCER, audit: 'audit' },
    make: (_config, to, { clock }) => ({
      mailbox: { capacity: 200, concurrency: 1 },
      init: () => weather.start.passed,
      async onMsg(message) {
        to.audit.send({ target: message.target });
        if (weather.enrichMs > 0) await clock.sleep(weather.enrichMs);
        await to.producer.post(message);
      },
      finish: () => weather.finish.passed,
    }),
  });
  const audit = defineBlock({
    name: 'audit',
    make: () => ({
      mailbox: { capacity: 1_000 },
      onMsg() {
        if (weather.auditFails !== undefined) throw new Error(weather.auditFails);
      },
      onError: () => 'continue' as const,
    }),
  });
  return { enrich, audit };
}

function rain(scope: Scope, perSecond: number, port: number): void {
  const socket = createSocket('udp4');
  let sent = 0;
  const send = (): void => {
    for (let more = perSecond / 50; more > 0; more--)
      socket.send(`<13>1 2026-11-30T12:00:00Z host app - - - message ${++sent}`, port, '127.0.0.1');
  };
  const timer = setInterval(send, 20);
  scope.after(async () => {
    clearInterval(timer);
    socket.close();
  });
}
