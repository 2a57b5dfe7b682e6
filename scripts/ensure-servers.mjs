// Sees to the real servers and clients that the tests run against. They are Debian packages: installed where this may be
// done, named where it may not. Tests are never skipped for want of one. Nothing that is installed is removed for it.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED = {
  'nats-server': 'nats-server',
  'redis-server': 'redis-server',
  'redis-cli': 'redis-tools',
  rabbitmqctl: 'rabbitmq-server',
  mosquitto: 'mosquitto',
  mosquitto_sub: 'mosquitto-clients',
  mosquitto_pub: 'mosquitto-clients',
  logger: 'bsdutils',
  loggen: 'syslog-ng-core',
  curl: 'curl',
  openssl: 'openssl',
};

/** Debian has one syslog daemon at a time, and loggen comes with another: it is unpacked here, not installed. */
const RSYSLOG = ['rsyslog', 'rsyslog-gnutls'];
const RSYSLOG_LIBRARIES = ['libestr0', 'libfastjson4', 'libgnutls30'];

const unpacked = fileURLToPath(new URL('../.servers/', import.meta.url));
const wrapper = join(unpacked, 'bin/rsyslogd');
const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', join(unpacked, 'bin')];
const find = (program) => folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
const missing = () => [...Object.keys(NEEDED), 'rsyslogd'].filter((program) => find(program) === undefined);

const sh = (command, cwd) =>
  spawnSync('sh', ['-ec', command], {
    cwd,
    stdio: 'inherit',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });

/** Unpacks rsyslogd, and writes a program that runs it from where it is. */
function unpackRsyslog() {
  mkdirSync(join(unpacked, 'bin'), { recursive: true });
  sh(`apt-get download ${RSYSLOG.join(' ')} && for deb in *.deb; do dpkg-deb -x "$deb" . && rm "$deb"; done`, unpacked);
  const libraries = join(unpacked, 'usr/lib');
  const [modules] = existsSync(libraries)
    ? readdirSync(libraries)
        .map((name) => join(libraries, name, 'rsyslog'))
        .filter((path) => existsSync(path))
    : [];
  if (modules === undefined) return;
  writeFileSync(wrapper, `#!/bin/sh\nexec '${join(unpacked, 'usr/sbin/rsyslogd')}' -M '${modules}' "$@"\n`);
  chmodSync(wrapper, 0o755);
}

const before = missing();
if (before.length > 0) {
  const needed = before.flatMap((program) => NEEDED[program] ?? RSYSLOG_LIBRARIES);
  const install = `apt-get install -y --no-install-recommends --no-remove ${[...new Set(needed)].join(' ')}`;
  console.log(`The tests need ${before.join(', ')}.`);
  if (process.getuid?.() === 0 && find('apt-get') !== undefined) {
    console.log(`Installing: ${install}`);
    sh('apt-get update');
    sh(install);
    if (before.includes('rsyslogd')) unpackRsyslog();
  }
  const still = missing();
  if (still.length > 0) {
    const others = still.some((program) => program in NEEDED) ? `\n\n    sudo apt-get update && sudo ${install}` : '';
    const own = still.includes('rsyslogd')
      ? '\n\nand run this as root, or install rsyslog: it is unpacked into .servers'
      : '';
    console.error(`\nStill missing: ${still.join(', ')}. On Debian or Ubuntu:${others}${own}\n`);
    process.exit(1);
  }
}
