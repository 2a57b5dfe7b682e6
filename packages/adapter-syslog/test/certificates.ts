import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** PEM files of a certificate and its key. */
export interface Pair {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A folder that is gone when the test, or the file, is over. */
export function temporaryFolder(scope: { after(cleanup: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'sputnik-syslog-'));
  scope.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}

/** An authority that others can be vouched for by. */
export function authority(folder: string, name: string): Pair {
  const [certFile, keyFile] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  openssl('req', '-x509', '-days', '2', ...CURVE, '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', certFile);
  return { certFile, keyFile };
}

/** The key, encrypted with a passphrase, in a file beside it. */
export function encrypted(keyFile: string, passphrase: string, ...format: readonly string[]): string {
  const path = `${keyFile}.encrypted`;
  openssl(
    ...(format.length > 0 ? format : ['pkey']),
    '-in',
    keyFile,
    '-aes256',
    '-passout',
    `pass:${passphrase}`,
    '-out',
    path,
  );
  return path;
}

/** A certificate of 127.0.0.1 and localhost that `by` vouches for, for so many days; it goes for servers and clients. */
export function certificate(folder: string, name: string, by: Pair, subject = `/CN=${name}`, days = 2): Pair {
  const [certFile, keyFile, request] = ['pem', 'key', 'csr'].map((end) => join(folder, `${name}.${end}`)) as [
    string,
    string,
    string,
  ];
  const names = ['-subj', subject, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  openssl('req', ...CURVE, ...names, '-keyout', keyFile, '-out', request);
  const signed = ['-CA', by.certFile, '-CAkey', by.keyFile, '-CAcreateserial', '-copy_extensions', 'copy'];
  openssl('x509', '-req', '-days', `${days}`, '-in', request, ...signed, '-out', certFile);
  return { certFile, keyFile };
}
