import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { fileText, readTls } from '@sputnikjs/messaging/net';
import type { ListenerConfig } from './listener-config.js';

/** The paths of the files of a TLS listener. */
export type TlsFiles = Pick<ListenerConfig, 'certFile' | 'keyFile' | 'passphraseFile' | 'caFile'>;

/**
 * Reads the files of a TLS listener, each time anew. Rejects with an error that names the file that it cannot read or use, and says what to do.
 */
export async function readListenerTls({
  certFile,
  keyFile,
  caFile,
  passphraseFile,
}: TlsFiles): Promise<SecureContextOptions> {
  const files = await readTls({ certFile, keyFile, caFile });
  const options = {
    ...files,
    ...(passphraseFile !== undefined && { passphrase: readPassphrase(passphraseFile) }),
  };
  const isEncrypted = /^(?:-----BEGIN ENCRYPTED |Proc-Type: 4,ENCRYPTED)/m.test(files.key?.toString('latin1') ?? '');
  if (isEncrypted && passphraseFile === undefined)
    throw new Error(`keyFile is encrypted: name a file that holds its passphrase as "passphraseFile" (${keyFile})`);
  try {
    createSecureContext(options);
  } catch (cause) {
    const { reason, message } = cause as Error & { readonly reason?: string };
    const why = isEncrypted && reason === 'bad decrypt' ? 'the passphrase does not fit the key' : (reason ?? message);
    const names = passphraseFile === undefined ? 'keyFile or caFile' : 'keyFile, passphraseFile or caFile';
    throw new Error(`cannot use certFile, ${names}: ${why}`, { cause });
  }
  return options;
}

function readPassphrase(path: string): string {
  const text = fileText(path, 'cannot read passphraseFile');
  const [passphrase = ''] = text.split(/\r?\n/, 1);
  if (passphrase === '') throw new Error(`passphraseFile holds no passphrase in its first line: ${path}`);
  return passphrase;
}
