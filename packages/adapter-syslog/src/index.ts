export { FrameSplitter, type FramingOptions } from './receive/framing.js';
export type { ListenerCounts, NamedCounts, SyslogCounts } from './receive/counts.js';
export type { ListenerConfig, Transport } from './receive/listener-config.js';
export { RECEIVER_CONFIG, type ReceiverConfig } from './receive/receiver-config.js';
export { isTimeZone } from './parse/calendar.js';
export {
  SYSLOG_PRODUCER,
  type Received,
  type Rfc3164Message,
  type Rfc5424Message,
  type StructuredData,
  type StructuredElement,
  type SyslogData,
  type SyslogHeader,
  type SyslogMessage,
  type SyslogOrigin,
  type SyslogSource,
} from './parse/message.js';
export type { ParseOptions } from './parse/parse-options.js';
export { parseSyslog, passes } from './parse/parse.js';
export { weightOf } from './parse/weight.js';
export { syslogproducer } from './syslogproducer.js';
export { syslogwriter } from './syslogwriter.js';
export { SYSLOG_WRITER, type UnsentMessage } from './deliver/unsent.js';
export { SYSLOG_RECEIVER, syslogreceiver } from './syslogreceiver.js';
