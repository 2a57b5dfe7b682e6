import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { HTTP_GATEWAY_CONFIG, httpgateway } from '@sputnikjs/adapter-http';
import { certificate, temporaryFolder } from './certificates.js';
import { prepare } from './satellite.js';

const inspect = async (config: object) =>
  httpgateway.check?.(HTTP_GATEWAY_CONFIG.parse(config), () => assert.fail('it reads no other configuration'));

describe('the check of the gateway', () => {
  test('finds nothing wrong with what is right, and tells where it is going to listen', async (t) => {
    const folder = temporaryFolder(t);
    const pair = certificate(folder, 'one');
    writeFileSync(join(folder, 'token'), 'secret\n');
    const tokens = [{ name: 'a', file: join(folder, 'token'), targets: ['*'] }];
    assert.deepEqual(await inspect({}), {
      problems: [],
      listens: [{ protocol: 'tcp', host: '127.0.0.1', port: 8080 }],
    });
    assert.deepEqual(await inspect({ ...pair, caFile: pair.certFile, tokens, host: '::', port: 443 }), {
      problems: [],
      listens: [{ protocol: 'tcp', host: '::', port: 443 }],
    });
  });

  test('finds all files that are missing or of no use at once, each by its key, and what would fail the start', async (t) => {
    const folder = temporaryFolder(t);
    const [one, other] = [certificate(folder, 'one'), certificate(folder, 'other')];
    const file = (name: string, text?: string): string => {
      if (text !== undefined) writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const broken = file('ca', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    const token = (name: string, path: string) => ({ name, file: path, targets: ['*'] });
    const cases: [object, RegExp[]][] = [
      [
        {
          certFile: file('none'),
          keyFile: file('empty', ''),
          caFile: file('text', 'x'),
          tokens: [
            token('a', file('none')),
            token('b', file('bad', 'two words')),
            token('c', file('c', 'secret')),
            token('d', file('d', 'secret\n')),
          ],
        },
        [
          /caFile holds nothing in PEM/,
          /cannot read certFile: ENOENT/,
          /keyFile holds nothing in PEM/,
          /^tokens\[0\]\.file: cannot read .*"a": ENOENT/,
          /^tokens\[1\]\.file: .* has no token "b" that can be sent/,
          /^tokens\[3\]\.file: the tokens "c" and "d" are the same/,
        ],
      ],
      [{ ...one, keyFile: other.keyFile }, [/certFile.* mismatch/]],
      [{ ...one, certFile: one.keyFile }, [/certFile/]],
      [{ ...one, caFile: one.keyFile }, [/caFile holds no certificate/]],
      [{ ...one, caFile: broken }, [/caFile/]],
    ];
    for (const [config, expected] of cases) {
      const { problems = [] } = (await inspect(config)) ?? assert.fail();
      assert.equal(problems.length, expected.length, problems.join('\n'));
      for (const [index, pattern] of expected.entries()) assert.match(problems[index] ?? '', pattern);
      assert.doesNotMatch(problems.join('\n'), /secret|two words/);
      await assert.rejects(prepare(t, { config }), ({ cause }: Error) => {
        assert.ok(problems.some((problem) => (cause as Error).message.includes(problem)));
        return true;
      });
    }
  });
});
