import { constants } from 'node:fs';
import { open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** A file that is written from its beginning to its end. */
export interface Output {
  /** Writes all of it, or rejects: then nobody knows how much was written. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when all that was written is on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The few things that a store does with the files of its folder. Tests put other files in their place, which lose what was not synced. */
export interface Files {
  names(): Promise<readonly string[]>;
  /**
   * Makes a file, or makes it empty. What is written is followed by up to `ahead` bytes of zeros, which the next write takes the place of: syncing
   * a file that does not grow is several times faster.
   */
  create(name: string, ahead: number): Promise<Output>;
  /** Bytes of a file. */
  size(name: string): Promise<number>;
  /** The bytes of a file from `from` on: up to `to`, or its end. */
  read(name: string, from: number, to?: number): Promise<Buffer>;
  /** Syncs a file that somebody else has written. */
  syncFile(name: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Resolves when all names of the folder are on the disk. */
  syncFolder(): Promise<void>;
}

/** What only its user can read. */
const MODE = 0o600;

/** The files of a folder. */
export function filesOf(folder: string): Files {
  const at = (name: string): string => join(folder, name);
  return {
    names: () => readdir(folder),
    async create(name, ahead) {
      const file = await open(at(name), 'w', MODE);
      const zeros = Buffer.alloc(ahead);
      let written = 0;
      let size = 0;
      return {
        async write(bytes) {
          const end = written + bytes.length;
          const isLarger = end > size;
          const all = isLarger ? [bytes, zeros] : [bytes];
          const { bytesWritten } = await file.writev(all, written);
          const wanted = bytes.length + (isLarger ? ahead : 0);
          if (bytesWritten < wanted) throw new Error(`only ${bytesWritten} of ${wanted} bytes could be written`);
          written = end;
          if (isLarger) size = end + ahead;
        },
        sync: () => file.datasync(),
        close: () => file.close(),
      };
    },
    size: async (name) => (await stat(at(name))).size,
    async read(name, from, to) {
      const file = await open(at(name), 'r');
      try {
        const end = Math.min(to ?? Infinity, (await file.stat()).size);
        const bytes = Buffer.allocUnsafe(Math.max(0, end - from));
        let filled = 0;
        while (filled < bytes.length) {
          const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, from + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return bytes.subarray(0, filled);
      } finally {
        await file.close();
      }
    },
    async syncFile(name) {
      const file = await open(at(name), 'r');
      try {
        await file.datasync();
      } finally {
        await file.close();
      }
    },
    rename: (from, to) => rename(at(from), at(to)),
    remove: (name) => unlink(at(name)),
    syncFolder: () => syncFolder(folder),
  };
}

/** Resolves when all names of a folder are on the disk. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
