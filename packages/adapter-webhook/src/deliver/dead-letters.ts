import type { BlockCommunicator } from '@sputnikjs/core';
import type { ConsumedMessage, ProduceMessage, ProduceResult } from '@sputnikjs/messaging';
import { headerText } from '../event/text.js';

/** The headers of a dead letter. */
const [REASON, SOURCE, TIME] = ['Webhook-Reason', 'Webhook-Source', 'Webhook-Time'] as const;

/**
 * A message that was given up, as it goes to the target for such messages: with why, where it came from and when. Its id is not that of the
 * message: a server that has both in one place would take the dead letter for a repetition.
 */
export function deadLetterOf(
  { payload, contentType, headers, source }: ConsumedMessage,
  { target, webhookId, reason, time }: { target: string; webhookId: string; reason: string; time: Date },
): ProduceMessage {
  const about = {
    [REASON]: lineOf(reason).slice(0, 1_000),
    [SOURCE]: lineOf(source),
    [TIME]: time.toISOString(),
  };
  const id = `dead:${webhookId}`;
  return { target, payload, id, headers: { ...headers, ...about }, ...(contentType !== undefined && { contentType }) };
}

/** Resolves when the server has the dead letter. */
export async function bury(
  producer: BlockCommunicator<ProduceMessage, ProduceResult | void>,
  letter: ProduceMessage,
): Promise<void> {
  await producer.ask(letter, { timeoutMs: Infinity });
}

/** As every server takes it in a header, with its blanks. */
function lineOf(text: string): string {
  return text
    .split(' ')
    .map((word) => headerText(word))
    .join(' ');
}
