import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { ConfFactory, Inspection } from '@sputnikjs/core';
import { tlsProblems } from '@sputnikjs/messaging/net';
import type { ListenerConfig } from './receive/listener-config.js';
import type { ReceiverConfig } from './receive/receiver-config.js';
import { ROUTES, ROUTES_IF_ANY, type Route } from './route/routing.js';
import { readListenerTls } from './receive/tls-files.js';

/** Finds what is wrong with the files of TLS listeners, and lists where the receiver will listen. */
export async function checkReceiver({ listeners }: ReceiverConfig): Promise<Inspection> {
  const problems = await Promise.all(listeners.map(listenerProblems));
  const listens = listeners.flatMap(({ transport, host, port }) =>
    transport === 'unix' ? [] : { protocol: transport === 'udp' ? ('udp' as const) : ('tcp' as const), host, port },
  );
  return { problems: problems.flat(), listens };
}

async function listenerProblems(config: ListenerConfig, index: number): Promise<readonly string[]> {
  if (config.transport !== 'tls') return [];
  const problems = [
    ...(await tlsProblems({ certFile: config.certFile, keyFile: config.keyFile, caFile: config.caFile })),
  ];
  if (problems.length === 0) {
    const unusable = await readListenerTls(config).then(
      () => [],
      (error: Error) => [error.message],
    );
    problems.push(...unusable);
  }
  return problems.map((problem) => `listeners[${index}]: ${problem}`);
}

/** Reads the routes of `syslogproducer` at its init: from the configuration that it names, or from the default one, which may be missing. */
export function readRoutes(read: ConfFactory, confName: string | undefined): Promise<readonly Route[]> {
  return read(confName ?? 'syslogconf', confName === undefined ? ROUTES_IF_ANY : ROUTES);
}

/** Checks that the file of `syslogwriter` can be written or created. */
export async function checkWriter({ path }: { readonly path: string }): Promise<Inspection> {
  const problem = await pathProblem(resolve(path));
  return problem === undefined ? {} : { problems: [`path: "${path}" cannot be written: ${problem}`] };
}

async function pathProblem(path: string): Promise<string | undefined> {
  try {
    if ((await stat(path)).isDirectory()) return 'it is a folder';
    await access(path, constants.W_OK);
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? folderProblem(dirname(path)) : message;
  }
}

/** Missing folders will be created, so the nearest existing one must allow that. */
async function folderProblem(folder: string): Promise<string | undefined> {
  try {
    if (!(await stat(folder)).isDirectory()) return `${folder} is not a folder`;
    await access(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' && dirname(folder) !== folder ? folderProblem(dirname(folder)) : message;
  }
}
