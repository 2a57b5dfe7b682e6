import type { AnyBlock, BlockContext } from '@sputnikjs/core';

/** What a recorded block does in its callbacks. Those left out do nothing. */
export type Acts<C = unknown> = Partial<AnyBlock<C>>;

/**
 * A factory of blocks in the original's form that note in a log when each callback is called, as "a.run",
 * "a.finish(false)", "a.onMsg 1", and then do what `acts` says. The optional callbacks are there where `acts` has them.
 */
export function recorder<C = unknown>(log: string[], acts: Acts<C> = {}): () => AnyBlock<C> {
  const note = ({ descriptor }: BlockContext, text: string): void =>
    void log.push(`${descriptor.responsibility}.${text}`);
  return () => ({
    init(config, ctx) {
      note(ctx, 'init');
      return acts.init?.(config, ctx);
    },
    run(self, ctx) {
      note(ctx, 'run');
      return acts.run?.(self, ctx);
    },
    finish(init, ctx) {
      note(ctx, `finish(${init})`);
      return acts.finish?.(init, ctx);
    },
    onLanding(ctx) {
      note(ctx, 'onLanding');
      return acts.onLanding?.(ctx);
    },
    onServerConnect:
      acts.onServerConnect &&
      ((connection, ctx) => {
        note(ctx, `onServerConnect ${String(connection)}`);
        return acts.onServerConnect?.(connection, ctx);
      }),
    onServerDisconnect:
      acts.onServerDisconnect &&
      ((ctx) => {
        note(ctx, 'onServerDisconnect');
        return acts.onServerDisconnect?.(ctx);
      }),
    onMsg:
      acts.onMsg &&
      ((msg: { readonly n?: unknown }, from, ctx, asker) => {
        note(ctx, `onMsg ${String(msg.n)}`);
        return acts.onMsg?.(msg, from, ctx, asker) as unknown;
      }),
    ...(acts.onMsgs && {
      onMsgs: (mails, ctx) => {
        note(ctx, `onMsgs ${mails.map(({ msg }) => String((msg as { readonly n?: unknown }).n)).join(' ')}`);
        return acts.onMsgs?.(mails, ctx);
      },
    }),
    ...(acts.onError && { onError: acts.onError }),
    mailbox: acts.mailbox,
    transit: acts.transit,
    initMs: acts.initMs,
    ...(acts.metrics && { metrics: acts.metrics }),
  });
}
