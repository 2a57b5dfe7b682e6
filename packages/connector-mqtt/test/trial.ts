import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connector, MQTT_CONFIG } from '@sputnikjs/connector-mqtt';
import type { MessagingTrial } from '@sputnikjs/testkit';
import { mosquitto, type Scope } from '@sputnikjs/testkit/servers';
import { temporaryFolder } from './helpers.js';

const login = { username: 'sputnik', password: 'right' };

const make = (port: number, raw: object = login): ReturnType<typeof connector.make> =>
  connector.make(MQTT_CONFIG.parse({ url: `mqtt://127.0.0.1:${port}`, ...raw }));

/**
 * The trial of the connector with mosquitto. That keeps nothing across SIGKILL, and nothing for a consumer that was never there; and
 * it has no limit that it could tell a publisher of MQTT 3.1.1 about.
 */
export async function mqttTrial(scope: Scope): Promise<MessagingTrial> {
  const file = join(await temporaryFolder(scope), 'passwords');
  await writeFile(file, '');
  execFileSync('mosquitto_passwd', ['-b', file, login.username, login.password], { stdio: 'ignore' });
  let places = 0;
  return {
    // of more than 1,000 messages that wait for a subscriber it would keep none, unless told otherwise
    server: await mosquitto(scope, ['allow_anonymous false', `password_file ${file}`, 'max_queued_messages 0']),
    make,
    makeUnwelcome: (port) => make(port, { ...login, password: 'wrong' }),
    async place() {
      const topic = `place${++places}`;
      return { target: topic, source: topic };
    },
    features: { pushedLoss: true, consumer: true, redelivers: true },
  };
}
