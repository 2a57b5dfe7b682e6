import type { Files, Output } from '../dist/store/files.js';

/** A file, whatever names it has. */
export interface Inode {
  bytes: Buffer;
  /** As it was when it was synced. */
  synced: Buffer;
  /** True once a sync has failed: the system has forgotten what was to be written, and says so only once. */
  isForgotten: boolean;
}

type Names = Map<string, Inode>;
type Change = (names: Names) => void;

/** Files, with what is on the disk of them for sure. */
export interface Disk {
  readonly names: Names;
  readonly synced: Names;
  /** Of names, since they were synced. */
  readonly changes: Change[];
}

/** Something that is done with files, which may fail or be the last. */
export type Call = 'write' | 'sync' | 'cut' | 'syncFolder' | 'create' | 'rename' | 'remove';

/** How files misbehave. */
export interface Misbehaviour {
  /** With this call the process ends, in the midst of it. Default: never. */
  readonly diesAt?: number | undefined;
  /** The error of a call; undefined if it succeeds. */
  readonly fails?: ((call: Call, name: string) => Error | undefined) | undefined;
}

/** Pages are written in any order, or not at all. */
const PAGE = 512;

/** Files in memory that lose at a power cut what was not synced: any part of it, of names as of bytes. */
export class ForgetfulFiles implements Files {
  /** How many calls there were. */
  calls = 0;
  /** Resolves when the process has ended. */
  readonly dead: Promise<'dead'>;
  isDead = false;
  readonly #random: () => number;
  readonly #misbehaviour: Misbehaviour;
  readonly #names: Names;
  readonly #syncedNames: Names;
  /** Of names, since they were synced. */
  #changes: Change[];
  #die!: (how: 'dead') => void;

  constructor(random: () => number, misbehaviour: Misbehaviour = {}, disk: Disk = EMPTY()) {
    this.#random = random;
    this.#misbehaviour = misbehaviour;
    this.#names = disk.names;
    this.#syncedNames = disk.synced;
    this.#changes = [...disk.changes];
    this.dead = new Promise((resolve) => (this.#die = resolve));
  }

  /** The process ends: nothing that is under way ends. */
  end(): void {
    this.isDead = true;
    this.#die('dead');
  }

  /** What the next process finds when this one was killed: all of it, though not all is on the disk. */
  killed(misbehaviour: Misbehaviour = {}): ForgetfulFiles {
    const names = new Map(this.#names);
    return new ForgetfulFiles(this.#random, misbehaviour, {
      names,
      synced: new Map(this.#syncedNames),
      changes: [...this.#changes],
    });
  }

  /** What the next process finds after a power cut. */
  cut(misbehaviour: Misbehaviour = {}): ForgetfulFiles {
    const names = new Map(this.#syncedNames);
    const share = this.#pick([0, 0.5, 0.9, 1]);
    for (const change of this.#changes) if (this.#random() < share) change(names);
    const left = new Map<Inode, Inode>();
    for (const inode of names.values()) left.set(inode, this.#whatIsLeftOf(inode));
    const now: Names = new Map([...names].map(([name, inode]) => [name, left.get(inode) ?? inode]));
    return new ForgetfulFiles(this.#random, misbehaviour, { names: now, synced: new Map(now), changes: [] });
  }

  /** Changes a byte of a file. */
  damage(name: string, at: number): void {
    const inode = this.#inode(name);
    inode.bytes = Buffer.from(inode.bytes);
    inode.bytes[at] = ~(inode.bytes[at] ?? 0) & 0xff;
  }

  async names(): Promise<readonly string[]> {
    await this.#pause();
    return [...this.#names.keys()];
  }

  async create(name: string, ahead: number): Promise<Output> {
    const inode: Inode = { bytes: Buffer.alloc(0), synced: Buffer.alloc(0), isForgotten: false };
    await this.#call('create', name, () => this.#change((names) => names.set(name, inode)));
    let written = 0;
    const write = (bytes: Uint8Array): void => {
      const end = written + bytes.length;
      const size = end > inode.bytes.length ? end + ahead : inode.bytes.length;
      const next = Buffer.alloc(size);
      next.set(inode.bytes);
      next.set(bytes, written);
      inode.bytes = next;
      written = end;
    };
    return {
      write: (bytes) =>
        this.#call(
          'write',
          name,
          () => write(bytes),
          () => write(bytes.subarray(0, this.#random() * bytes.length)),
        ),
      sync: () =>
        this.#call(
          'sync',
          name,
          () => sync(inode),
          () => void (inode.isForgotten = true),
        ),
      cut: (size) =>
        this.#call(
          'cut',
          name,
          () => cut(inode, size),
          () => void (inode.bytes = inode.bytes.subarray(0, size)),
        ),
      close: () => this.#pause(),
    };
  }

  async read(name: string, from: number, to?: number): Promise<Buffer> {
    await this.#pause();
    return Buffer.from(this.#inode(name).bytes.subarray(from, to));
  }

  async size(name: string): Promise<number> {
    await this.#pause();
    return this.#inode(name).bytes.length;
  }

  syncFile(name: string): Promise<void> {
    return this.#call('sync', name, () => sync(this.#inode(name)));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call('rename', from, () => {
      const inode = this.#inode(from);
      this.#change((names) => {
        if (names.get(from) === inode) names.delete(from);
        names.set(to, inode);
      });
    });
  }

  remove(name: string): Promise<void> {
    return this.#call('remove', name, () => this.#change((names) => names.delete(name)));
  }

  syncFolder(): Promise<void> {
    return this.#call('syncFolder', '', () => {
      for (const change of this.#changes) change(this.#syncedNames);
      this.#changes = [];
    });
  }

  #inode(name: string): Inode {
    const inode = this.#names.get(name);
    if (inode === undefined) throw Object.assign(new Error(`ENOENT: ${name}`), { code: 'ENOENT' });
    return inode;
  }

  #change(change: Change): void {
    change(this.#names);
    this.#changes.push(change);
  }

  /** Others go on meanwhile. */
  async #pause(): Promise<void> {
    for (let i = this.#random() * 4; i > 0; i--) await Promise.resolve();
    if (this.isDead) await new Promise(() => {});
  }

  /** Counts the call and does it; if it fails, or is the last, what `half` does of it. */
  async #call(call: Call, name: string, whole: () => void, half: () => void = () => {}): Promise<void> {
    await this.#pause();
    if (this.isDead) await new Promise(() => {});
    const count = ++this.calls;
    if (count === this.#misbehaviour.diesAt) {
      if (call === 'write') half();
      this.end();
      await new Promise(() => {});
    }
    const error = this.#misbehaviour.fails?.(call, name);
    if (error === undefined) return whole();
    half();
    throw error;
  }

  #pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.#random() * values.length)] as T;
  }

  /** What was synced, and of what was written since nothing, all, a beginning, or any pages. */
  #whatIsLeftOf({ bytes, synced }: Inode): Inode {
    const how = this.#pick(['nothing', 'all', 'beginning', 'pages']);
    const until = how === 'all' ? bytes.length : how === 'beginning' ? Math.floor(this.#random() * bytes.length) : 0;
    const size = Math.max(synced.length, how === 'pages' ? bytes.length : until);
    const left = Buffer.alloc(size);
    left.set(synced);
    left.set(bytes.subarray(0, until));
    if (how === 'pages')
      for (let page = 0; page < size; page += PAGE)
        if (this.#random() < 0.5) left.set(bytes.subarray(page, page + PAGE), page);
    return { bytes: left, synced: left, isForgotten: false };
  }
}

const EMPTY = (): Disk => ({
  names: new Map(),
  synced: new Map(),
  changes: [],
});

function sync(inode: Inode): void {
  if (!inode.isForgotten) inode.synced = inode.bytes;
}

function cut(inode: Inode, size: number): void {
  inode.bytes = inode.bytes.subarray(0, size);
  sync(inode);
}
