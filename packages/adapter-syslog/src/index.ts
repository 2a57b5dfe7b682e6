export { FrameSplitter, type FramingOptions } from './framing.js';
export type { ListenerCounts, NamedCounts, SyslogCounts } from './counts.js';
export type { ListenerConfig, Transport } from './listener-config.js';
export { RECEIVER_CONFIG, type ReceiverConfig } from './receiver-config.js';
export { isTimeZone } from './calendar.js';
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
} from './message.js';
export type { ParseOptions } from './parse-options.js';
export { parseSyslog, passes } from './parse.js';
export { syslogproducer } from './syslogproducer.js';
export { syslogwriter } from './syslogwriter.js';
export { SYSLOG_WRITER, type UnsentMessage } from './unsent.js';
export { SYSLOG_RECEIVER, syslogreceiver } from './syslogreceiver.js';
