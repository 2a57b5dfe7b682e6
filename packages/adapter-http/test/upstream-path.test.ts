import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, assert as assertProperty, constantFrom, property } from 'fast-check';
import { pathFault } from '../dist/upstream/path.js';

test('a path is what it says: nothing in it leads up, out, or to another host', () => {
  for (const path of [
    '/',
    '/a',
    '/a/',
    '/a/b?c=d/../e&f=//g',
    '/%C5%BC%C3%B3%C5%82w',
    '/a%20b',
    '/...',
    '/.a',
    '/a;b',
    '/%25',
  ])
    assert.equal(pathFault(path), undefined, path);
  const wrong: Readonly<Record<string, readonly string[]>> = {
    'begins with no slash': ['', 'a', '?a', 'http://other.test/', '*', '@other.test/', ':80/'],
    'has characters that a URL cannot have; percent-encode them': [
      '/a b',
      '/ż',
      '/a#b',
      '/a\\b',
      '/a\r\nHost: b',
      '/\0',
      '/\u007F',
    ],
    'has an empty segment': ['//other.test/', '/a//b', '//', '///'],
    'has percent signs that encode no text': ['/%', '/%zz', '/%ff', '/a%c0%ae', '/%c0%af'],
    'has an encoded slash, backslash or control character': [
      '/a%2fb',
      '/..%2F',
      '/%5c',
      '/%00',
      '/%0d%0a',
      '/%7f',
      '/%c2%85',
    ],
    'has a segment "." or ".."': [
      '/..',
      '/.',
      '/a/../b',
      '/a/..',
      '/./a',
      '/%2e%2E/a',
      '/.%2e',
      '/%252e%252e/',
      '/..;/a',
      '/a/.;x=1/b',
    ],
  };
  for (const [fault, paths] of Object.entries(wrong))
    for (const path of paths) assert.equal(pathFault(path), fault, path);
});

test('whatever is taken for a path stays below the URL, also where it is decoded twice', () => {
  const pieces = constantFrom(
    '/',
    '.',
    '..',
    '%2e',
    '%2E',
    '%252e',
    '%2f',
    '%5c',
    '\\',
    ';',
    '?',
    '#',
    '@',
    ':',
    'a',
    '%',
    '25',
    ' ',
    '\n',
  );
  assertProperty(
    property(array(pieces, { maxLength: 12 }), (parts) => {
      const path = `/${parts.join('')}`;
      if (pathFault(path) !== undefined) return;
      for (let text = path, times = 0; times < 3; times++) {
        const { origin, pathname } = new URL(`http://upstream.test:81/base${text}`);
        assert.equal(origin, 'http://upstream.test:81');
        assert.ok(pathname.startsWith('/base/'), pathname);
        try {
          text = decodeURIComponent(text);
        } catch {
          return;
        }
        // what is decoded once more than any upstream should is no path of ours any more
        if (times > 0 && !text.startsWith('/')) return;
      }
    }),
    { numRuns: 3_000 },
  );
});
