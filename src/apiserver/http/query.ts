// The query of a URL, as Go's url.ParseQuery reads it when nobody looks at its error.

const BROKEN = /;|%(?![0-9a-fA-F]{2})/;

/** Pairs with a semicolon or a broken escape are left out. */
export function parseQuery(text: string): URLSearchParams {
  if (!BROKEN.test(text)) return new URLSearchParams(text);
  const whole = text.split('&').filter((pair) => !BROKEN.test(pair));
  return new URLSearchParams(whole.join('&'));
}
