import { basename, dirname } from 'node:path';
import type { Disk, Inode } from './forgetful-files.js';
import type { TracedCall } from './traced.js';

/** What a file descriptor stands for. */
interface Opened {
  readonly path: string;
  /** Undefined for a folder. */
  readonly inode: Inode | undefined;
  at: number;
}

/** The files of a folder as the system calls of a process have left them: what is on the disk for sure, and what may be. */
export class TracedDisk implements Disk {
  names: Disk['names'] = new Map();
  synced: Disk['synced'] = new Map();
  changes: Disk['changes'] = [];
  /** True once the name of the folder itself is on the disk. */
  isNamed = false;
  /** What the process has said on its standard output. */
  readonly said: string[] = [];
  readonly #folder: string;
  readonly #opened = new Map<number, Opened>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** True if it may have changed what is there, or what has been said. */
  apply({ name, args, result }: TracedCall): boolean {
    const [first, second] = args;
    switch (name) {
      case 'openat':
        return this.#open(String(second), String(args[2]), result);
      case 'close':
        this.#opened.delete(Number(first));
        return false;
      case 'rename':
        return this.#rename(String(first), String(second));
      case 'unlink':
        return this.#isInside(String(first)) && this.#change((names) => names.delete(basename(String(first))));
      case 'fsync':
      case 'fdatasync':
        return this.#sync(Number(first));
      case 'write':
        if (first === 1) this.said.push(String(second).trimEnd());
        return first === 1 || this.#write(Number(first), String(second), undefined, result);
      case 'writev':
        return this.#write(Number(first), args.slice(1, -1).join(''), undefined, result);
      case 'pwrite64':
        return this.#write(Number(first), String(second), Number(args.at(-1)), result);
      case 'pwritev':
        return this.#write(Number(first), args.slice(1, -2).join(''), Number(args.at(-1)), result);
      case 'mkdir':
        return false;
      default:
        throw new Error(`nobody has said what ${name} does`);
    }
  }

  #isInside(path: string): boolean {
    return dirname(path) === this.#folder;
  }

  #change(change: Disk['changes'][number]): boolean {
    change(this.names);
    this.changes.push(change);
    return true;
  }

  #open(path: string, flags: string, fd: number): boolean {
    const isFolder = path === this.#folder || path === dirname(this.#folder);
    if (!isFolder && !this.#isInside(path)) return false;
    const known = this.names.get(basename(path));
    const isNew = !isFolder && flags.includes('O_TRUNC');
    const inode = isNew ? { bytes: Buffer.alloc(0), synced: Buffer.alloc(0), isForgotten: false } : known;
    this.#opened.set(fd, { path, inode: isFolder ? undefined : inode, at: 0 });
    return isNew && inode !== undefined && this.#change((names) => names.set(basename(path), inode));
  }

  #rename(from: string, to: string): boolean {
    const inode = this.#isInside(from) ? this.names.get(basename(from)) : undefined;
    if (inode === undefined) return false;
    return this.#change((names) => {
      if (names.get(basename(from)) === inode) names.delete(basename(from));
      names.set(basename(to), inode);
    });
  }

  #sync(fd: number): boolean {
    const { path, inode } = this.#opened.get(fd) ?? {};
    if (inode) inode.synced = inode.bytes;
    else if (path === this.#folder) {
      this.synced = new Map(this.synced);
      for (const change of this.changes) change(this.synced);
      this.changes = [];
    } else if (path !== undefined) this.isNamed = true;
    return path !== undefined;
  }

  #write(fd: number, text: string, at: number | undefined, count: number): boolean {
    const opened = this.#opened.get(fd);
    if (opened?.inode === undefined) return false;
    const bytes = Buffer.from(text, 'latin1').subarray(0, count);
    const from = at ?? opened.at;
    const next = Buffer.alloc(Math.max(opened.inode.bytes.length, from + bytes.length));
    next.set(opened.inode.bytes);
    next.set(bytes, from);
    opened.inode.bytes = next;
    opened.at = from + bytes.length;
    return true;
  }
}
