/**
 * Why we read a line of the corpus in another way than rsyslogd or syslog-ng: the first pattern that fits the line tells. Each is needed, and
 * each line that is read in different ways has one.
 */
export const WHYS: readonly (readonly [line: RegExp, why: string])[] = [
  [
    /message repeated|MARK --/,
    'what syslogd says of itself has no tag, and `last` is no host (`pmlastmsg` of rsyslog has it so)',
  ],
  [/Message forwarded from|From vios1/, 'the host is the one that the message is of (`pmaixforwardedfrom` of rsyslog)'],
  [/^<\d+>1 1764403200/, 'text: a format of its own that nobody here knows; nothing of it is lost'],
  [
    /%[A-Z][\w-]*-\d-\w+ ?: |^<189>: %/,
    'Cisco: the mnemonic is the tag, before it are numbers, name, time, uptime; the number as tag would make a target a message',
  ],
  [/CEF:0|LEEF:|ASM:/, 'the text stays whole, for whoever reads CEF, LEEF or pairs; a tag has a blank after its colon'],
  [/^<\d+> *(Nov 29 08:00:00 \S+ )?\w+="?[^ ]*( |$)/, 'the first of pairs is no tag: it stays with the others'],
  [
    /pa1 1,2026|2026\/11\/29-08|2026:11:29-|NOV\/29/,
    'a date is no tag, nor is what has one in it: it stays with its time',
  ],
  [/\("U7PG2|<Warn:/, 'a tag has no quotes and angle brackets: the text stays whole'],
  [/MSWinEventLog/, 'a tab ends a word as a blank does (`pmsnare` of rsyslog)'],
  [/^<\d+>Nov 29 08:00:00 2026 /, 'the year after the time is one (rsyslog has `detect.YearAfterTimestamp`)'],
  [/^<192>/, 'no valid PRI: data, as it was received'],
  [
    /^[^<]/,
    'no PRI: data, and a selector of its own; a PRI that was never sent would be thought true. `defaultPri` gives it one',
  ],
  [/2026-02-29/, 'there is no such day: data, with its PRI'],
  [
    /^<13>1 2026-11-29T08:00:00 |^<13>1 2026-11-29 08/,
    'not of RFC 5424: data, with its PRI, and not a text without its beginning',
  ],
  [/^<13>(2|12) /, 'another version: data, with its PRI, and not a host called 2'],
  [/\+0000 web1/, 'an offset without colon is taken'],
  [/123456789Z/, 'nanoseconds are taken'],
  [/^<13> 1 /, 'a blank before the version is taken'],
  [/\[action:|\[a b="c\]/, 'malformed structured data stays in the text: nothing is lost'],
  [/\uFEFF/, 'a byte order mark is no text (RFC 5424 section 6.4)'],
  [/too few fields/, 'as rsyslogd: who knows what the sender meant'],
  [/UTC host1/, 'no host is called UTC or GMT; other abbreviations are hosts unless `zones` tells what they are'],
  [/ - app: a host/, 'a host that is nil is none, and what follows is read on'],
  [/fe80::1|slot1\/bigip1/, 'a host may be an IPv6 address, or have a slash: its parts are no tags'],
  [/x@host1/, 'as rsyslogd; `atSignInHost` makes it the host'],
  [/^<\d+> *Nov 29 08:00:00 ap2$/, 'as rsyslogd: the last word may be the host'],
  [/ap1 restarted$/, 'a word alone is text: as a tag it would leave none'],
  [/^<\d+> *(hello|HP )/, 'without a time, or a colon, nothing tells that a head is there: text'],
  [
    /re0\.mx1|mgr: |vobd:|rsyslogd: {2}| {2}heartbeat|^<28>Nov 29 08:00:00 {2}mx1/,
    'blanks before host and tag do not matter; those before a text stay',
  ],
  [/nov 29| 8:00:00/, 'as rsyslogd: months in any case, hours of one digit'],
  [/2026-11-29 08|08:00:00\+01:00/, 'ISO 8601 with a blank, and offsets after a blank or none, are taken'],
  [/Sun Nov|29 Nov 2026/, 'no time stamp to anybody: text, and not a host called Sun'],
];
