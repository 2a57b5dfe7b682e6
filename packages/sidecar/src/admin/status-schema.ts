import { z } from 'zod';
import type { Status } from './status.js';

const count = z.int().min(0);
const amount = z.number().min(0);
const time = z.iso.datetime();

const health = z.strictObject({
  ok: z.boolean(),
  checks: z.array(
    z.strictObject({
      name: z.enum(['started', 'failure', 'landing', 'server', 'processes', 'delivery']),
      ok: z.boolean(),
      text: z.string(),
    }),
  ),
});
const durations = z.strictObject({ p50: amount.optional(), p99: amount.optional() });

const block = z.strictObject({
  name: z.string(),
  responsibility: z.string(),
  state: z.enum(['made', 'initializing', 'ready', 'running', 'finishing', 'finished']),
  listens: z.array(z.strictObject({ protocol: z.enum(['tcp', 'udp']), host: z.string(), port: count })),
  accepted: count,
  rejected: count,
  handled: count,
  failed: count,
  dropped: count,
  lost: count,
  depth: count,
  capacity: count,
  underWay: count,
  acceptedRate: amount,
  handledRate: amount,
  rejectedRate: amount,
  oldestMs: amount,
  wait: durations,
  handling: durations,
  measured: z.array(
    z.strictObject({
      name: z.string(),
      type: z.enum(['counter', 'gauge', 'loss', 'held']),
      help: z.string(),
      value: z.number(),
      labels: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

const state = z.enum(['preparing', 'prepared', 'flying', 'landing', 'landed']);
const server = z.strictObject({
  state: z.enum(['none', 'idle', 'connecting', 'connected', 'disconnected']),
  away: z.boolean(),
  url: z.string().optional(),
  since: time,
  attempts: count,
  connects: count,
  losses: count,
  connectedMs: amount,
  retryAt: time.optional(),
  history: z.array(z.strictObject({ at: time, what: z.enum(['connected', 'lost', 'failed']), text: z.string() })),
});

/** The schema of what `/status` answers; `GET /status/schema` has it as JSON Schema. */
export const STATUS_SCHEMA: z.ZodType<Status> = z.strictObject({
  version: z.literal(1),
  summary: z.string(),
  now: time,
  satellite: z.strictObject({
    name: z.string(),
    state,
    since: time,
    pid: count,
    sputnik: z.string(),
    node: z.string(),
    logLevel: z.string().optional(),
  }),
  ready: health,
  alive: health,
  server,
  satellites: z.array(
    z.strictObject({
      path: z.string(),
      state: z.enum([...state.options, 'failed', 'absent', 'incompatible']),
      restarts: count,
      server: server.optional(),
      thread: z.strictObject({ heapBytes: count, utilization: amount, loopMaxMs: amount }).optional(),
      instances: count.optional(),
      problem: z.string().optional(),
    }),
  ),
  blocks: z.array(block),
  edges: z.array(z.strictObject({ from: z.string(), to: z.string(), count, rate: amount })),
  bottleneck: z.string().optional(),
  held: count,
  oldestMs: amount,
  lost: z.strictObject({
    total: count,
    places: z.array(
      z.strictObject({ block: z.string(), how: z.enum(['dropped', 'failed', 'lost']), count, text: z.string() }),
    ),
  }),
  problems: z.array(
    z.strictObject({
      at: time,
      level: z.enum(['warn', 'error']),
      block: z.string().optional(),
      event: z.string().optional(),
      code: z.string().optional(),
      text: z.string(),
    }),
  ),
  landing: z
    .strictObject({
      cause: z.string(),
      since: time,
      waitsFor: z.array(z.string()),
      clean: z.boolean().optional(),
      tookMs: amount.optional(),
    })
    .optional(),
  process: z.strictObject({
    rssBytes: count,
    heapUsedBytes: count,
    heapTotalBytes: count,
    cpuSeconds: amount,
    loop: z.strictObject({ p50Ms: amount, p99Ms: amount, maxMs: amount, utilization: amount }),
  }),
});
