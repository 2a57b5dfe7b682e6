import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { MemoryLog } from '@sputnikjs/testkit';
import { secretProblems, Secrets, type SecretConfig } from '../dist/event/secrets.js';

/** That of the test vector which the libraries of Standard Webhooks share. */
const SHARED = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OTHER = `whsec_${Buffer.alloc(24, 'o').toString('base64')}`;
const SIGNED = {
  webhookId: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestamp: 1_614_265_330,
  body: Buffer.from('{"test": 2432232314}'),
};

function open(t: TestContext, config: SecretConfig, log = new MemoryLog()): Promise<Secrets> {
  const over = new AbortController();
  t.after(() => over.abort());
  return Secrets.read(config, { log, signal: over.signal });
}

function file(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'sputnik-secrets-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'secrets');
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

test('a request is signed as the test vector of Standard Webhooks has it', async (t) => {
  const headers = await (await open(t, { secret: SHARED })).sign(SIGNED);
  assert.deepEqual(headers, {
    'webhook-id': SIGNED.webhookId,
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('a signature is that of OpenSSL, for any bytes', async (t) => {
  const body = Buffer.from([0, 255, 13, 10, 46]);
  const { 'webhook-signature': signature } = await (await open(t, { secret: OTHER })).sign({ ...SIGNED, body });
  const input = Buffer.concat([Buffer.from(`${SIGNED.webhookId}.${SIGNED.timestamp}.`), body]);
  const key = `hexkey:${Buffer.alloc(24, 'o').toString('hex')}`;
  const args = ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', key, '-binary'];
  assert.equal(signature, `v1,${execFileSync('openssl', args, { input }).toString('base64')}`);
});

test('there is a signature for each secret, in their order', async (t) => {
  const alone = async (secret: string): Promise<string | undefined> =>
    (await (await open(t, { secret })).sign(SIGNED))['webhook-signature'];
  const both = await (await open(t, { secretFile: file(t, `${OTHER}\r\n${SHARED}\n`) })).sign(SIGNED);
  assert.equal(both['webhook-signature'], `${await alone(OTHER)} ${await alone(SHARED)}`);
});

test('a changed file is read again with the next request; one that cannot be used leaves the old secrets, and is told of once', async (t) => {
  const [secretFile, log] = [file(t, OTHER), new MemoryLog()];
  const secrets = await open(t, { secretFile }, log);
  const before = await secrets.sign(SIGNED);
  writeFileSync(secretFile, 'nothing of use, whsec_not even this');
  assert.deepEqual([await secrets.sign(SIGNED), await secrets.sign(SIGNED)], [before, before]);
  writeFileSync(secretFile, SHARED);
  assert.match((await secrets.sign(SIGNED))['webhook-signature'] ?? '', /^v1,g0hM9SsE/);
  assert.deepEqual(
    log.lines.map(({ fields }) => fields['event']),
    ['webhookSecretUnusable', 'webhookSecretRead'],
  );
  assert.doesNotMatch(JSON.stringify(log.lines), /not even|MfKQ|b29v/);
});

test('secrets that are missing, too short, too long or no base64 are refused, and never shown', async (t) => {
  const of = (bytes: number): string => `whsec_${Buffer.alloc(bytes, 's').toString('base64')}`;
  for (const secret of [
    '',
    ' \n ',
    'whsec_',
    'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    of(23),
    of(65),
    `${of(24)}!`,
    of(24).slice(0, -1),
  ]) {
    const [problem = '', ...more] = await secretProblems({ secret });
    assert.match(problem, /^secret: .*openssl rand -base64 32/);
    assert.ok(more.length === 0 && !/c3Nz|MfKQ/.test(problem), problem);
    await assert.rejects(open(t, { secret }), { message: problem });
  }
  for (const secret of [of(24), of(64), `${of(24)} ${of(32)}`]) assert.deepEqual(await secretProblems({ secret }), []);
  assert.match((await secretProblems({ secretFile: '/nowhere/secret' })).join(), /^secretFile: cannot read it: ENOENT/);
});

test('a file that everybody can read is warned of', async (t) => {
  const [secretFile, log] = [file(t, OTHER), new MemoryLog()];
  execFileSync('chmod', ['644', secretFile]);
  await open(t, { secretFile }, log);
  assert.deepEqual(
    log.lines.map(({ fields }) => fields['event']),
    ['readableSecret'],
  );
});
