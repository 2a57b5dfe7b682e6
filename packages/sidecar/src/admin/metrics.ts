import { durations, ofBlocks, ofSatellites, one, single, type Metric } from './metric.js';

const STATES = ['preparing', 'prepared', 'flying', 'landing', 'landed'] as const;
const SAMPLED = 'Of up to 1,000 messages a second and block, at most 64 at a time.';
const WINDOW = 'Over the last 10 to 20 s.';

/** All metrics, in the order in which they are written. */
export const METRICS: readonly Metric[] = [
  {
    name: 'sputnik_build_info',
    type: 'gauge',
    help: 'Versions of Sputnik and of Node.js; the value is 1.',
    labels: ['version', 'node', 'satellite'],
    read: ({ status: { satellite } }) =>
      one(1, { version: satellite.sputnik, node: satellite.node, satellite: satellite.name }),
  },
  single(
    'sputnik_start_time_seconds',
    'gauge',
    'When the process started, as Unix time.',
    ({ startedAt }) => startedAt / 1000,
  ),
  {
    name: 'sputnik_state',
    type: 'gauge',
    help: 'The state of the flight: 1 for the one it is in, 0 for the others.',
    labels: ['state'],
    read: ({ status: { satellite } }) =>
      STATES.map((state) => ({ labels: { state }, value: satellite.state === state ? 1 : 0 })),
  },
  single('sputnik_ready', 'gauge', '1 if /readyz says yes.', ({ status }) => (status.ready.ok ? 1 : 0)),
  ofBlocks(
    'sputnik_block_messages_accepted_total',
    'counter',
    'Messages that the block has accepted.',
    (block) => block.accepted,
  ),
  ofBlocks(
    'sputnik_block_messages_handled_total',
    'counter',
    'Messages that the block has handled.',
    (block) => block.handled,
  ),
  ofBlocks(
    'sputnik_block_messages_rejected_total',
    'counter',
    'Messages rejected because the mailbox was full; the sender knows.',
    (block) => block.rejected,
  ),
  ofBlocks(
    'sputnik_block_messages_failed_total',
    'counter',
    'Messages whose handler failed. An asker gets the error.',
    (block) => block.failed,
  ),
  ofBlocks(
    'sputnik_block_messages_dropped_total',
    'counter',
    'Messages that were accepted and never handled.',
    (block) => block.dropped,
  ),
  {
    name: 'sputnik_messages_lost_total',
    type: 'counter',
    help: 'Messages dropped, failed where no sender knows, or lost before they were accepted.',
    labels: ['block'],
    read: ({ status }) =>
      status.blocks.map((block) => ({ labels: { block: block.responsibility }, value: block.lost })),
  },
  ofBlocks('sputnik_mailbox_depth', 'gauge', 'Messages that wait in the mailbox.', (block) => block.depth),
  ofBlocks('sputnik_mailbox_capacity', 'gauge', 'Messages that the mailbox has room for.', (block) => block.capacity),
  ofBlocks(
    'sputnik_block_messages_under_way',
    'gauge',
    'Messages that the block is working on.',
    (block) => block.underWay,
  ),
  ofBlocks(
    'sputnik_block_oldest_message_age_seconds',
    'gauge',
    'How long the block has had its oldest message; 0 if it has none.',
    (block) => block.oldestMs / 1000,
  ),
  single(
    'sputnik_oldest_message_age_seconds',
    'gauge',
    'Age of the oldest message that is not yet handled, in any block.',
    ({ status }) => status.oldestMs / 1000,
  ),
  durations(
    'sputnik_message_wait_seconds',
    `How long messages wait in the mailbox. ${SAMPLED}`,
    (meter) => meter.waited,
  ),
  durations(
    'sputnik_message_handling_seconds',
    `How long handlers take for a message. ${SAMPLED}`,
    (meter) => meter.handled,
  ),
  {
    name: 'sputnik_messages_total',
    type: 'counter',
    help: 'Messages that one block has sent to another, accepted there.',
    labels: ['from', 'to'],
    read: ({ status }) => status.edges.map(({ from, to, count }) => ({ labels: { from, to }, value: count })),
  },
  {
    name: 'sputnik_target_messages_total',
    type: 'counter',
    help: 'Messages for the server by target: accepted and, of these, failed and dropped. For a hundred targets; the rest is "others".',
    labels: ['target', 'what'],
    read: ({ targets }) =>
      [...targets.entries()].flatMap(([target, counts]) =>
        Object.entries(counts).map(([what, value]) => ({ labels: { target, what }, value })),
      ),
  },
  single('sputnik_server_connected', 'gauge', '1 while the server is connected.', ({ status }) =>
    status.server.state === 'connected' ? 1 : 0,
  ),
  single(
    'sputnik_server_connect_attempts_total',
    'counter',
    'Attempts to connect to the server.',
    ({ status }) => status.server.attempts,
  ),
  single(
    'sputnik_server_connects_total',
    'counter',
    'Attempts that succeeded.',
    ({ status }) => status.server.connects,
  ),
  single('sputnik_server_losses_total', 'counter', 'Connections that were lost.', ({ status }) => status.server.losses),
  single(
    'sputnik_server_connected_seconds_total',
    'counter',
    'How long the server was connected in all.',
    ({ status }) => status.server.connectedMs / 1000,
  ),
  ofSatellites(
    'sputnik_satellite_flying',
    'gauge',
    '1 while the nested satellite flies; 0 while it starts, lands or restarts.',
    ({ state }) => (state === 'flying' ? 1 : 0),
  ),
  ofSatellites(
    'sputnik_satellite_restarts_total',
    'counter',
    'How often the nested satellite has failed and restarted.',
    ({ restarts }) => restarts,
  ),
  ofSatellites(
    'sputnik_satellite_server_connected',
    'gauge',
    '1 while the nested satellite is connected to its own server. Only for satellites that have one.',
    ({ server }) => (server === undefined ? undefined : server.state === 'connected' ? 1 : 0),
  ),
  ofSatellites(
    'sputnik_satellite_server_losses_total',
    'counter',
    'Connections of the nested satellite to its own server that were lost.',
    ({ server }) => server?.losses,
  ),
  ofSatellites(
    'sputnik_satellite_thread_heap_bytes',
    'gauge',
    'Heap that the thread of the nested satellite uses. Only for satellites in threads.',
    ({ thread }) => thread?.heapBytes,
  ),
  ofSatellites(
    'sputnik_satellite_thread_utilization',
    'gauge',
    'The share of time in which the event loop of its thread was busy, from 0 to 1, read from outside. 1 if it is stuck.',
    ({ thread }) => thread?.utilization,
  ),
  ofSatellites(
    'sputnik_satellite_thread_event_loop_delay_max_seconds',
    'gauge',
    `How late the event loop of its thread was at worst, or is now, read from outside. ${WINDOW}`,
    ({ thread }) => thread && thread.loopMaxMs / 1000,
  ),
  ofSatellites(
    'sputnik_satellite_instances',
    'gauge',
    'Processes that run the satellite inside this one, where it has processes of its own: those that were found.',
    ({ instances }) => instances,
  ),
  {
    name: 'sputnik_log_lines_total',
    type: 'counter',
    help: 'Lines given to the log, by level.',
    labels: ['level'],
    read: ({ lines }) => Object.entries(lines.counts).map(([level, value]) => ({ labels: { level }, value })),
  },
  single(
    'sputnik_event_loop_delay_p50_seconds',
    'gauge',
    `How late the event loop is at the median. ${WINDOW}`,
    ({ status }) => status.process.loop.p50Ms / 1000,
  ),
  single(
    'sputnik_event_loop_delay_p99_seconds',
    'gauge',
    `How late the event loop is at the 99th percentile. ${WINDOW}`,
    ({ status }) => status.process.loop.p99Ms / 1000,
  ),
  single(
    'sputnik_event_loop_delay_max_seconds',
    'gauge',
    `How late the event loop was at worst. ${WINDOW}`,
    ({ status }) => status.process.loop.maxMs / 1000,
  ),
  single(
    'sputnik_event_loop_utilization_ratio',
    'gauge',
    'The share of time in which the event loop was busy, over the last 10 s.',
    ({ status }) => status.process.loop.utilization,
  ),
  single(
    'sputnik_process_cpu_seconds_total',
    'counter',
    'CPU time of the process, of user and system.',
    ({ status }) => status.process.cpuSeconds,
  ),
  single(
    'sputnik_process_resident_memory_bytes',
    'gauge',
    'Resident memory of the process.',
    ({ status }) => status.process.rssBytes,
  ),
  single(
    'sputnik_heap_used_bytes',
    'gauge',
    'Memory that JavaScript values use.',
    ({ status }) => status.process.heapUsedBytes,
  ),
  single(
    'sputnik_heap_size_bytes',
    'gauge',
    'Memory that the heap has taken.',
    ({ status }) => status.process.heapTotalBytes,
  ),
];
