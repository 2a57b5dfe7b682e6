import { begin, complete, type Draft, type SyslogMessage } from './message.js';
import { bsdTimestamp, isoTimestampEnd } from './timestamp.js';

// `su:`, `postfix/smtpd[12]:`, `%ASA-6-302013:` or `app[7]`, up to a space. Not the first word of JSON or of a sentence.
const TAG = /([^\s"'{}[\]:=,;<>]+)(?:\[([^\s[\]]*)\]:?|:)(?= |$)/y;
// A name or an address, up to a space.
const HOST = /[\w.:%/[\]-]+(?<!:)(?= )/y;

/**
 * Reads what follows the PRI part, from `at`, by RFC 3164 and the habits of its senders: a time stamp of RFC 5424, no
 * host name (as on local sockets), no time stamp at all. Whatever fits no part is text.
 */
export function parseRfc3164(text: string, at: number, priority: number, receivedAt: Date): SyslogMessage {
  const draft = begin('rfc3164', priority, receivedAt);
  let next = readTimestamp(text, at, receivedAt, draft);
  if (next > at) {
    TAG.lastIndex = HOST.lastIndex = next;
    if (!TAG.test(text) && HOST.test(text)) {
      draft.hostname = text.slice(next, HOST.lastIndex);
      next = HOST.lastIndex + 1;
    }
  }
  TAG.lastIndex = next;
  const tag = TAG.exec(text);
  if (tag) {
    draft.appName = tag[1] as string;
    if (tag[2]) draft.procId = tag[2];
    next = TAG.lastIndex;
    if (text[next] === ' ') next++;
  }
  return complete(draft, text.slice(next));
}

/** Where the text after the time stamp begins; `at` if there is none. */
function readTimestamp(text: string, at: number, receivedAt: Date, draft: Draft): number {
  let end = isoTimestampEnd(text, at);
  if (end >= 0) {
    draft.timestamp = text.slice(at, end);
  } else {
    const stamp = bsdTimestamp(text, at, receivedAt);
    if (!stamp) return at;
    draft.timestamp = stamp.iso;
    end = stamp.end;
    if (text[end] === ':') end++; // Cisco's
  }
  return text[end] === ' ' ? end + 1 : end;
}
