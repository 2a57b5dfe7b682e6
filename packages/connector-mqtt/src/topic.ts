/** More levels than this make servers end the connection. */
const MAX_LEVELS = 100;
const MAX_BYTES = 65_535;

/**
 * Beginnings of topics that mosquitto takes for its own, however they go on: it ends the connection of whoever publishes to $SYS… or
 * $share…, which it has acknowledged before, and passes nothing on of what comes to $CONTROL/….
 */
// guard: targets that servers keep to themselves are refused
const SERVERS_OWN = /^\$(SYS|share|CONTROL\/)/;
/** A subscription that its subscribers share: their group, then the filter (MQTT 5, 4.8.2, which servers of 3.1.1 have, too). */
const SHARED = /^\$share\/[^/+#]+\/(?=.)/s;

/** Characters that a server may end the connection for (MQTT 3.1.1, 1.5.3): half pairs, control codes, non-characters. */
const UNWELCOME = /[\p{Surrogate}\p{Cc}\p{Noncharacter_Code_Point}]/u;

/**
 * Returns why a message cannot be published to `topic`, or undefined (MQTT 3.1.1, 3.3.2.1 and 4.7.3). Servers end the connection at a bad topic, or
 * do not answer: one bad message must not harm the others.
 */
export function topicProblem(topic: string): string | undefined {
  if (/[+#]/.test(topic)) return 'a topic to publish to has no wildcards (+, #)';
  const own = SERVERS_OWN.exec(topic)?.[0];
  if (own !== undefined) return `topics that begin with ${own} belong to the server`;
  return textProblem(topic);
}

/** Returns why nobody can subscribe to `filter`, or undefined (MQTT 3.1.1, 4.7.1). */
export function filterProblem(filter: string): string | undefined {
  const levels = filter.split('/');
  const stray = levels.some((level, i) =>
    level.includes('#') ? level !== '#' || i < levels.length - 1 : level.includes('+') && level !== '+',
  );
  if (stray) return 'the wildcards + and # stand for whole levels, and # for the last';
  if (filter.startsWith('$share') && !isShared(filter))
    return 'a shared subscription is $share/group/filter, the group without wildcards';
  return textProblem(filter);
}

function textProblem(text: string): string | undefined {
  if (text === '') return 'a topic has at least one character';
  if (UNWELCOME.test(text)) return 'a topic has no control characters or broken characters';
  if (Buffer.byteLength(text) > MAX_BYTES) return `a topic is no longer than ${MAX_BYTES} bytes`;
  if (text.split('/').length > MAX_LEVELS) return `a topic has no more than ${MAX_LEVELS} levels`;
  return undefined;
}

/** Returns true if the subscribers of a filter share its messages. */
export function isShared(filter: string): boolean {
  return SHARED.test(filter);
}

/** Returns true if a valid `filter` matches `topic`. */
export function matches(filter: string, topic: string): boolean {
  const wanted = filter.replace(SHARED, '').split('/');
  const levels = topic.split('/');
  // wildcards do not reach topics of the server's own (4.7.2)
  if (topic.startsWith('$') && wanted[0] !== levels[0]) return false;
  for (const [i, level] of wanted.entries()) {
    if (level === '#') return true;
    if (i >= levels.length || (level !== '+' && level !== levels[i])) return false;
  }
  return wanted.length === levels.length;
}
