import { X509Certificate } from 'node:crypto';
import { createSecureContext, type Server } from 'node:tls';
import type { Logger } from '@sputnikjs/core';
import { FileReloader, readableByAll, readTls, tlsProblems } from '@sputnikjs/messaging/net';
import type { HttpGatewayConfig } from '../config.js';

/** PEM files: the certificate, its key, and the authorities that have to vouch for clients. */
export type CertificateConfig = Pick<HttpGatewayConfig, 'certFile' | 'keyFile' | 'caFile'>;

/** What is in the files. With authorities, who has no certificate of theirs cannot connect. */
export interface CertificateFiles {
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly ca?: Buffer;
}

/** The certificate of the gateway, read again when its files have changed; what cannot be used then leaves it as it was. */
export class Certificate {
  /** What was in the files at the start. */
  readonly files: CertificateFiles;
  readonly #reloader: FileReloader;
  #server: Server | undefined;

  /** Reads the files. Rejects with what is wrong with them. */
  static async read(config: CertificateConfig, log: Logger): Promise<Certificate> {
    const reloader = new FileReloader([config.certFile, config.keyFile, config.caFile], {
      reload: async () => {
        certificate.#server?.setSecureContext(await readFiles(config));
        log.info({ event: 'certificateRead' }, 'read the certificate again');
      },
      unusable: (error) => {
        const text =
          'the changed files of the certificate cannot be used, so the old certificate stays; correct the files';
        log.warn({ event: 'certificateUnusable', error }, text);
      },
    });
    const text = config.keyFile === undefined ? undefined : readableByAll(config.keyFile);
    if (text !== undefined) log.warn({ event: 'readableSecret', file: config.keyFile }, text);
    const certificate: Certificate = new Certificate(await readFiles(config), reloader);
    return certificate;
  }

  private constructor(files: CertificateFiles, reloader: FileReloader) {
    this.files = files;
    this.#reloader = reloader;
  }

  /** From now on the server shows what is read again. */
  showBy(server: Server): void {
    this.#server = server;
  }

  /** Undefined if the files are as they were; otherwise resolves when they have been read again. */
  look(): Promise<void> | undefined {
    return this.#reloader.look();
  }
}

/** What is wrong with the files, one line each. */
export async function certificateProblems(config: CertificateConfig): Promise<readonly string[]> {
  const problems = await tlsProblems(config);
  if (problems.length > 0) return problems;
  return readFiles(config).then(
    () => [],
    (error: Error) => [error.message],
  );
}

async function readFiles({ certFile, keyFile, caFile }: CertificateConfig): Promise<CertificateFiles> {
  const files = await readTls({ certFile, keyFile, caFile });
  try {
    createSecureContext(files);
    if (files.ca) checkAuthorities(files.ca);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    const advice = 'are they PEM, and certFile and keyFile a pair?';
    throw new Error(`TLS cannot be set up with certFile, keyFile and caFile: ${text}; ${advice}`, { cause });
  }
  return files;
}

const BEGIN = '-----BEGIN CERTIFICATE-----';

/** OpenSSL passes over what is no certificate, and then trusts nobody. */
function checkAuthorities(pem: Buffer): void {
  const [, ...all] = String(pem).split(BEGIN);
  if (all.length === 0) throw new Error('caFile holds no certificate');
  for (const one of all) void new X509Certificate(BEGIN + one);
}
