import type { SpanFacts } from '@sputnikjs/messaging/traces';
import type { SyslogMessage } from './message.js';

/** What the span of a message says of it: from when it came until it is on its way to the producer. Syslog carries no context of a trace. */
export function receiving({ received_at: at, source }: SyslogMessage): SpanFacts {
  const { transport, address, port } = source;
  const isPort = transport !== 'unix';
  return {
    name: 'receive syslog',
    kind: 'consumer',
    since: new Date(at),
    attributes: {
      'messaging.system': 'syslog',
      'messaging.operation.name': 'receive',
      'messaging.operation.type': 'receive',
      'messaging.destination.name': source.listener,
      'network.transport': transport === 'tls' ? 'tcp' : transport,
      ...(isPort && { 'client.address': address, 'client.port': port }),
    },
  };
}
