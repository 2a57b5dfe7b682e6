import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageFile } from '../dist/admin/page-files.js';

test('the files of the page have their types, and no other file is read', async () => {
  for (const [path, type] of [
    ['/', 'text/html; charset=utf-8'],
    ['/page/page.css', 'text/css; charset=utf-8'],
    ['/page/page.js', 'text/javascript; charset=utf-8'],
    ['/page/icon.svg', 'image/svg+xml'],
  ] as const)
    assert.equal((await pageFile(path))?.type, type, path);
  const others = ['page.css', '/page.css', '/page/', '/page/none.js', '/page/../package.json', '/page/index.html'];
  for (const path of [...others, `/page/${import.meta.url}`, '/page/file:///etc/passwd'])
    assert.equal(await pageFile(path), undefined, path);
});
