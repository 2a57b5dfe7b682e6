import type { SyslogMessage } from './message.js';

// What JSON.stringify may have to escape.
const SPECIAL = /["\\\p{Cc}\p{Cs}]/u;
const PARTS = ['timestamp', 'hostname', 'appName', 'procId', 'msgId'] as const;

let last: SyslogMessage | undefined;
let lastHead = '';

/**
 * The same text as `JSON.stringify(message)`, made by hand since that took more than half of a message's time on Node 20
 * (1.9 µs; this 0.9 µs).
 */
export function toJson(message: SyslogMessage): string {
  const { version, structuredData, truncated } = message;
  let keys = 8;
  let text = headOf(message);
  if (version !== undefined) {
    keys++;
    text += `,"version":${version}`;
  }
  for (const name of PARTS) {
    const part = message[name];
    if (part === undefined) continue;
    keys++;
    text += `,"${name}":${quote(part)}`;
  }
  if (structuredData !== undefined) {
    keys++;
    text += `,"structuredData":${JSON.stringify(structuredData)}`;
  }
  if (truncated !== undefined) {
    keys++;
    text += `,"truncated":${truncated}`;
  }
  // A block in between may have added keys of its own.
  if (Object.keys(message).length !== keys) return JSON.stringify(message);
  return `${text},"message":${quote(message.message)}}`;
}

/** The keys that every message has. Under load neighbours have the same, except in their text. */
function headOf(message: SyslogMessage): string {
  const { receivedAt, format, priority, facility, facilityName, severity, severityName } = message;
  if (last?.receivedAt !== receivedAt || last.format !== format || last.priority !== priority) {
    const head = { receivedAt, format, priority, facility, facilityName, severity, severityName };
    lastHead = JSON.stringify(head).slice(0, -1);
    last = message;
  }
  return lastHead;
}

function quote(text: string): string {
  return SPECIAL.test(text) ? JSON.stringify(text) : `"${text}"`;
}
