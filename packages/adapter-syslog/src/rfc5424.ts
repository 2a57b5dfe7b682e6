import { begin, complete, type SyslogMessage } from './message.js';
import { readStructuredData } from './structured-data.js';
import { isoTimestampEnd } from './timestamp.js';

const NIL = '-';
const BOM = '\uFEFF';

/**
 * Reads what follows the PRI part, from `at`, by RFC 5424. Undefined if it has no such header. Structured data that is
 * malformed or missing stays part of the text.
 */
export function parseRfc5424(text: string, at: number, priority: number, receivedAt: Date): SyslogMessage | undefined {
  if (!text.startsWith('1 ', at)) return undefined;
  const timeAt = at + 2;
  const timeEnd = text.startsWith('- ', timeAt) ? timeAt + 1 : isoTimestampEnd(text, timeAt);
  if (timeEnd < 0) return undefined;
  const hostEnd = text.indexOf(' ', timeEnd + 1);
  const appEnd = text.indexOf(' ', hostEnd + 1);
  const procEnd = text.indexOf(' ', appEnd + 1);
  const msgIdEnd = text.indexOf(' ', procEnd + 1);
  // A field must not be empty. With too few of them, indexOf starts over at the beginning, and the order is broken.
  const complies = hostEnd > timeEnd + 1 && appEnd > hostEnd + 1 && procEnd > appEnd + 1 && msgIdEnd > procEnd + 1;
  if (!complies) return undefined;

  const draft = begin('rfc5424', priority, receivedAt);
  draft.version = 1;
  const timestamp = text.slice(timeAt, timeEnd);
  if (timestamp !== NIL) draft.timestamp = timestamp;
  const hostname = text.slice(timeEnd + 1, hostEnd);
  if (hostname !== NIL) draft.hostname = hostname;
  const appName = text.slice(hostEnd + 1, appEnd);
  if (appName !== NIL) draft.appName = appName;
  const procId = text.slice(appEnd + 1, procEnd);
  if (procId !== NIL) draft.procId = procId;
  const msgId = text.slice(procEnd + 1, msgIdEnd);
  if (msgId !== NIL) draft.msgId = msgId;

  let end = msgIdEnd + 1;
  if (text[end] === '[') {
    const read = readStructuredData(text, end);
    if (read) {
      draft.structuredData = read.data;
      end = read.end;
    }
  } else if (text[end] === NIL && (text[end + 1] === ' ' || end + 1 === text.length)) {
    end++;
  }
  if (text[end] === ' ') end++;
  if (text[end] === BOM) end++;
  return complete(draft, text.slice(end));
}
