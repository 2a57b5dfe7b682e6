/** Before and after every single character. */
const [BEFORE, AFTER] = ['ab', 'yz'];

/** Every character of ASCII and Latin 1, the controls among them. */
const LATIN: readonly string[] = Array.from({ length: 0x1_00 }, (_, code) => String.fromCodePoint(code));

/** Spaces, line ends, marks and other characters that somebody may treat as something else; then some of two, three and four bytes. */
const SPECIAL: readonly string[] = [
  ...characters(
    '130 17f 301 1680 180e 2000 200b 200d 200e 2028 2029 202e 2060 3000 d7ff e000 fdd0 feff fffd fffe ffff',
  ),
  ...characters('17c 6f22 1f680 1fffe 10ffff'),
];

/** Halves of pairs, for which UTF-8 has no bytes. */
const HALVES: readonly string[] = ['\ud800', '\udbff', '\udc00', '\udfff', '\ude80\ud83d'];

/** Separators of some server where nothing is to separate. */
const SHAPES: readonly string[] = ['.', '/', ':'].flatMap((separator) =>
  words('S SS Sab abS abSSyz SabSyz abSyzS abSyz').map((shape) => shape.replaceAll('S', separator)),
);

/** What programs may take for something other than a name. */
const ODD: readonly string[] = [
  '',
  ...words('../ab ab/../yz ./ab ~/ab C:\\ab \\\\ab __proto__ constructor toString null undefined NaN 0 -1 true %s %00'),
  ...words(`{} [] "ab" 'ab' \`ab\` <ab> ab;yz ab?yz=1 ab&yz ab=yz ab,yz ab|yz {ab} {}yz ab{yz}`),
];

/** Wildcards of some server. */
const WILDCARDS: readonly string[] = [
  ...words('* > *.* *.> ab.* ab.> ab.*.yz ab.>.yz *.yz >.yz ab* *yz ab> >yz'),
  ...words('# + +/+ +/# ab/# ab/+ ab/+/yz ab/#/yz +/yz #/yz ab# #yz ab+ +yz'),
];

/** What servers keep to themselves. */
const RESERVED: readonly string[] = [
  ...words('$ $ab $ab.yz $ab/yz $SYS $SYS.ab $SYS/ab $SYS.REQ.SERVER.PING $sys.ab $SYSTEM $G $NRG.ab $GR.ab'),
  ...words('$JS $JS.ab $JS.API.INFO $JS.API.STREAM.PURGE.ab $JS.ACK.ab $JS.EVENT.ab $JS.hub.API.INFO $KV $KV.ab.yz'),
  ...words('$O.ab.C.yz $SRV.PING $MQTT.msgs.ab $MQTT.sub.ab _INBOX _INBOX.ab _INBOX.ab.yz _INBOXES _R_ _R_.ab _R_ab'),
  ...words(
    '_GR_ _GR_.ab.yz.ab _ab $share $share/ $share/ab $share/ab/yz $share//yz $share/ab/# $share.ab.yz $queue/ab',
  ),
  ...words('$delayed/1/ab $aws/ab $oshare/ab/yz $exclusive/ab $local/ab $dp amq amq. amq.ab amq.direct amq.topic'),
  ...words('amq.gen-ab amq.rabbitmq.reply-to amq.rabbitmq.log'),
];

/** What means something on the way to some server. */
const INJECTED: readonly string[] = [
  'ab\r\nPUB yz 1\r\nx\r\n',
  'ab 1\r\nx\r\nPUB yz',
  'ab yz 1',
  'ab  yz',
  'ab\r\n',
  'ab\r\nPING\r\n',
  'ab\r\nDEL yz\r\n',
  '$1\r\n*\r\n',
  '*1\r\n$4\r\nPING\r\n',
  '\u001b[2J\b\b\b',
];

/** Around the limits of servers: 255 bytes, a line of 4,096, 65,535; in characters of one byte and of two; and many tokens. */
const LONG: readonly string[] = [
  ...[127, 128, 254, 255, 256, 1024, 3899, 3900, 3901, 4095, 4096, 4097].map((length) => 'l'.repeat(length)),
  ...[32_767, 65_000, 65_534, 65_535, 65_536, 65_537, 1_100_000].map((length) => 'l'.repeat(length)),
  ...[127, 128, 1300, 1301, 1366, 1950, 1951, 32_767, 32_768].map((length) => 'ż'.repeat(length)),
  ...['.', '/'].flatMap((separator) => [100, 200, 300, 2000].map((tokens) => `ab${`${separator}c`.repeat(tokens)}`)),
];

/** Targets as a client that means no good, or a program with a fault, may ask for; each only once. */
export const HOSTILE_TARGETS: readonly string[] = [
  ...new Set([
    ...[...LATIN, ...SPECIAL, ...HALVES].flatMap((text) => [text, text + AFTER, BEFORE + text + AFTER, BEFORE + text]),
    ...[SHAPES, ODD, WILDCARDS, RESERVED, INJECTED, LONG].flat(),
  ]),
];

/** How many hostile targets there are for each one that {@link SOME_TARGETS} has. */
const SAMPLE = 7;

/** A sample of the hostile targets, with all that break a protocol or reach a limit. */
export const SOME_TARGETS: readonly string[] = [
  ...new Set([...HOSTILE_TARGETS.filter((_target, nth) => nth % SAMPLE === 0), ...INJECTED, ...LONG]),
];

function words(text: string): string[] {
  return text.split(' ');
}

/** By their code points. */
function characters(codes: string): string[] {
  return words(codes).map((code) => String.fromCodePoint(Number.parseInt(code, 16)));
}
