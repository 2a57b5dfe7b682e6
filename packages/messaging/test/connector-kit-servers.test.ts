import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Servers, ServerUrls, urlsOf } from '@sputnikjs/messaging/connector';
import { rejection } from '@sputnikjs/testkit';

const never = new AbortController().signal;

test('each attempt goes round all servers, from a random one on, and begins behind the one that was tried last', async () => {
  const servers = new Servers(['a', 'b', 'c'], () => 0.5);
  const tried: string[] = [];
  const only = (good: string) => async (url: string) => {
    tried.push(url);
    if (url !== good) throw new Error(`${url} is down`);
    return url;
  };
  assert.equal(await servers.open(only('a'), never), 'a');
  assert.deepEqual(tried.splice(0), ['b', 'c', 'a']);
  assert.equal(await servers.open(only('b'), never), 'b');
  assert.deepEqual(tried.splice(0), ['b']);
  const failure = await rejection(servers.open(only('none'), never));
  assert.equal(failure.message, 'cannot connect to any of the 3 servers: c is down; a is down; b is down');
  assert.equal((await rejection(new Servers(['x']).open(only('none'), never))).message, 'x is down');
});

test('an attempt that is told to abort tries no further server', async () => {
  const [attempt, tried] = [new AbortController(), [] as string[]];
  const reason = new Error('over');
  const opening = new Servers(['a', 'b'], () => 0).open(async (url) => {
    tried.push(url);
    attempt.abort(reason);
    throw reason;
  }, attempt.signal);
  await assert.rejects(opening, reason);
  assert.deepEqual(tried, ['a']);
});

test('of several urls each that is wrong is named by its place, and all of them ask for TLS, or none', () => {
  const urls = new ServerUrls({ plain: { scheme: 'x', port: 1 }, tls: { scheme: 'xs', port: 2 } });
  assert.deepEqual(urlsOf('x://a'), ['x://a']);
  assert.deepEqual(urls.problems('x://a'), []);
  assert.deepEqual(urls.problems(['x://a', 'x://b:5']), []);
  assert.deepEqual(
    urls.problems('http://a').map(([path]) => path),
    [[]],
  );
  assert.deepEqual(
    urls.problems(['y://a', 'x://b', 'x://b/c']).map(([path]) => path),
    [[0], [2]],
  );
  assert.deepEqual(urls.problems(['x://a', 'xs://b']), [
    [[], 'some begin with xs:// and some do not; use the same scheme for all'],
  ]);
});
