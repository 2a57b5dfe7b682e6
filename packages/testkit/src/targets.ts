/** Before and after every single character. */
const [BEFORE, AFTER] = ['ab', 'yz'];

/** Every character of ASCII and Latin 1, the controls among them. */
const LATIN: readonly string[] = Array.from({ length: 0x1_00 }, (_, code) => String.fromCodePoint(code));

/** Spaces, line ends, marks and other characters that somebody may treat as something else. */
const SPECIAL: readonly string[] = [
  '\u0130',
  '\u017f',
  '\u0301',
  '\u1680',
  '\u180e',
  '\u2000',
  '\u200b',
  '\u200d',
  '\u200e',
  '\u2028',
  '\u2029',
  '\u202e',
  '\u2060',
  '\u3000',
  '\ud7ff',
  '\ue000',
  '\ufdd0',
  '\ufeff',
  '\ufffd',
  '\ufffe',
  '\uffff',
  'ż',
  '漢',
  '\u{1f680}',
  '\u{1fffe}',
  '\u{10ffff}',
];

/** Halves of pairs, which UTF-8 has no bytes for. */
const HALVES: readonly string[] = ['\ud800', '\udbff', '\udc00', '\udfff', '\ude80\ud83d'];

/** Separators of some server where nothing is to separate, and names that are no place for all. */
const SHAPES: readonly string[] = [
  '',
  ...['.', '/', ':'].flatMap((separator) =>
    ['S', 'SS', 'Sab', 'abS', 'abSSyz', 'SabSyz', 'abSyzS', 'abSyz'].map((shape) => shape.replaceAll('S', separator)),
  ),
  ...['..', '../ab', 'ab/../yz', './ab', '~/ab', 'C:\\ab', '\\\\ab'],
  ...['__proto__', 'constructor', 'toString', 'null', 'undefined', 'NaN', '0', '-1', 'true', '%s', '%00', '{}', '[]'],
];

/** Wildcards of some server. */
const WILDCARDS: readonly string[] = [
  ...['*', '>', '*.*', '*.>', 'ab.*', 'ab.>', 'ab.*.yz', 'ab.>.yz', '*.yz', '>.yz', 'ab*', '*yz', 'ab>', '>yz'],
  ...['#', '+', '+/+', '+/#', 'ab/#', 'ab/+', 'ab/+/yz', 'ab/#/yz', '+/yz', '#/yz', 'ab#', '#yz', 'ab+', '+yz'],
];

/** What servers keep to themselves. */
const RESERVED: readonly string[] = [
  ...['$', '$ab', '$ab.yz', '$ab/yz', '$SYS', '$SYS.ab', '$SYS/ab', '$SYS.REQ.SERVER.PING', '$sys.ab', '$SYSTEM'],
  ...['$JS', '$JS.ab', '$JS.API.INFO', '$JS.API.STREAM.PURGE.ab', '$JS.ACK.ab', '$JS.EVENT.ab', '$JS.hub.API.INFO'],
  ...['$KV', '$KV.ab.yz', '$O.ab.C.yz', '$SRV.PING', '$MQTT.msgs.ab', '$MQTT.sub.ab', '$G', '$NRG.ab', '$GR.ab'],
  ...['_INBOX', '_INBOX.ab', '_INBOX.ab.yz', '_INBOXES', '_R_', '_R_.ab', '_R_ab', '_GR_', '_GR_.ab.yz.ab', '_ab'],
  ...['$share', '$share/', '$share/ab', '$share/ab/yz', '$share//yz', '$share/ab/#', '$queue/ab', '$delayed/1/ab'],
  ...['$aws/ab', '$oshare/ab/yz', '$exclusive/ab', '$local/ab', '$dp', '$share.ab.yz'],
  ...['amq', 'amq.', 'amq.ab', 'amq.direct', 'amq.topic', 'amq.gen-ab', 'amq.rabbitmq.reply-to', 'amq.rabbitmq.log'],
  ...['{ab}', '{', '}', '{}yz', 'ab{yz}'],
];

/** What means something on the way to some server. */
const INJECTED: readonly string[] = [
  ...['ab\r\nPUB yz 1\r\nx\r\n', 'ab 1\r\nx\r\nPUB yz', 'ab yz 1', 'ab\r\nPING\r\n', 'ab\r\nDEL yz\r\n', 'ab\0yz'],
  ...[
    'ab\nyz',
    'ab\ryz',
    'ab\tyz',
    ' ab',
    'ab ',
    'ab  yz',
    '$1\r\n*\r\n',
    '*1\r\n$4\r\nPING\r\n',
    '"ab"',
    "'ab'",
    'ab;yz',
  ],
  ...['ab?yz=1', 'ab&yz', 'ab=yz', 'ab,yz', 'ab|yz', 'ab\\', '<ab>', '`ab`', '\u001b[2J', '\b\b\b'],
];

/** Around the limits of servers: 255 bytes, a line of 4,096, 65,535; in characters of one byte and of more. */
const LENGTHS: readonly number[] = [127, 128, 254, 255, 256, 1024, 3899, 3900, 3901, 4095, 4096, 4097, 32_767, 65_000];
const LONG: readonly string[] = [
  ...[...LENGTHS, 65_534, 65_535, 65_536, 65_537, 1_100_000].map((length) => 'l'.repeat(length)),
  ...[127, 128, 1300, 1301, 1366, 32_767, 32_768].map((length) => 'ż'.repeat(length)),
  ...['.', '/'].flatMap((separator) => [100, 200, 300, 2000].map((tokens) => `ab${`${separator}c`.repeat(tokens)}`)),
];

/** Targets as a client that means no good, or a program with a fault, may ask for; each only once. */
export const HOSTILE_TARGETS: readonly string[] = [
  ...new Set([
    ...[...LATIN, ...SPECIAL, ...HALVES].flatMap((character) => [
      character,
      character + AFTER,
      BEFORE + character + AFTER,
      BEFORE + character,
    ]),
    ...[...SHAPES, ...WILDCARDS, ...RESERVED, ...INJECTED, ...LONG],
  ]),
];
