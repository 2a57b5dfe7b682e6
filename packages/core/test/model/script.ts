import { finishMsg, type BlockCommunicator, type BlockContext } from '@sputnikjs/core';
import type { Script, Step } from './plan.js';
import { write, type Post } from './write.js';

/** Where a script is played. */
export interface Scene extends Post {
  readonly ctx: BlockContext;
  /** A handle on another block, as far as this one has any yet. */
  reach(responsibility: string): BlockCommunicator | undefined;
  /** Who sent the message at hand. */
  readonly sender: BlockCommunicator | undefined;
  /** Of the application blocks. */
  readonly addresses: readonly string[];
  readonly shootDown: () => Promise<unknown> | undefined;
  /** Gives work to `waitUntil`. */
  workOn(script: Script): void;
  /** Gives a message of the batch at hand its outcome, if there is a batch. */
  settle(nth: number, how: 'reply' | 'fail' | 'pretend' | 'giveUp'): void;
}

/** Plays a script from a step on. Returns a promise from the first step on that takes time. */
export function play(script: Script, scene: Scene, from = 0): void | Promise<void> {
  for (let at = from; at < script.length; at++) {
    const time = take(script[at] as Step, scene);
    if (time) return time.then(() => play(script, scene, at + 1));
  }
}

let errors = 0;

/** An error like no other. */
export function makeError(): Error {
  return new Error(`error ${++errors}`);
}

/** One that says that something aborted, though nothing did. */
export function makePretence(): Error {
  return Object.assign(new Error(`pretence ${++errors}`), { name: 'AbortError' });
}

/** The address of a block outside the satellite. */
export const OUTSIDE = 'outside';

function take(step: Step, scene: Scene): Promise<unknown> | undefined {
  const { ctx, world, trace } = scene;
  switch (step.do) {
    case 'wait':
      return world.asUser(() => ctx.clock.sleep(step.ms));
    case 'throw':
      throw makeError();
    case 'reject':
      return Promise.reject(makeError());
    case 'pretend':
      return Promise.reject(makePretence());
    case 'settle':
      scene.settle(step.nth, step.how);
      return undefined;
    case 'outside': {
      // A plain block reaches nobody before its run.
      if (!scene.reach('initiator')) return undefined;
      const handle = scene.reach(OUTSIDE);
      const sent = handle?.send({}) ?? false;
      trace.note({ what: 'outside', block: ctx.descriptor.responsibility, found: handle !== undefined, sent });
      return undefined;
    }
    case 'hang':
      // One of its own: what waits for a common one would stay with that for ever.
      return new Promise(() => {});
    case 'giveUp':
      return giveUp(ctx[step.when], step.how === 'throw');
    case 'land':
      trace.note({ what: 'land', block: ctx.descriptor.responsibility, reason: step });
      ctx.land(step);
      return undefined;
    case 'shootDown': {
      const landed = scene.shootDown();
      return step.care === 'await' ? landed : undefined;
    }
    case 'waitUntil':
      scene.workOn(step.script);
      return undefined;
    case 'finishMsg': {
      const initiator = scene.reach('initiator');
      if (initiator) trace.note({ what: 'land', block: ctx.descriptor.responsibility, reason: undefined });
      initiator?.send(finishMsg());
      return undefined;
    }
    case 'forge':
      return forge(step.kind, scene.reach(step.to), scene);
    case 'write': {
      const handle = step.to === 'sender' ? scene.sender : scene.reach(round(scene.addresses, step.to));
      return handle && write(handle, step, scene);
    }
    case 'flood': {
      const handle = scene.reach(round(scene.addresses, step.to));
      if (!handle) return undefined;
      const one = {
        ...step,
        do: 'write',
        care: 'await',
        patience: 'endless',
        timeoutMs: undefined,
        empty: false,
      } as const;
      const send = async (): Promise<void> => {
        for (let i = 0; i < step.each; i++) await write(handle, one, scene);
      };
      return Promise.all(Array.from({ length: step.senders }, send));
    }
  }
}

function round(addresses: readonly string[], place: number): string {
  return addresses[place % addresses.length] ?? '';
}

/** Waits for a signal, then ends, as obedient work does. */
function giveUp(signal: AbortSignal, fails: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const obey = (): void => (fails ? reject(signal.reason as Error) : resolve());
    if (signal.aborted) obey();
    else signal.addEventListener('abort', obey, { once: true });
  });
}

/** Messages of the original's house-keeping, which mean nothing here (M7). */
const FORGERIES: readonly object[] = [
  { ...finishMsg() },
  { __name: 'finish' },
  { __name: 'finished' },
  { __name: 'serverConnected', connection: 99 },
  { __name: 'serverDisconnected' },
];

function forge(kind: number, handle: BlockCommunicator | undefined, scene: Scene): Promise<unknown> | undefined {
  const message = FORGERIES[kind % FORGERIES.length] ?? {};
  return handle && write(handle, { kind: kind % 2 ? 'send' : 'ask', care: 'ignore', message }, scene);
}
