import { z } from 'zod';
import type { ConfigurationInForce } from '../folder/in-force.js';
import type { Reloaded } from '../folder/reloaded.js';
import { LEVELS, type LogLevel } from '../log/log-level.js';
import { json, text, type Answer, type Endpoint } from './answer.js';
import type { EventStream } from './event-stream.js';
import { formatFor, type Format } from './exposition.js';
import { familiesOf } from './families.js';
import { alive, ready, started } from './health.js';
import { LastAnswers } from './last-answers.js';
import { pageFile } from './page-files.js';
import { judged, snapshot, type Watched } from './snapshot.js';
import { tapEndpoint } from './tap-endpoint.js';
import type { Taps } from './taps.js';
import type { Health } from './status.js';
import { STATUS_SCHEMA } from './status-schema.js';

/** What the endpoints use. */
export interface Served {
  readonly watched: Watched;
  readonly events: EventStream;
  /** Every key in force. */
  readonly configurations: () => Promise<readonly ConfigurationInForce[]>;
  /** Undefined if the host of the satellite has its own log. */
  readonly logLevel: LogLevel | undefined;
  readonly taps: Taps;
  readonly reload: () => Promise<Reloaded>;
}

/** All endpoints but the files of the page. */
export function endpointsOf(served: Served): readonly Endpoint[] {
  const { watched, events, configurations, logLevel, taps, reload } = served;
  const probe = (path: string, help: string, judge: () => Health): Endpoint => ({
    method: 'GET',
    path,
    purpose: 'probe',
    help,
    answer: (_request, _response, url) => healthAnswer(judge(), url.searchParams.has('verbose')),
  });
  const get = (path: string, help: string, answer: Endpoint['answer']): Endpoint => ({
    method: 'GET',
    path,
    purpose: 'read',
    help,
    answer,
  });
  const last = new LastAnswers(() => performance.now());
  const same = (path: string, help: string, make: () => Answer | Promise<Answer>): Endpoint =>
    get(path, help, () => last.get(path, make));
  return [
    probe('/livez', 'whether it works: the event loop turns, and no block has failed', () => alive(judged(watched))),
    probe('/readyz', 'whether it should be sent anything; ?verbose says why not', () =>
      ready(judged(watched), watched.readyz),
    ),
    probe('/startupz', 'whether it has started', () => started(judged(watched))),
    get('/metrics', 'for Prometheus', ({ headers }) => {
      const format = formatFor(headers.accept);
      return last.get(`/metrics as ${format.contentType}`, () => metricsAnswer(watched, format));
    }),
    same('/status', 'its state, as JSON', () => json(snapshot(watched))),
    same('/status/schema', 'the JSON Schema of that', () => json(z.toJSONSchema(STATUS_SCHEMA))),
    same('/config', 'every key in force, and the source of its value', async () =>
      json({ configurations: await configurations() }),
    ),
    get('/events', 'events as they happen, as server-sent events', ({ headers }, response) =>
      events.serve(response, Number(headers['last-event-id'] ?? 0) || 0)
        ? undefined
        : text(503, 'there are too many listeners to the events; end one of them'),
    ),
    {
      method: 'POST',
      path: '/log-level',
      purpose: 'control',
      help: 'sets the level of the log: ?level=debug, info, warn or error',
      answer(_request, _response, url) {
        const level = LEVELS.find((one) => one === url.searchParams.get('level'));
        if (level === undefined) return text(400, `give the level: ?level=${LEVELS.join(', ')}`);
        if (logLevel === undefined)
          return text(409, 'the log does not belong to the satellite; change its level where the log is made');
        logLevel.current = level;
        return text(200, `the log level is ${level}`);
      },
    },
    {
      method: 'POST',
      path: '/reload',
      purpose: 'control',
      help: 'reads the configuration again, and says what is applied and what needs a restart',
      async answer() {
        const reloaded = await reload();
        return json(reloaded, reloaded.problems.length > 0 ? 422 : 200);
      },
    },
    tapEndpoint(taps, watched.wiring),
  ];
}

/** A file of the page, which says nothing about the satellite. */
export async function pageAnswer(path: string): Promise<Answer | undefined> {
  const file = await pageFile(path);
  return file && { status: 200, type: file.type, body: file.bytes };
}

function metricsAnswer(watched: Watched, format: Format): Answer {
  const { meter, lines, metrics } = watched;
  const { meters, targets, record } = meter;
  const status = snapshot(watched);
  const families = familiesOf({ status, given: metrics(), lines, meters, targets, startedAt: record.startedAt });
  return { status: 200, type: format.contentType, body: format.write(families) };
}

function healthAnswer({ ok, checks }: Health, verbose: boolean): Answer {
  const shown = checks.filter((check) => verbose || !check.ok);
  const lines = shown.map((check) => `[${check.ok ? '+' : '-'}] ${check.name}: ${check.text}`);
  return text(ok ? 200 : 503, [...lines, ok ? 'ok' : 'not ok'].join('\n'));
}
