import assert from 'node:assert/strict';
import type { MessageRequester, MessageResponder, MessagingConnection, ReceivedReply } from '@sputnikjs/messaging';
import { gate } from './gate.js';
import { within } from './in-time.js';
import { all, has, needs, onStage } from './messaging-checks.js';
import { PATIENCE_MS, type Stage } from './messaging-stage.js';
import type { MessagingTrial, RequestsOnTrial } from './messaging-trial.js';
import { numbered, textOf } from './messages.js';
import { rejection } from './rejection.js';
import type { Check } from './suite.js';

/** A deadline for a reply that never comes. */
const SHORT_MS = 300;

type RequestRule =
  | 'declaresRequests'
  | 'requests'
  | 'answers'
  | 'tellsFailures'
  | 'tellsNobodyListens'
  | 'givesUp'
  | 'sharesRequests'
  | 'stopsAnswering'
  | 'endsRequests';

/** What a check of requests has: the connection's halves for them, and the foreign clients. */
interface Requesting {
  readonly stage: Stage;
  readonly plain: RequestsOnTrial;
  readonly connect: () => Promise<Halves>;
}

interface Halves {
  readonly requester: MessageRequester;
  readonly responder: MessageResponder;
}

function halvesOf({ requester, responder }: MessagingConnection): Halves {
  assert.ok(requester && responder, 'a connection has no requester and responder, though the trial declares requests');
  return { requester, responder };
}

function requesting(run: (parts: Requesting) => Promise<void>): Pick<Check<MessagingTrial>, 'skip' | 'run'> {
  return {
    skip: all(needs('requests'), has('requests')),
    run: onStage(async (stage) => {
      const plain = await stage.trial.requests?.();
      assert.ok(plain);
      await run({ stage, plain, connect: async () => halvesOf((await stage.connect()).connection) });
    }),
  };
}

const inTime = <T>(what: string, work: Promise<T>): Promise<T> => within(PATIENCE_MS, what, work);

function shown(message: Partial<Pick<ReceivedReply, 'headers' | 'contentType'>>, payload: string): object {
  return { payload, contentType: message.contentType, headers: { ...message.headers } };
}

const REQUEST = { payload: 'żółw?', contentType: 'text/plain', headers: { 'x-asks': 'laika' } };
const REPLY = { payload: '{"żółw":1}', contentType: 'application/json', headers: { 'x-answers': 'strelka' } };

/** How requests go to whoever answers them, and replies come back. */
export const requestChecks: Readonly<Record<RequestRule, Check<MessagingTrial>>> = {
  declaresRequests: {
    rule: 'a connection has a requester and a responder if the trial declares requests, and neither if not',
    run: onStage(async (stage) => {
      const { connection } = await stage.connect();
      const declared = stage.trial.features.requests === true;
      assert.equal(connection.requester !== undefined, declared, 'requester');
      assert.equal(connection.responder !== undefined, declared, 'responder');
    }),
  },
  requests: {
    rule: 'requests are answered by a foreign client, with all that request and reply carry, each by its own reply',
    ...requesting(async ({ plain, connect }) => {
      const [{ target, source }, { requester }] = [await plain.destination(), await connect()];
      const asked: object[] = [];
      const held: (() => void)[] = [];
      await plain.answer(source, async (request) => {
        if (request.payload === REQUEST.payload) {
          asked.push(shown(request, request.payload));
          return REPLY;
        }
        // the last comes back first
        await new Promise<void>((resolve) => {
          held.push(resolve);
          if (held.length === 100) for (const go of held.toReversed()) go();
        });
        return { payload: `re ${request.payload}` };
      });
      const reply = await inTime('a reply', requester.request({ ...REQUEST, target }));
      assert.deepEqual(asked, [shown(REQUEST, REQUEST.payload)]);
      assert.deepEqual(shown(reply, textOf(reply)), shown(REPLY, REPLY.payload));
      const many = numbered(100).map((payload) => requester.request({ target, payload: Buffer.from(payload) }));
      const replies = await inTime('100 replies', Promise.all(many));
      assert.deepEqual(
        replies.map((one) => shown(one, textOf(one))),
        numbered(100).map((payload) => shown({}, `re ${payload}`)),
      );
    }),
  },
  answers: {
    rule: 'requests of a foreign client are answered, with all that request and reply carry',
    ...requesting(async ({ plain, connect }) => {
      const [{ target, source }, { responder }] = [await plain.destination(), await connect()];
      const asked: object[] = [];
      await responder.respond(source, async (request) => {
        asked.push({ ...shown(request, textOf(request)), source: request.source });
        return REPLY;
      });
      const reply = await inTime('a reply', plain.ask(target, REQUEST));
      assert.deepEqual(asked, [{ ...shown(REQUEST, REQUEST.payload), source: target }]);
      assert.deepEqual(shown(reply, reply.payload), shown(REPLY, REPLY.payload));
    }),
  },
  tellsFailures: {
    rule: 'a handler that fails ends its request as ASK_FAILED, with the reason, and does not get it again',
    ...requesting(async ({ plain, connect }) => {
      const [{ target, source }, { requester, responder }] = [await plain.destination(), await connect()];
      const asked: string[] = [];
      await responder.respond(source, async (request) => {
        asked.push(textOf(request));
        if (textOf(request) === 'bad') throw new Error('out of\nżółw');
        return { payload: 'good' };
      });
      const error = await inTime('a failure', rejection(requester.request({ target, payload: 'bad' })));
      assert.equal(error.code, 'ASK_FAILED', String(error));
      assert.match(String(error), /out of\sżółw/);
      assert.equal(textOf(await inTime('a reply', requester.request({ target, payload: 'next' }))), 'good');
      assert.deepEqual(asked, ['bad', 'next']);
    }),
  },
  tellsNobodyListens: {
    rule: 'a request for which nobody listens ends at once as NOBODY_LISTENS, and no other with it',
    ...requesting(async ({ plain, connect }) => {
      const [{ target, source }, { requester }] = [await plain.destination(), await connect()];
      await plain.answer(source, async () => ({ payload: 'here' }));
      const others = numbered(20).map(() => requester.request({ target, payload: '' }));
      const request = requester.request({ target: plain.nobody, payload: 'x', timeoutMs: 2 * PATIENCE_MS });
      const error = await inTime('the refusal', rejection(request));
      assert.equal(error.code, 'NOBODY_LISTENS', String(error));
      const replies = await inTime('the others', Promise.all(others));
      assert.deepEqual(new Set(replies.map(textOf)), new Set(['here']));
    }),
  },
  givesUp: {
    rule: 'a request ends at its deadline as ASK_TIMEOUT, at an abort as ASK_ABORTED; a later reply is ignored',
    ...requesting(async ({ plain, connect }) => {
      const [{ target, source }, { requester }] = [await plain.destination(), await connect()];
      const late = gate();
      await plain.answer(source, async ({ payload }) => {
        if (payload === 'next') return { payload: 'the next' };
        await late.passed;
        return { payload: 'too late' };
      });
      const timedOut = await inTime(
        'the deadline',
        rejection(requester.request({ target, payload: 'x', timeoutMs: SHORT_MS })),
      );
      assert.equal(timedOut.code, 'ASK_TIMEOUT', String(timedOut));
      const abort = new AbortController();
      const aborted = rejection(requester.request({ target, payload: 'x' }, abort.signal));
      abort.abort();
      const gaveUp = await inTime('the abort', aborted);
      assert.equal(gaveUp.code, 'ASK_ABORTED', String(gaveUp));
      late.open();
      assert.equal(textOf(await inTime('the next', requester.request({ target, payload: 'next' }))), 'the next');
    }),
  },
  sharesRequests: {
    rule: 'two responders of one source share its requests, and each request is handled once',
    ...requesting(async ({ plain, connect }) => {
      const [{ target, source }, { requester }] = [await plain.destination(), await connect()];
      const handled: string[] = [];
      for (const _ of [1, 2]) {
        const { responder } = await connect();
        await responder.respond(source, async (request) => {
          handled.push(textOf(request));
          return { payload: request.payload };
        });
      }
      const replies = numbered(200).map((payload) => requester.request({ target, payload }));
      const payloads = (await inTime('200 replies', Promise.all(replies))).map(textOf);
      assert.deepEqual(payloads, numbered(200));
      assert.deepEqual(handled.toSorted(), numbered(200).toSorted());
    }),
  },
  stopsAnswering: {
    rule: 'stop waits for the requests under way, whose replies still go out',
    ...requesting(async ({ plain, connect }) => {
      const [{ target, source }, { requester }, { responder }] = [
        await plain.destination(),
        await connect(),
        await connect(),
      ];
      const [came, release] = [gate(), gate()];
      const subscription = await responder.respond(source, async () => {
        came.open();
        await release.passed;
        return { payload: 'the last' };
      });
      const reply = requester.request({ target, payload: 'x' });
      await inTime('the request', came.passed);
      const stopping = subscription.stop();
      release.open();
      await inTime('stop', stopping);
      assert.equal(textOf(await inTime('the reply', reply)), 'the last');
    }),
  },
  endsRequests: {
    rule: 'requests under way when the server is killed end as CONNECTION_LOST, and so does each later one on that connection',
    ...requesting(async ({ stage, plain, connect }) => {
      const [{ target, source }, { requester }] = [await plain.destination(), await connect()];
      const came = gate();
      await plain.answer(source, async () => {
        came.open();
        return undefined;
      });
      const ending = rejection(requester.request({ target, payload: 'x' }));
      await inTime('the request', came.passed);
      await stage.trial.server.stop();
      const error = await inTime('the end', ending);
      assert.equal(error.code, 'CONNECTION_LOST', String(error));
      const later = await inTime('a later one', rejection(requester.request({ target, payload: 'x' })));
      assert.equal(later.code, 'CONNECTION_LOST', String(later));
    }),
  },
};
