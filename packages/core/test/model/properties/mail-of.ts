import { Mail } from '../mailboxes.js';
import type { Story } from '../story.js';

const mails = new WeakMap<Story, Mail>();

/** The mail of a story, gone through once. */
export function mailOf(story: Story): Mail {
  let mail = mails.get(story);
  if (!mail) mails.set(story, (mail = new Mail(story)));
  return mail;
}
