/** A text as any HTTP header takes it: what is no visible ASCII character is written as in a URL, UTF-8 in percent. */
export function headerText(text: string): string {
  return wellFormed(text).replaceAll(/[^!-~]/gu, encodeURIComponent);
}

/** A text without half characters (lone surrogates), which have no bytes in UTF-8. */
export function wellFormed(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, '\uFFFD');
}
