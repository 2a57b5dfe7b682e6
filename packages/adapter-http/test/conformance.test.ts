import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { httpgateway } from '@sputnikjs/adapter-http';
import { PRODUCER } from '@sputnikjs/messaging';
import { blockConformance, echoBlock, type TestFlight } from '@sputnikjs/testkit';

/** Posts a message, over a connection that it keeps open if the gateway does. */
async function post({ recorder }: TestFlight): Promise<void> {
  const { url } = recorder.logs.find(({ event }) => event === 'listening') ?? assert.fail('it does not listen');
  const posting = request(`${String(url)}/produce/t`, { method: 'POST', headers: { connection: 'keep-alive' } });
  posting.end('x');
  const [answer] = (await once(posting, 'response')) as [IncomingMessage];
  answer.resume();
  assert.equal(answer.statusCode, 202);
}

blockConformance<string>('httpgateway', {
  block: httpgateway,
  neighbours: { [PRODUCER]: echoBlock() },
  config: { httpgateway: { port: 0 } },
  connection: 'connection',
  work: post,
});
