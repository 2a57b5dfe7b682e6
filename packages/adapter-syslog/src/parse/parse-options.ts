/** How to read what a message leaves open, or what daemons read in different ways. */
export interface ParseOptions {
  /** IANA name of the zone of time stamps that tell none (see `isTimeZone`); the process's own unless given. */
  readonly timeZone?: string | undefined;
  /** Whether what is not of RFC 5424, to the letter, is data. */
  readonly strict?: boolean | undefined;
  /** The priority of what has no PRI part, 0 to 191; unless given, such is data. */
  readonly defaultPri?: number | undefined;
  /**
   * What is a tag (RFC 3164) after time and host: the first word, as rsyslogd and syslog-ng have it (`word`, unless given), or only what
   * ends with a colon, or with a number in brackets (`colon`).
   */
  readonly tag?: 'word' | 'colon' | undefined;
  /** Whether a host name (RFC 3164) may have an `@` in it. */
  readonly atSignInHost?: boolean | undefined;
  /** Abbreviations of zones after a time stamp (RFC 3164), and how far ahead of UTC each is: `+02:00`. UTC and GMT are known. */
  readonly zones?: Readonly<Record<string, string>> | undefined;
}
