import type { RouteConfig, Separators } from './config.js';
import { matchOf, ONE, overlap, partsOf, REST, separatorIn, type Part } from './pattern.js';

/** `{1}`: what the first wildcard stands for. */
const PLACE = /\{(\d+)\}/g;

/** From where to where a bridge takes messages. */
export class Route {
  readonly config: RouteConfig;
  readonly #from: readonly Part[];
  readonly #to: readonly string[];
  readonly #separators: { readonly from: string; readonly to: string };

  constructor(config: RouteConfig, separators: Separators = {}) {
    this.config = config;
    const from = separators.from ?? separatorIn(config.from) ?? '.';
    // a target of one part is written like the source
    const to = separators.to ?? separatorIn(config.to) ?? from;
    this.#separators = { from, to };
    this.#from = partsOf(config.from, from);
    this.#to = config.to.split(to);
  }

  /** Where a message goes; undefined if it does not go this way. */
  targetOf(source: string): string | undefined {
    const found = matchOf(this.#from, source.split(this.#separators.from));
    if (found === undefined) return undefined;
    const { to } = this.#separators;
    const textOf = (place: string): string =>
      place.replaceAll(PLACE, (_, n: string) => found[Number(n) - 1]?.join(to) ?? '');
    // guard: nothing stands for no part, so that no separator is left over
    return this.#to.flatMap((part) => (isPlace(part) && textOf(part) === '' ? [] : textOf(part))).join(to);
  }

  /** What is wrong with it. */
  get problems(): readonly string[] {
    const wildcards = this.#from.filter((part) => part === ONE || part === REST).length;
    const found: string[] = [];
    const rest = this.#from.indexOf(REST);
    if (rest !== -1 && rest < this.#from.length - 1) found.push('from: the wildcards # and > stand at the end only');
    for (const [place, n] of this.config.to.matchAll(PLACE))
      if (Number(n) < 1 || Number(n) > wildcards)
        found.push(`to: there is no wildcard for ${place}; "from" has ${wildcards}`);
    return found;
  }

  /** True if messages may go round and round by this route and one that leads back. */
  isCircleWith(back: Route): boolean {
    return overlap(this.#targets, back.#from) && overlap(back.#targets, this.#from);
  }

  /** Where its messages may go, as a pattern. */
  get #targets(): readonly Part[] {
    const wildcards = this.#from.filter((part) => part === ONE || part === REST);
    return this.#to.map((part) => {
      const places = [...part.matchAll(PLACE)];
      if (places.length === 0) return part;
      return places.some(([, n]) => wildcards[Number(n) - 1] === REST) ? REST : ONE;
    });
  }
}

function isPlace(part: string): boolean {
  return /^\{\d+\}$/.test(part);
}
