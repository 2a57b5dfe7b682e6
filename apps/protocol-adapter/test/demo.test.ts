import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '@sputnikjs/testkit/servers';
import { Program, run, Subscriber } from './support.js';

test('the demo prints what to type next, each line works when typed, and Ctrl-C ends it with exit 0', async (t) => {
  const [mqtt, syslog, http, admin] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const demo = new Program(t, process.execPath, [fileURLToPath(new URL('../dist/demo.js', import.meta.url))], {
    CONNECTOR_PORT: `${mqtt}`,
    SYSLOG_SYSLOGRECEIVER_PORT: `${syslog}`,
    HTTP_HTTPGATEWAY_PORT: `${http}`,
    SPUTNIK_ADMIN_PORT: `${admin}`,
  });
  await demo.until(() => demo.lines.includes('Ctrl-C ends it.'), 'hints');
  const hints = demo.lines.join('\n');
  assert.match(hints, new RegExp(`mosquitto_sub -h 127\\.0\\.0\\.1 -p ${mqtt} -q 1 -t '#' -v`));
  assert.match(hints, new RegExp(`logger -n 127\\.0\\.0\\.1 -P ${syslog} -T hello`));
  assert.match(hints, new RegExp(`curl -d '\\{"a":1\\}' http://127\\.0\\.0\\.1:${http}/produce/orders`));

  const page = `http://127.0.0.1:${admin}/`;
  assert.match(hints, new RegExp(`Look +${page}\\n`));
  assert.match(await run(t, 'curl', '-s', page), /<!doctype html>/i);
  assert.match(await run(t, 'curl', '-s', `${page}status`), /"summary":"Flying for /);

  const subscriber = await Subscriber.to(t, mqtt);
  const to = ['-n', '127.0.0.1', '-P', `${syslog}`];
  for (const options of [
    ['-T', 'newline'],
    ['-T', '--octet-count', 'octets'],
    ['-d', 'datagram'],
    ['-T', '--rfc5424', '-p', 'local3.warning', '-t', 'app', '--msgid', 'ID7', 'new'],
    ['-d', '--rfc3164', '-t', 'old[77]', 'old'],
  ]) {
    await run(t, 'logger', ...to, ...options);
  }
  const answer = await run(t, 'curl', '-s', '-i', '-d', '{"a":1}', `http://127.0.0.1:${http}/produce/orders`);
  assert.match(answer, /^HTTP\/1\.1 202 /);
  await subscriber.until(() => subscriber.payloads('syslog').length === 5, 'five syslog messages');
  await subscriber.until(() => subscriber.payloads('orders').length === 1, 'an order');

  const messages = new Map(
    subscriber.payloads('syslog').map((payload) => [payload['message'] ?? payload['content'], payload]),
  );
  assert.deepEqual(new Set(messages.keys()), new Set(['datagram', 'new', 'newline', 'octets', 'old']));
  const { rfc, facility, severity, app_name, msg_id } = messages.get('new') ?? {};
  assert.deepEqual(
    { rfc, facility, severity, app_name, msg_id },
    { rfc: 'RFC5424', facility: 19, severity: 4, app_name: 'app', msg_id: 'ID7' },
  );
  assert.equal(messages.get('old')?.['rfc'], 'RFC3164');
  assert.deepEqual(subscriber.payloads('orders'), [{ a: 1 }]);

  demo.process.kill('SIGINT');
  assert.deepEqual(await demo.ended, { code: 0, signal: null });
  const report = demo.lines.find((line) => line.includes('"event":"landed"'));
  assert.match(report ?? '', /"clean":true/);
});
