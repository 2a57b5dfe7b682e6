import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** PEM files of a certificate and its key. */
export interface Pair {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A folder that is gone when the test is over. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sputnik-http-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A certificate of 127.0.0.1 that vouches for itself, so that its file is that of its authority, too. */
export function certificate(folder: string, name: string): Pair {
  const [certFile, keyFile] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile];
  execFileSync('openssl', ['req', '-x509', '-days', '2', ...key, ...subject, '-out', certFile], { stdio: 'pipe' });
  return { certFile, keyFile };
}

/** What is in the files. */
export function contents({ certFile, keyFile }: Pair) {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
}
