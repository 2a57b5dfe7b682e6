import type {
  AnyBlock,
  BlockCommunicator,
  BlockContext,
  BlockDefinition,
  BlockDescriptor,
  BlockFactory,
  Mail,
} from '@sputnikjs/core';

/** What is recorded of a watched block. */
export interface Watcher {
  /** One of its callbacks begins. */
  called(block: BlockDescriptor, callback: string, args: readonly unknown[]): void;
  /** It sends, posts or asks. */
  sends(block: BlockDescriptor, to: BlockDescriptor): void;
}

/** The callbacks, and which of their arguments is the context. */
const CALLBACKS: Readonly<Record<string, number>> = {
  init: 1,
  run: 1,
  finish: 1,
  onServerConnect: 1,
  onServerDisconnect: 0,
  onMsg: 2,
  onMsgs: 1,
  onLanding: 0,
};

/** The same block, which behaves the same; the watcher records what it does. */
export function watched<C>(factory: BlockFactory<C>, watcher: Watcher): BlockFactory<C> {
  const handles = new WeakMap<BlockCommunicator, BlockCommunicator>();

  /** The handle `on` another block, as it is given to `owner`. */
  function spied(on: BlockCommunicator, owner: BlockDescriptor): BlockCommunicator {
    const known = handles.get(on);
    if (known) return known;
    const tell = (): void => watcher.sends(owner, on.descriptor);
    const spy: BlockCommunicator = {
      descriptor: on.descriptor,
      communicator: (responsibility) => {
        const other = on.communicator(responsibility);
        return other && (spied(other as BlockCommunicator, owner) as typeof other);
      },
      send: (msg) => (tell(), on.send(msg)),
      post: (msg, options) => (tell(), on.post(msg, options)),
      ask: (msg, options) => (tell(), on.ask(msg, options)),
    };
    handles.set(on, spy);
    return spy;
  }

  function spiedMail(mail: Mail, owner: BlockDescriptor): Mail {
    return {
      msg: mail.msg,
      from: spied(mail.from, owner),
      get asker() {
        return mail.asker;
      },
      reply: (value) => mail.reply(value),
      fail: (error) => mail.fail(error),
    };
  }

  function spyOn(made: unknown): AnyBlock<C> {
    // What is no block is for the core to refuse.
    if (typeof made !== 'object' || made === null) return made as AnyBlock<C>;
    const block = made as Readonly<Record<PropertyKey, unknown>>;
    const get = (_: object, key: PropertyKey): unknown => {
      const value = block[key];
      if (typeof value !== 'function') return value;
      const at = CALLBACKS[String(key)];
      if (at === undefined) return value.bind(block) as unknown;
      return (...args: unknown[]): unknown => {
        const { descriptor } = args[at] as BlockContext;
        watcher.called(descriptor, String(key), args);
        if (key === 'run') args[0] = spied(args[0] as BlockCommunicator, descriptor);
        if (key === 'onMsg') args[1] = spied(args[1] as BlockCommunicator, descriptor);
        if (key === 'onMsgs') args[0] = (args[0] as readonly Mail[]).map((mail) => spiedMail(mail, descriptor));
        return value.apply(block, args) as unknown;
      };
    };
    // Not a copy: a block may be an instance of a class.
    return new Proxy({}, { get }) as AnyBlock<C>;
  }

  if (typeof factory === 'function') return () => spyOn(factory());
  const make: BlockDefinition<C>['make'] = (config, to, ctx) => {
    const wiring = Object.entries(to).map(
      ([need, handle]) => [need, spied(handle as BlockCommunicator, ctx.descriptor)] as const,
    );
    return spyOn(factory.make(config, Object.fromEntries(wiring), ctx));
  };
  return { ...factory, make };
}
