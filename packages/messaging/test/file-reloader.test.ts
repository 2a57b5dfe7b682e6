import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileReloader, refreshAllFiles } from '@sputnikjs/messaging/net';

test('all files of the process that somebody needs are looked at, at once, and what cannot be used is told', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'sputnik-reload-'));
  t.after(() => rm(folder, { recursive: true }));
  /** A token that is never empty, and what became of it. */
  const watched = async (name: string, signal: AbortSignal) => {
    const path = join(folder, name);
    await writeFile(path, 'old');
    const seen = { token: 'old', unusable: 0, path };
    const reload = async (): Promise<void> => {
      const text = await readFile(path, 'utf8');
      if (text === '') throw new Error(`${name} is empty`);
      seen.token = text;
    };
    void new FileReloader([path, undefined], { reload, unusable: () => seen.unusable++, signal });
    return seen;
  };
  const [staying, leaving] = [new AbortController(), new AbortController()];
  const good = await watched('good', staying.signal);
  const bad = await watched('bad', staying.signal);
  const gone = await watched('gone', leaving.signal);
  leaving.abort();
  for (const { path } of [good, gone]) await writeFile(path, 'renewed');
  await writeFile(bad.path, '');
  const told = async (): Promise<unknown> =>
    (await refreshAllFiles()).map(({ paths, unusable }) => [...paths, unusable?.message]);
  assert.deepEqual(await told(), [
    [good.path, undefined],
    [bad.path, 'bad is empty'],
  ]);
  assert.deepEqual([good.token, bad.token, gone.token], ['renewed', 'old', 'old']);
  // nothing new: it is still so, and not told again
  assert.deepEqual(((await told()) as unknown[])[1], [bad.path, 'bad is empty']);
  assert.equal(bad.unusable, 1);
  await writeFile(bad.path, 'corrected');
  assert.deepEqual(((await told()) as unknown[])[1], [bad.path, undefined]);
  assert.equal(bad.token, 'corrected');
  staying.abort();
  assert.deepEqual(await told(), []);
});
