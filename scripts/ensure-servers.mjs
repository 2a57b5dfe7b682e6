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
  postgres: 'postgresql',
  psql: 'postgresql-client',
  erl_call: 'erlang-base',
  mosquitto: 'mosquitto',
  mosquitto_sub: 'mosquitto-clients',
  mosquitto_pub: 'mosquitto-clients',
  logger: 'bsdutils',
  curl: 'curl',
  openssl: 'openssl',
  chromium: 'chromium',
  python3: 'python3',
  'systemd-notify': 'systemd',
  'systemd-socket-activate': 'systemd',
  'systemd-analyze': 'systemd',
  strace: 'strace',
  fish: 'fish',
  zsh: 'zsh',
};

const unpacked = fileURLToPath(new URL('../.servers/', import.meta.url));
const inUnpacked = (path) => join(unpacked, path);
const runSyslogNg = (program) =>
  `SYSLOGNG_PREFIX='${inUnpacked('usr')}' LD_LIBRARY_PATH='${inUnpacked('usr/lib/syslog-ng')}' exec '${inUnpacked(program)}' "$@"`;
const SYSLOG_NG = {
  packages: ['syslog-ng-core'],
  libraries: ['libcap2', 'libglib2.0-0', 'libivykis0', 'libjson-c5', 'libnet1', 'libpcre3', 'libsystemd0', 'libwrap0'],
};

/** Debian has one syslog daemon at a time, so both are unpacked here, not installed; and how each is run from here. */
const UNPACKED = {
  rsyslogd: {
    packages: ['rsyslog', 'rsyslog-gnutls', 'rsyslog-hiredis'],
    libraries: ['libestr0', 'libfastjson4', 'libgnutls30', 'libhiredis0.14'],
    run: () => `exec '${inUnpacked('usr/sbin/rsyslogd')}' -M '${rsyslogModules()}' "$@"`,
  },
  promtool: { packages: ['prometheus'], libraries: [], run: () => `exec '${inUnpacked('usr/bin/promtool')}' "$@"` },
  'syslog-ng': { ...SYSLOG_NG, run: () => runSyslogNg('usr/sbin/syslog-ng') },
  loggen: { ...SYSLOG_NG, run: () => runSyslogNg('usr/bin/loggen') },
};

/** Debian has a folder for each version of PostgreSQL, and only clients in the path. */
const POSTGRESQL = '/usr/lib/postgresql';

function folders() {
  const path = (process.env.PATH ?? '').split(delimiter);
  const versions = existsSync(POSTGRESQL) ? readdirSync(POSTGRESQL).map((one) => join(POSTGRESQL, one, 'bin')) : [];
  return [...path, '/usr/sbin', '/usr/local/sbin', ...versions, inUnpacked('bin')];
}

const find = (program) =>
  folders()
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path));
const missing = () =>
  [...Object.keys(NEEDED), ...Object.keys(UNPACKED)].filter((program) => find(program) === undefined);

const sh = (command, cwd) =>
  spawnSync('sh', ['-ec', command], {
    cwd,
    stdio: 'inherit',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });

function rsyslogModules() {
  const libraries = inUnpacked('usr/lib');
  const folders = existsSync(libraries) ? readdirSync(libraries).map((name) => join(libraries, name, 'rsyslog')) : [];
  return folders.find((path) => existsSync(path)) ?? '';
}

/** Unpacks daemons, and writes programs that run them from where they are. */
function unpack(programs) {
  mkdirSync(inUnpacked('bin'), { recursive: true });
  const packages = new Set(programs.flatMap((program) => UNPACKED[program].packages));
  const all = [...packages].join(' ');
  const { status } = sh(
    `apt-get download ${all} && for deb in *.deb; do dpkg-deb -x "$deb" . && rm "$deb"; done`,
    unpacked,
  );
  if (status !== 0) return;
  for (const program of programs) {
    writeFileSync(inUnpacked(`bin/${program}`), `#!/bin/sh\n${UNPACKED[program].run()}\n`);
    chmodSync(inUnpacked(`bin/${program}`), 0o755);
  }
}

const before = missing();
if (before.length > 0) {
  const needed = before.flatMap((program) => NEEDED[program] ?? UNPACKED[program].libraries);
  const install = `apt-get install -y --no-install-recommends --no-remove ${[...new Set(needed)].join(' ')}`;
  console.log(`The tests need ${before.join(', ')}.`);
  if (process.getuid?.() === 0 && find('apt-get') !== undefined) {
    console.log(`Installing: ${install}`);
    sh('apt-get update');
    sh(install);
    const programs = before.filter((program) => program in UNPACKED);
    if (programs.length > 0) unpack(programs);
  }
  const still = missing();
  if (still.length > 0) {
    const others = still.some((program) => program in NEEDED) ? `\n\n    sudo apt-get update && sudo ${install}` : '';
    const own = still.some((program) => program in UNPACKED)
      ? '\n\nand run this as root: syslog daemons, which Debian does not install beside one another, are unpacked into .servers'
      : '';
    console.error(`\nStill missing: ${still.join(', ')}. On Debian or Ubuntu:${others}${own}\n`);
    process.exit(1);
  }
}
