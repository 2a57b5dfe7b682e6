/** How to read what a message leaves open, or what syslog daemons read differently. */
export interface ParseOptions {
  /** Zone of time stamps without one: an IANA name (see `isTimeZone`). Default: the zone of the process. */
  readonly timeZone?: string | undefined;
  /** Accepts only RFC 5424, to the letter; everything else is data. */
  readonly strict?: boolean | undefined;
  /** Priority of messages without a PRI part, 0 to 191. Without this option, such messages are data. */
  readonly defaultPri?: number | undefined;
  /**
   * What counts as the tag (RFC 3164) after time and host: the first word, as in rsyslogd and syslog-ng (`word`, the default), or only a word
   * that ends with a colon or with a number in brackets (`colon`).
   */
  readonly tag?: 'word' | 'colon' | undefined;
  /** Allows an `@` in a host name (RFC 3164). */
  readonly atSignInHost?: boolean | undefined;
  /** Zone abbreviations after a time stamp (RFC 3164), and the offset of each from UTC, as `+02:00`. UTC and GMT are known. */
  readonly zones?: Readonly<Record<string, string>> | undefined;
}
