import type { ExchangeConfig } from './topology-config.js';

/**
 * Whether a queue that is bound by `key` to an exchange of that type may get messages for `target`; of a type that nobody knows, as a
 * topic exchange has it.
 */
export function mayBind(type: ExchangeConfig['type'] | undefined, key: string, target: string): boolean {
  if (type === 'fanout' || type === 'headers') return true;
  return key === target || (type !== 'direct' && matches(key.split('.'), target.split('.')));
}

/** Topic exchanges: `*` is one word, `#` any number. */
function matches(pattern: readonly string[], words: readonly string[]): boolean {
  // for each number of words at the beginning: whether the pattern up to now may stand for them
  let reached = words.map(() => false);
  reached.unshift(true);
  for (const part of pattern) {
    let any = false;
    reached = reached.map((_, count) => {
      any ||= reached[count] === true;
      if (part === '#') return any;
      return count > 0 && reached[count - 1] === true && (part === '*' || part === words[count - 1]);
    });
  }
  return reached.at(-1) === true;
}
