import { constants } from 'node:fs';
import { open, readdir, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** A file that is written from its beginning to its end. */
export interface Output {
  /** Writes all of it, or rejects: then nobody knows how much was written. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when all that was written is on the disk. Rejects if somebody has removed the file. */
  sync(): Promise<void>;
  /** Leaves the file as long as that: what is behind it is gone. Takes no room. */
  cut(bytes: number): Promise<void>;
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
  /** Does nothing if there is no such file. */
  remove(name: string): Promise<void>;
  /** Resolves when all names of the folder are on the disk. */
  syncFolder(): Promise<void>;
}

/** What only its user can read. */
const MODE = 0o600;

/** More than any file of a spool has. */
const MOST_MIB = 512;

/** Opens a file of a spool. Rejects, and says what to do, for what is none: a link, a pipe, a folder. */
async function openOwn(path: string, flags: number): Promise<FileHandle> {
  const problem = (cause?: unknown): Error =>
    new Error(`${path} is no file, but a link, a pipe or a folder. Move it away`, { cause });
  // guard: D14 nothing outside the folder is read or written, and no pipe is waited for
  const safely = flags | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, safely, MODE).catch((error: NodeJS.ErrnoException) => {
    throw ['ELOOP', 'ENXIO', 'EISDIR'].includes(error.code ?? '') ? problem(error) : error;
  });
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw problem();
}

/** The files of a folder. */
export function filesOf(folder: string): Files {
  const at = (name: string): string => join(folder, name);
  return {
    names: () => readdir(folder),
    async create(name, ahead) {
      const file = await openOwn(at(name), constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
      const zeros = Buffer.alloc(ahead);
      let written = 0;
      let size = 0;
      return {
        async write(bytes) {
          const end = written + bytes.length;
          const room = end > size ? ahead : 0;
          // an empty buffer would cost a system call that writes nothing
          const all = room > 0 ? [bytes, zeros] : [bytes];
          const { bytesWritten } = await file.writev(all, written);
          // a full disk takes a part; with the rest it says why
          for (let done = bytesWritten; done < bytes.length + room;)
            done += (await file.write(Buffer.concat(all), done, null, written + done)).bytesWritten;
          written = end;
          size = Math.max(size, end + room);
        },
        async sync() {
          const [{ nlink }] = await Promise.all([file.stat(), file.datasync()]);
          // guard: D1 what was written to a file that is removed is gone with this process
          if (nlink === 0) throw new Error('somebody has removed the file that the spool was writing');
        },
        async cut(bytes) {
          await file.truncate(bytes);
          await file.datasync();
        },
        close: () => file.close(),
      };
    },
    size: async (name) => (await stat(at(name))).size,
    async read(name, from, to) {
      const file = await openOwn(at(name), constants.O_RDONLY);
      try {
        const end = Math.min(to ?? Infinity, (await file.stat()).size);
        // guard: D14 a file of any size does not fill the memory
        if (end - from > MOST_MIB * 1024 * 1024)
          throw new Error(`${at(name)} has ${end} bytes, more than a spool writes to a file. Move it away`);
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
      const file = await openOwn(at(name), constants.O_RDONLY);
      try {
        await file.datasync();
      } finally {
        await file.close();
      }
    },
    rename: (from, to) => rename(at(from), at(to)),
    remove: (name) => unlessGone(unlink(at(name))),
    syncFolder: () => syncFolder(folder),
  };
}

/** Resolves also if there is no such file: somebody may have removed it. */
export async function unlessGone(work: Promise<void>): Promise<void> {
  await work.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
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
