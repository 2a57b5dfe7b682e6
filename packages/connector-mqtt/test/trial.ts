import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connector, MQTT_CONFIG } from '@sputnikjs/connector-mqtt';
import { setTimeout as realTime } from 'node:timers/promises';
import type { MessagingTrial, TargetsOnTrial } from '@sputnikjs/testkit';
import { mosquitto, type Scope } from '@sputnikjs/testkit/servers';
import { topicProblem } from '../dist/topic.js';
import { temporaryFolder } from './helpers.js';
import { mosquittoSub } from './mosquitto.js';

const login = { username: 'sputnik', password: 'right' };

const make = (port: number, raw: object = login): ReturnType<typeof connector.make> =>
  connector.make(MQTT_CONFIG.parse({ url: `mqtt://127.0.0.1:${port}`, ...raw }));

const asPlain = ['-u', login.username, '-P', login.password, '-q', '1'];

/** A subscriber that is not ours sees all that arrives: by `#`, and by name what wildcards do not reach. */
async function targetsOn(scope: Scope, port: number, targets: readonly string[]): Promise<TargetsOnTrial> {
  const named = targets.filter((target) => target.startsWith('$') && topicProblem(target) === undefined);
  const filters = ['#', ...named].flatMap((filter) => ['-t', filter]);
  const sub = await mosquittoSub(scope, port, [...asPlain, '-F', '%j', ...filters]);
  const good = 'good/target';
  const last = JSON.stringify('the last');
  return {
    make: () => make(port),
    good,
    async arrivals() {
      execFileSync('mosquitto_pub', ['-p', String(port), ...asPlain, '-t', good, '-m', 'the last']);
      while (!sub.lines.some((line) => line.includes(last))) await realTime(10);
      return sub.lines
        .filter((line) => !line.includes(last))
        .map((line) => JSON.parse(line) as { readonly topic: string; readonly payload: unknown })
        .map(({ topic, payload }) => ({ target: topic, payload: String(payload) }));
    },
  };
}

/**
 * The trial of the connector with mosquitto. That keeps nothing across SIGKILL, and nothing for a consumer that was never there; and
 * it has no limit that it could tell a publisher of MQTT 3.1.1 about.
 */
export async function mqttTrial(scope: Scope): Promise<MessagingTrial> {
  const file = join(await temporaryFolder(scope), 'passwords');
  await writeFile(file, '');
  execFileSync('mosquitto_passwd', ['-b', file, login.username, login.password], { stdio: 'ignore' });
  let destinations = 0;
  // of more than 1,000 messages that wait for a subscriber it would keep none, unless told otherwise
  const server = await mosquitto(scope, ['allow_anonymous false', `password_file ${file}`, 'max_queued_messages 0']);
  return {
    server,
    make,
    makeUnwelcome: (port) => make(port, { ...login, password: 'wrong' }),
    async destination() {
      const topic = `destination${++destinations}`;
      return { target: topic, source: topic };
    },
    // the shortest keepalive there is
    longHandling: async () => ({
      make: () => make(server.port, { ...login, keepaliveSeconds: 1 }),
      destination: { target: 'long', source: 'long' },
      handlerMs: 4_000,
      consumers: 1,
    }),
    targets: (targets) => targetsOn(scope, server.port, targets),
    features: { pushedLoss: true, consumer: true, redelivers: true },
  };
}
