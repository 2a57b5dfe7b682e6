import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { REFUSALS, type Problem, type RefusalCode } from '@sputnikjs/adapter-http';
import { readAccess } from '../dist/access/access.js';
import { ERROR_CODES, SputnikError, systemClock, type ErrorCode } from '@sputnikjs/core';
import type { ReceivedReply, RequestMessage } from '@sputnikjs/messaging';
import { Hub } from '../dist/consume/hub.js';
import { Asking } from '../dist/request/asking.js';
import { refusal, accepted } from '../dist/answer/answers.js';
import { openApi } from '../dist/openapi/openapi.js';
import { certificate, temporaryFolder } from './certificates.js';
import { curl, Wire, type Got } from './clients.js';
import { listen, reading, silent } from './listen.js';
import { prepare } from './satellite.js';

interface Response {
  readonly headers?: Readonly<Record<string, object>>;
  readonly content: Readonly<Record<string, { readonly schema: object }>>;
}

type Operation = { readonly responses: Readonly<Record<string, Response>> };

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly responses: Readonly<Record<string, Response>> };
}

const TOKENS = [{ name: 'a', file: 'a.token', targets: ['*'] }];
const CONSUME = { sources: ['a'], maxReaders: 1, maxReaderBytes: 1_000, readerTimeoutMs: 1_000 };
const REQUEST = { targets: ['a'], maxRequests: 2, timeoutMs: 1_000 };
const DESCRIBED = openApi({ tokens: TOKENS, maxPendingPerClient: 10, consume: CONSUME, request: REQUEST }) as Document;
/** Headers of an answer that its description has to name. */
const TELLING = ['retry-after', 'www-authenticate', 'accept-encoding'];

/** Asserts that the answer is one that the document foresees there, or, without an operation, for its kind of problem. */
function assertForeseen(got: Got, operation: Operation | undefined): void {
  const body: unknown = JSON.parse(got.body);
  const { code } = body as Partial<Problem>;
  const places: Response[] = [];
  if (operation) places.push(operation.responses[got.status] ?? assert.fail(`${got.status} is not described`));
  if (code !== undefined) places.push(DESCRIBED.components.responses[code] ?? assert.fail(`${code} is not described`));
  for (const { content, headers = {} } of places) {
    const [type = ''] = (got.headers['content-type'] ?? '').split(';');
    const { schema } = content[type] ?? assert.fail(`${got.status}: ${type} is not described`);
    const validate = new Ajv2020({ strict: true, allErrors: true }).compile(schema);
    assert.ok(validate(body), `${got.body}: ${JSON.stringify(validate.errors)}`);
    const told = TELLING.filter((name) => name in got.headers && !(name in headers));
    assert.deepEqual(told, [], `${got.status}: headers that are not described`);
  }
}

describe('the OpenAPI document', () => {
  test('is at /openapi.json for everybody, and a validator finds it valid, whatever the configuration', async (t) => {
    const folder = temporaryFolder(t);
    const pair = certificate(folder, 'gateway');
    const file = join(folder, 'token');
    writeFileSync(file, 'secret\n');
    const mutual = { ...pair, caFile: pair.certFile };
    const tokens = [{ name: 'a', file, targets: ['*'] }];
    const consume = { sources: ['a/#'] };
    for (const config of [
      {},
      { tokens, maxPendingPerClient: 3 },
      { consume },
      { request: REQUEST },
      mutual,
      { ...mutual, tokens, consume },
    ]) {
      const { url } = await prepare(t, { config });
      const own =
        'certFile' in config ? ['--cacert', pair.certFile, '--cert', pair.certFile, '--key', pair.keyFile] : [];
      const got = await curl(...own, `${url}/openapi.json`);
      assert.equal(got.status, 200);
      assert.equal(got.headers['content-type'], 'application/json; charset=utf-8');
      const document = JSON.parse(got.body) as Record<string, unknown>;
      assert.equal(document['openapi'], '3.1.0');
      const { valid, errors } = await new Validator().validate(document);
      assert.ok(valid, JSON.stringify(errors));
      const { responses } = (document as unknown as Document).paths['/produce/{target}']?.['post'] ?? assert.fail();
      assert.equal('401' in responses, 'tokens' in config);
      assert.equal('429' in responses, 'maxPendingPerClient' in config);
      assert.equal('/consume/{source}' in (document as unknown as Document).paths, 'consume' in config);
    }
  });

  test('describes each kind of problem at the place that its type names', async (t) => {
    const { url } = await listen(t, { document: DESCRIBED });
    const document = JSON.parse((await curl(`${url}/openapi.json`)).body) as Document;
    for (const code of Object.keys(REFUSALS) as RefusalCode[]) {
      const { type } = refusal(code).body as Problem;
      const [, pointer = ''] = type.split('/openapi.json#/');
      let place: unknown = document;
      for (const key of pointer.split('/')) place = (place as Record<string, unknown>)[key];
      assert.match((place as { description: string }).description, new RegExp(`^${code}: `));
    }
  });

  test('foresees each answer that the gateway gives: statuses, headers, bodies', async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, 'token'), 'secret');
    const access = await readAccess(
      [{ name: 'a', file: join(folder, 'token'), targets: ['a', 'b'], sources: ['a', 'b'], requests: ['a', 'b'] }],
      reading(silent),
    );
    const produce = async ({ payload, target }: { payload: string | Uint8Array; target: string }) => {
      const code = Buffer.from(payload).toString().replaceAll('"', '');
      if (code === 'INTERNAL') throw new Error('a bug');
      return code in REFUSALS
        ? refusal(code as RefusalCode, 'so it is')
        : accepted(target, { duplicate: code === 'again' });
    };
    const limits = { maxBodyBytes: 1000, headersMs: 300, requestMs: 300 };
    const hub = new Hub(CONSUME, { log: silent, clock: systemClock, waitUntil: () => {} });
    const asking = new Asking(REQUEST, { log: silent, landing: new AbortController().signal });
    const request = async ({ payload }: RequestMessage): Promise<ReceivedReply> => {
      const code = Buffer.from(payload).toString();
      if (code in ERROR_CODES) throw new SputnikError(code as ErrorCode);
      return { payload: Buffer.from(`"${code}"`), contentType: 'application/json', headers: { status: '202' } };
    };
    const { url, port } = await listen(t, { access, produce, hub, asking, document: DESCRIBED, limits });
    const single = DESCRIBED.paths['/produce/{target}']?.['post'] ?? assert.fail();
    const batch = DESCRIBED.paths['/produce/{target}/batch']?.['post'] ?? assert.fail();
    const to = (path: string, body: string, ...headers: string[]) =>
      curl('-d', body, ...['authorization: Bearer secret', ...headers].flatMap((h) => ['-H', h]), `${url}${path}`);
    const json = 'content-type: application/json';
    const consuming = DESCRIBED.paths['/consume/{source}']?.['get'] ?? assert.fail();
    const consume = (path: string, ...headers: string[]) =>
      curl(...['authorization: Bearer secret', ...headers].flatMap((h) => ['-H', h]), `${url}/consume/${path}`);
    const requesting = DESCRIBED.paths['/request/{target}']?.['post'] ?? assert.fail();
    const ask = (path: string, body: string, ...headers: string[]) => to(`/request/${path}`, body, ...headers);
    const away = await ask('a', 'x');
    const absent = await consume('a');
    hub.connected({ consumer: { consume: async () => ({ stop: async () => {} }) } });
    asking.connected({ requester: { request } });
    const late = `POST /produce/a HTTP/1.1\r\nhost: a\r\nauthorization: Bearer secret\r\n`;
    const seen = new Set<unknown>();
    const own = [
      'REFUSED',
      'SERVER_AWAY',
      'SERVER_FULL',
      'KEY_REUSED',
      'FULL',
      'TOO_MANY',
      'LANDING',
      'OUTCOME_UNKNOWN',
      'INTERNAL',
    ];

    const answers: [Got, Operation | undefined, number][] = [
      [await to('/produce/a', 'x'), single, 202],
      [await to('/produce/a', 'again'), single, 202],
      [await to('/produce/a', 'x', 'ce-id: 1'), single, 400],
      [await to('/produce/a', 'x', 'expect: more'), single, 417],
      [await to('/produce/a', 'x', 'transfer-encoding: gzip, chunked'), single, 501],
      [await curl('-d', 'x', `${url}/produce/a`), single, 401],
      [await to('/produce/c', 'x'), single, 403],
      [await new Wire(port).send(`${late}content-length: 9\r\n\r\n`).answer(), single, 408],
      [await new Wire(port).send(late).answer(), single, 408],
      [await to('/produce/a', 'x'.repeat(1001)), single, 413],
      [await to('/produce/a', 'x', 'content-encoding: gzip'), single, 415],
      [await to('/produce/a', 'x', 'content-type: application/cloudevents-batch+json'), single, 415],
      [await to('/produce/a', 'x', `x: ${'y'.repeat(20_000)}`), single, 431],
      [await to('/produce/a/batch', '[1,"x"]', json), batch, 202],
      [await to('/produce/a/batch', '[1,"again"]', json), batch, 202],
      [await to('/produce/a/batch', '[]', json), batch, 202],
      [await to('/produce/a/batch', '[1,"REFUSED","FULL"]', json), batch, 207],
      [await to('/produce/a/batch', '["FULL","FULL"]', json), batch, 503],
      [await to('/produce/a/batch', '{', json), batch, 400],
      [await to('/produce/a/batch', '[]'), batch, 415],
      [await to('/nowhere', 'x'), undefined, 404],
      [await curl('-X', 'PUT', `${url}/produce/a`), undefined, 405],
      [absent, consuming, 503],
      [await consume('a', 'last-event-id: 1'), consuming, 409],
      [await consume('b'), consuming, 404],
      [await consume('c'), consuming, 403],
      [await consume('a?max=x'), consuming, 400],
      [await consume('a', 'accept: text/html'), consuming, 406],
      [await consume('a', 'expect: more'), consuming, 417],
      [await consume('a', `x: ${'y'.repeat(20_000)}`), consuming, 431],
      [await curl(`${url}/consume/a`), consuming, 401],
      [away, requesting, 503],
      [await curl('-d', 'x', `${url}/request/a`), requesting, 401],
      [await ask('a', 'x', 'idempotency-key: 1'), requesting, 400],
      [await ask('b', 'x'), requesting, 404],
      [await ask('c', 'x'), requesting, 403],
      [await ask('a', 'x'.repeat(1001)), requesting, 413],
      [await ask('a', 'x', 'content-encoding: gzip'), requesting, 415],
      [await ask('a', 'NOBODY_LISTENS'), requesting, 503],
      [await ask('a', 'ASK_TIMEOUT'), requesting, 504],
      [await ask('a', 'ASK_FAILED'), requesting, 502],
      [await ask('a', 'BAD_SETUP'), requesting, 502],
      [await ask('a', 'SERVER_FULL'), requesting, 503],
      [await ask('a', 'CONNECTION_LOST'), requesting, 503],
      [await ask('a', 'ASK_ABORTED'), requesting, 503],
      [await curl(`${url}/request/a`), undefined, 405],
    ];
    for (const code of own) answers.push([await to('/produce/a', code), single, REFUSALS[code as RefusalCode].status]);
    for (const [got, operation, status] of answers) {
      assert.equal(got.status, status, got.body);
      assertForeseen(got, operation);
      seen.add((JSON.parse(got.body) as Partial<Problem>).code);
    }
    seen.delete(undefined);
    assert.deepEqual(seen, new Set(Object.keys(REFUSALS)), 'each kind of problem was seen');
  });
});
