import type {
  Rfc3164Message,
  Rfc5424Message,
  SyslogData,
  SyslogMessage,
  SyslogOrigin,
  SyslogSource,
} from '../parse/message.js';

// Characters that JSON.stringify may have to escape.
const SPECIAL = /["\\\p{Cc}\p{Cs}]/u;

let last: Rfc5424Message | Rfc3164Message | undefined;
let lastHead = '';
let lastSource: SyslogSource | undefined;
let lastSourceText = '';

/**
 * Returns the same text as `JSON.stringify(message)`. It is faster: on Node 20 that took more than half of the time that a message takes.
 */
export function toJson(message: SyslogMessage): string {
  // Another block may have added keys.
  if (message.rfc === 'RFC5424') return rfc5424(message) ?? JSON.stringify(message);
  if (message.rfc === 'RFC3164') return rfc3164(message) ?? JSON.stringify(message);
  return data(message) ?? JSON.stringify(message);
}

function data(message: SyslogData): string | undefined {
  const { priority, facility, severity } = message;
  const keys = (message.truncated === undefined ? 3 : 4) + (priority === undefined ? 0 : 3);
  const known = priority === undefined ? '' : `"priority":${priority},"facility":${facility},"severity":${severity},`;
  return keys === countOf(message) ? `${originOf(message)}${known}"data":${quote(message.data)}}` : undefined;
}

function rfc5424(message: Rfc5424Message): string | undefined {
  const { timestamp, hostname, app_name, proc_id, msg_id, structured_data } = message;
  let keys = message.truncated === undefined ? 8 : 9;
  let text = `${headOf(message)},"version":${message.version}`;
  if (timestamp !== undefined && keys++) text += `,"timestamp":${quote(timestamp)}`;
  if (hostname !== undefined && keys++) text += `,"hostname":${quote(hostname)}`;
  if (app_name !== undefined && keys++) text += `,"app_name":${quote(app_name)}`;
  if (proc_id !== undefined && keys++) text += `,"proc_id":${quote(proc_id)}`;
  if (msg_id !== undefined && keys++) text += `,"msg_id":${quote(msg_id)}`;
  if (structured_data !== undefined && keys++) text += `,"structured_data":${JSON.stringify(structured_data)}`;
  return keys === countOf(message) ? `${text},"message":${quote(message.message)}}` : undefined;
}

function rfc3164(message: Rfc3164Message): string | undefined {
  const { timestamp, hostname, sequence, counter, uptime, tag, proc_id } = message;
  let keys = message.truncated === undefined ? 7 : 8;
  let text = headOf(message);
  if (timestamp !== undefined && keys++) text += `,"timestamp":${quote(timestamp)}`;
  if (sequence !== undefined && keys++) text += `,"sequence":${sequence}`;
  if (counter !== undefined && keys++) text += `,"counter":${counter}`;
  if (uptime !== undefined && keys++) text += `,"uptime":${quote(uptime)}`;
  if (hostname !== undefined && keys++) text += `,"hostname":${quote(hostname)}`;
  if (tag !== undefined && keys++) text += `,"tag":${quote(tag)}`;
  if (proc_id !== undefined && keys++) text += `,"proc_id":${quote(proc_id)}`;
  return keys === countOf(message) ? `${text},"content":${quote(message.content)}}` : undefined;
}

function countOf(message: object): number {
  let count = 0;
  for (const _ in message) count++;
  return count;
}

/** The keys that every message has. Under load, successive messages often have the same values. */
function headOf(message: Rfc5424Message | Rfc3164Message): string {
  const { received_at, source, truncated, rfc, priority, facility, severity } = message;
  const isLast =
    last !== undefined &&
    last.received_at === received_at &&
    last.source === source &&
    last.priority === priority &&
    last.rfc === rfc &&
    last.truncated === truncated;
  if (isLast) return lastHead;
  lastHead = `${originOf(message)}"rfc":"${rfc}","priority":${priority},"facility":${facility},"severity":${severity}`;
  last = message;
  return lastHead;
}

function originOf({ received_at, source, truncated }: SyslogOrigin): string {
  if (source !== lastSource) {
    lastSourceText = JSON.stringify(source);
    lastSource = source;
  }
  const cut = truncated === undefined ? '' : `"truncated":${truncated},`;
  return `{"received_at":${quote(received_at)},"source":${lastSourceText},${cut}`;
}

function quote(text: string): string {
  return SPECIAL.test(text) ? JSON.stringify(text) : `"${text}"`;
}
