import { X509Certificate } from 'node:crypto';
import { createSecureContext, type Server } from 'node:tls';
import type { BlockContext } from '@sputnikjs/core';
import { FileReloader, readableByAll, readTls, tlsProblems } from '@sputnikjs/messaging/net';
import type { HttpGatewayConfig } from '../config.js';

/** PEM files: the certificate, its key, and the authorities that sign certificates of clients. */
export type CertificateConfig = Pick<HttpGatewayConfig, 'certFile' | 'keyFile' | 'caFile'>;

/** The contents of the files. With authorities, only clients with a certificate of theirs can connect. */
export interface CertificateFiles {
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly ca?: Buffer;
}

/** The certificate of the gateway. It is read again when its files have changed; if they are unusable, the previous one stays. */
export class Certificate {
  /** The contents of the files at the start. */
  readonly files: CertificateFiles;
  readonly #reloader: FileReloader;
  #server: Server | undefined;

  /** Reads the files. Rejects with what is wrong with them. */
  static async read(
    config: CertificateConfig,
    { log, signal }: Pick<BlockContext, 'log' | 'signal'>,
  ): Promise<Certificate> {
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
      signal,
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

  /** Makes `server` use each certificate that is read again. */
  showBy(server: Server): void {
    this.#server = server;
  }

  /** Returns undefined if no file has changed; otherwise a promise that resolves when they are read again. */
  refresh(): Promise<void> | undefined {
    return this.#reloader.refresh();
  }
}

/** Returns what is wrong with the files, a line for each. */
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
    const advice = 'are they PEM, and do certFile and keyFile belong together?';
    throw new Error(`TLS cannot be set up with certFile, keyFile and caFile: ${text}; ${advice}`, { cause });
  }
  return files;
}

const BEGIN = '-----BEGIN CERTIFICATE-----';

/** Throws if the file has no certificate: OpenSSL would ignore that, and trust nobody. */
function checkAuthorities(pem: Buffer): void {
  const [, ...all] = String(pem).split(BEGIN);
  if (all.length === 0) throw new Error('caFile holds no certificate');
  for (const one of all) void new X509Certificate(BEGIN + one);
}
