/** Where a block is: in a satellite, or in one nested in it. */
export interface Place {
  /** The path of the block's satellite: empty for the outermost one, `a/b` for satellite b nested in satellite a. */
  readonly path: string;
  /** The address of the block there. */
  readonly responsibility: string;
  /** The name of the block. */
  readonly name: string;
}

/** The blocks of a satellite by address, and its nested satellites. */
interface Level {
  readonly blocks: ReadonlyMap<string, string>;
  readonly nested: ReadonlySet<string>;
  /** Messages in and out are cloned. */
  readonly clones: boolean;
}

/** A satellite in an address book, as data. */
export interface AddressLevel extends Level {
  readonly path: string;
}

/** Finds the block that an address means. The answer depends on the satellite that asks. */
export class AddressBook {
  readonly #levels = new Map<string, Level>();

  /** Adds a satellite: the names of its blocks by address, the addresses of its nested satellites, and whether messages in and out are cloned. */
  add(path: string, blocks: ReadonlyMap<string, string>, nested: Iterable<string>, clones: boolean = false): void {
    this.#levels.set(path, { blocks, nested: new Set(nested), clones });
  }

  /** All satellites that were added. */
  get levels(): readonly AddressLevel[] {
    return [...this.#levels].map(([path, level]) => ({ path, ...level }));
  }

  /**
   * Finds a block for the satellite at `path`. Tries its own blocks, then those of its nested satellites (`syslog/receiver`), then the
   * enclosing satellite. An address that begins with `../` is looked up only there.
   */
  find(path: string, address: string): Place | undefined {
    if (address.startsWith('../')) return path === '' ? undefined : this.find(around(path), address.slice(3));
    return this.#within(path, address) ?? (path === '' ? undefined : this.find(around(path), address));
  }

  /** Whether messages between blocks of these two satellites are cloned. */
  clonesBetween(from: string, to: string): boolean {
    return this.levels.some(({ path, clones }) => clones && isInside(path, from) !== isInside(path, to));
  }

  #within(path: string, address: string): Place | undefined {
    const level = this.#levels.get(path);
    const name = level?.blocks.get(address);
    if (name !== undefined) return { path, responsibility: address, name };
    const [first = '', ...rest] = address.split('/');
    return rest.length > 0 && level?.nested.has(first) === true
      ? this.#within(inside(path, first), rest.join('/'))
      : undefined;
  }
}

/** The path of the nested satellite `name` in the satellite at `path`. */
export function inside(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`;
}

/** Whether the satellite at `other` is the one at `path`, or nested in it. */
export function isInside(path: string, other: string): boolean {
  return path === '' || other === path || other.startsWith(inside(path, ''));
}

/** The path of the satellite that encloses the one at `path`. */
export function around(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** The address of a block, as the satellite at `from` writes it: `../` leads to the enclosing satellite. */
export function addressFrom(from: string, { path, responsibility }: Place): string {
  if (from === path) return responsibility;
  const [own, other] = [partsOf(from), partsOf(path)];
  let common = 0;
  while (common < own.length && own[common] === other[common]) common++;
  const up = own.slice(common).map(() => '..');
  return [...up, ...other.slice(common), responsibility].join('/');
}

/** The parts of a path. The outermost satellite has none. */
function partsOf(path: string): readonly string[] {
  return path === '' ? [] : path.split('/');
}

/** The names that lead from the satellite at `base` to the one at `path`, which is that or inside it: from the outer to the inner. */
export function namesBelow(base: string, path: string): readonly string[] {
  return partsOf(path).slice(partsOf(base).length);
}

/** The address of a block in the outermost satellite. */
export function fullAddress({ path, responsibility }: Pick<Place, 'path' | 'responsibility'>): string {
  return inside(path, responsibility);
}
