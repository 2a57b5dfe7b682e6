import type { Metric } from '@sputnikjs/core';
import type { ListenerCounts, NamedCounts } from './counts.js';

type Described = Pick<Metric, 'name' | 'type' | 'help'>;

/** A counter; its name and help are those of a count. */
const counter = (name: string, help: string): Described => ({ name: `${name}_total`, type: 'counter', help });
const loss = (name: string, help: string): Described => ({ name: `${name}_total`, type: 'loss', help });

/** What each count is called where the satellite is watched. */
const METRICS: Readonly<Record<keyof ListenerCounts, Described>> = {
  datagrams: counter('datagrams', 'Datagrams that arrived, whole or not.'),
  datagramsDropped: loss('datagrams_dropped', 'Datagrams that could not be passed on.'),
  datagramsDroppedByKernel: loss(
    'datagrams_dropped_by_kernel',
    'Datagrams that the kernel dropped, because they arrived faster than they were read.',
  ),
  connections: counter('connections', 'Connections that were accepted.'),
  connectionsRefused: counter('connections_refused', 'Connections above "maxConnections".'),
  connectionsDisplaced: counter(
    'connections_displaced',
    'Connections closed to make room for other senders; their sender had most connections.',
  ),
  connectionsIdle: counter('connections_idle', 'Connections closed because nothing arrived on them.'),
  connectionsFailed: counter('connections_failed', 'Connections that broke.'),
  connectionsForeign: counter('connections_foreign', 'Connections that did not begin with syslog.'),
  handshakesFailed: counter('handshakes_failed', 'Connections that never became TLS.'),
  frames: counter('frames', 'Messages that arrived on connections.'),
  framesTruncated: counter('frames_truncated', 'Messages that were too long and lack their end.'),
  framesRefused: loss('frames_refused', 'Messages refused for their length.'),
  framesBroken: loss('frames_broken', 'Messages whose end did not arrive.'),
  countsWrong: counter('octet_counts_wrong', 'Octet counts that did not fit what followed.'),
  structuresTooLarge: counter(
    'structures_too_large',
    'Messages whose structured data has too many parts, so that it stays in their text.',
  ),
  framesLost: loss('frames_lost', 'Messages that arrived on connections and could not be passed on.'),
  filtered: counter('filtered', 'Messages below the "severityLevel".'),
  empty: counter('empty', 'Messages with nothing in them.'),
};

/** The counts of listeners, as metrics. */
export function listenerMetrics(listeners: readonly NamedCounts[]): readonly Metric[] {
  const keys = Object.keys(METRICS) as (keyof ListenerCounts)[];
  return keys.flatMap((key) =>
    listeners.map(({ name: listener, transport, [key]: value }) => ({
      ...METRICS[key],
      value,
      labels: { listener, transport },
    })),
  );
}
