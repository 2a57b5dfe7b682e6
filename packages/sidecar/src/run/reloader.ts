import { statSync } from 'node:fs';
import type { Logger } from '@sputnikjs/core';
import { refreshAllFiles } from '@sputnikjs/messaging/net';
import { askAgain, changesBetween, type Change } from '../folder/changes.js';
import type { ConfigurationInForce, KeyInForce } from '../folder/in-force.js';
import { reloadLines, type ChangedFile, type Reloaded } from '../folder/reloaded.js';
import type { SatelliteSettings } from '../folder/satellite-conf.js';
import { inside } from '../folder/address-book.js';
import { levelsOf } from '../folder/levels.js';
import type { SatelliteSetup, Setup } from '../folder/setup.js';
import { textOf } from '../text.js';

/** The step of the file system's clock, in milliseconds. */
const STEP_MS = 10;
const SATELLITE = 'sputnik';

/** A key of `sputnik.json` that is applied to a satellite in flight. */
export interface LiveKey {
  readonly path: string;
  /** The value in force. */
  readonly current: () => unknown;
  readonly apply: (settings: SatelliteSettings) => void;
}

/** The satellite to reload. */
export interface Reloadable {
  /** The setup that the satellite flies with. */
  readonly setup: Setup;
  readonly live: readonly LiveKey[];
  /** Called with the result of each reload. */
  readonly log: Logger | undefined;
}

/**
 * Reads the configuration of a satellite in flight again. Applies what can be applied, has changed files read, and reports what needs a
 * restart: everything else, and always the topology.
 */
export class Reloader {
  readonly #of: Reloadable;
  /** What has been applied, by path in `sputnik.json`. */
  readonly #applied = new Map<string, KeyInForce>();
  readonly #startedAt = Date.now();
  /** When files had last changed, as of the previous reload. */
  readonly #times = new Map<string, number>();
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<Reloaded> | undefined;

  constructor(of: Reloadable) {
    this.#of = of;
  }

  /** Reloads, after the reload under way has ended. Calls meanwhile share one reload. */
  reload(): Promise<Reloaded> {
    // guard: a flood of signals is two reloads
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      const reloading = this.#logged();
      this.#running = reloading;
      return reloading;
    });
    return this.#next;
  }

  /** The configurations in force, without secrets. */
  async configurations(): Promise<readonly ConfigurationInForce[]> {
    const all = await this.#of.setup.configurations();
    return all.map(({ name, keys }) => ({
      name,
      keys: name === SATELLITE ? keys.map((key) => this.#applied.get(key.path) ?? key) : keys,
    }));
  }

  /** Never rejects. */
  async #logged(): Promise<Reloaded> {
    const reloaded = await this.#reload().catch((error: unknown) => refusedFor([textOf(error)]));
    for (const { level, fields, text } of reloadLines(reloaded)) this.#of.log?.[level](fields, text);
    return reloaded;
  }

  async #reload(): Promise<Reloaded> {
    const { setup, live } = this.#of;
    const { value: after, problems } = await setup.again();
    // guard: what has problems is not applied
    if (after === undefined) return refusedFor(problems);
    const asked = await askAgain(setup, after);
    if (asked.length > 0) return refusedFor(asked);
    const refreshed = await refreshAllFiles();
    const unusable = refreshed.flatMap(({ unusable: error, paths }) =>
      error === undefined ? [] : [`${paths.join(', ')}: ${textOf(error)}`],
    );
    if (unusable.length > 0) return refusedFor(unusable);
    const files = await this.#changedFiles(refreshed.flatMap(({ paths }) => paths));
    const isLive = (block: string, key: string): boolean =>
      block === SATELLITE && live.some(({ path }) => path === key);
    const { changed, unchanged } = await changesBetween(setup, after, isLive);
    const applied = await this.#apply(after);
    return { problems: [], applied, files, restart: changed, unchanged: unchanged + live.length - applied.length };
  }

  async #apply(after: Setup): Promise<readonly Change[]> {
    const all = (await after.configurations()).find(({ name }) => name === SATELLITE);
    return this.#of.live.flatMap(({ path, current, apply }): readonly Change[] => {
      const was = current();
      apply(after.settings);
      const is = current();
      const found = all?.keys.find((one) => one.path === path);
      const key = found ?? { path, value: is, secret: false, source: 'default' };
      this.#applied.set(path, key);
      if (JSON.stringify(was) === JSON.stringify(is)) return [];
      return [{ block: SATELLITE, key: path, source: key.source, was, is }];
    });
  }

  /** The files named by keys that have changed since the start, or since the previous reload. */
  async #changedFiles(watched: readonly string[]): Promise<readonly ChangedFile[]> {
    const found: ChangedFile[] = [];
    const times = new Map<string, number>();
    // the token of the admin endpoints is read at each request
    const used = new Set([...watched, this.#of.setup.settings.admin?.tokenFile]);
    const { setup } = this.#of;
    const listed = levelsOf<SatelliteSetup>(setup).map(async ({ path, configuration }) =>
      [...(await configuration.listed())].map(([name, keys]) => [inside(path, name), keys] as const),
    );
    for (const [block, keys] of (await Promise.all(listed)).flat()) {
      for (const { shown, actual } of keys) {
        if (typeof actual !== 'string' || !/file$/i.test(shown.path) || !this.#hasChanged(actual, times)) continue;
        const state = used.has(actual) ? 'in use' : 'not read yet';
        found.push({ block, key: shown.path, path: actual, state });
      }
    }
    for (const [path, time] of times) this.#times.set(path, time);
    return found;
  }

  #hasChanged(path: string, times: Map<string, number>): boolean {
    const file = statSync(path, { throwIfNoEntry: false });
    if (file === undefined) return false;
    // the latter also says when another file has taken its place, however old that is
    const time = Math.max(file.mtimeMs, file.ctimeMs);
    times.set(path, time);
    return this.#times.has(path) ? this.#times.get(path) !== time : time > this.#startedAt - STEP_MS;
  }
}

function refusedFor(problems: readonly string[]): Reloaded {
  return { problems, applied: [], files: [], restart: [], unchanged: 0 };
}
