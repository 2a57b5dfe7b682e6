// Sees to the real servers and clients that the tests run against. They are Debian packages: installed where this may be
// done, named where it may not. Tests are never skipped for want of one.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const NEEDED = {
  'nats-server': 'nats-server',
  'redis-server': 'redis-server',
  'redis-cli': 'redis-tools',
  rabbitmqctl: 'rabbitmq-server',
  mosquitto: 'mosquitto',
  mosquitto_sub: 'mosquitto-clients',
  mosquitto_pub: 'mosquitto-clients',
  logger: 'bsdutils',
  curl: 'curl',
  openssl: 'openssl',
};

const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
const missing = () =>
  Object.keys(NEEDED).filter((program) => !folders.some((folder) => existsSync(join(folder, program))));

const before = missing();
if (before.length > 0) {
  const packages = [...new Set(before.map((program) => NEEDED[program]))];
  const install = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  console.log(`The tests need ${before.join(', ')}.`);
  if (process.getuid?.() === 0 && folders.some((folder) => existsSync(join(folder, 'apt-get')))) {
    console.log(`Installing: ${install}`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    for (const command of ['apt-get update', install]) spawnSync('sh', ['-c', command], { stdio: 'inherit', env });
  }
  const still = missing();
  if (still.length > 0) {
    console.error(
      `\nStill missing: ${still.join(', ')}. On Debian or Ubuntu:\n\n    sudo apt-get update && sudo ${install}\n`,
    );
    process.exit(1);
  }
}
