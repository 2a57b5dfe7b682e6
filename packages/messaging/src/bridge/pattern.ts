/** A part of a pattern: a text, one part whatever it is, or any number of parts. */
export type Part = string | typeof ONE | typeof REST;

export const ONE: unique symbol = Symbol('one part');
export const REST: unique symbol = Symbol('any number of parts');

/** How servers write wildcards: MQTT `+` and `#`, NATS `*` and `>`, RabbitMQ `*` and `#`. */
const WILDCARDS: Readonly<Record<string, typeof ONE | typeof REST>> = { '+': ONE, '*': ONE, '#': REST, '>': REST };

/** What separates the parts of names, in the order in which a text is looked through for it. */
const SEPARATORS = ['/', '.', ':'] as const;

/** The separator that a text has, if it has one. */
export function separatorIn(text: string): string | undefined {
  return SEPARATORS.find((one) => text.includes(one));
}

/** The parts of a pattern. */
export function partsOf(pattern: string, separator: string): readonly Part[] {
  return pattern.split(separator).map((part) => (Object.hasOwn(WILDCARDS, part) ? (WILDCARDS[part] as Part) : part));
}

/** What the wildcards of a pattern stand for in a name, each as its parts; undefined if the pattern does not match. */
export function matchOf(pattern: readonly Part[], name: readonly string[]): readonly (readonly string[])[] | undefined {
  const found: (readonly string[])[] = [];
  for (const [i, want] of pattern.entries()) {
    if (want === REST) return [...found, name.slice(i)];
    const part = name[i];
    if (part === undefined) return undefined;
    if (want === ONE) found.push([part]);
    else if (want !== part) return undefined;
  }
  return pattern.length === name.length ? found : undefined;
}

/** True if some name matches both. */
export function overlap(a: readonly Part[], b: readonly Part[]): boolean {
  const [[first, ...rest], [other, ...others]] = [a, b];
  if (first === undefined && other === undefined) return true;
  if (first === REST) return overlap(rest, b) || (b.length > 0 && overlap(a, others));
  if (other === REST) return overlap(b, a);
  if (first === undefined || other === undefined) return false;
  return (first === ONE || other === ONE || first === other) && overlap(rest, others);
}
