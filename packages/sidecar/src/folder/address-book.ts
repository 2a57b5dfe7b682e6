/** A block of a satellite, or of one inside it. */
export interface Place {
  /** Of the satellite that has the block: empty for the outermost one, `a/b` for satellite b inside satellite a. */
  readonly path: string;
  /** The address of the block there. */
  readonly responsibility: string;
  /** Which block it is. */
  readonly name: string;
}

/** Of a satellite: its blocks by address, and the satellites inside it. */
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

/** Says which block an address means, from each of the satellites that are inside one another. */
export class AddressBook {
  readonly #levels = new Map<string, Level>();

  /** The blocks of a satellite, their names by address, and the addresses of the satellites inside it. */
  add(path: string, blocks: ReadonlyMap<string, string>, nested: Iterable<string>, clones: boolean = false): void {
    this.#levels.set(path, { blocks, nested: new Set(nested), clones });
  }

  /** All that was added. */
  get levels(): readonly AddressLevel[] {
    return [...this.#levels].map(([path, level]) => ({ path, ...level }));
  }

  /**
   * Which block an address means in the satellite at `path`: one of its own, else one of a satellite inside it (`syslog/receiver`), else what it
   * means in the satellite around it. What begins with `../` is looked up there only.
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

/** The path of what is called so in the satellite at `path`. */
export function inside(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`;
}

/** Whether the satellite at `other` is the one at `path`, or inside it. */
export function isInside(path: string, other: string): boolean {
  return path === '' || other === path || other.startsWith(inside(path, ''));
}

/** The path of the satellite around the one at `path`. */
export function around(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** How the satellite at `from` calls a block: `../` leads to the satellite around it. */
export function addressFrom(from: string, { path, responsibility }: Place): string {
  if (from === path) return responsibility;
  const [own, other] = [partsOf(from), partsOf(path)];
  let common = 0;
  while (common < own.length && own[common] === other[common]) common++;
  const up = own.slice(common).map(() => '..');
  return [...up, ...other.slice(common), responsibility].join('/');
}

function partsOf(path: string): readonly string[] {
  return path === '' ? [] : path.split('/');
}

/** The address of a block in the outermost satellite. */
export function fullAddress({ path, responsibility }: Pick<Place, 'path' | 'responsibility'>): string {
  return inside(path, responsibility);
}
