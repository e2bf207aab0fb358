/** Where a page is, as `globalThis.location` says. */
export interface PageLocation {
  readonly origin: string;
}

const WHOLE = /^wss?:\/\/[^/?#\s]+/i;

/**
 * The address to connect to: `http` becomes `ws`, `https` `wss`, a path is on the page's origin, a fragment is dropped.
 * @param location `undefined` outside of pages
 * @returns `null` for a path outside of a page
 * @throws TypeError that says what an address looks like
 */
export function socketUrl(
  given: string | { readonly href: string },
  location: PageLocation | undefined,
): string | null {
  const text = typeof given === 'string' ? given : given.href;
  const url = text
    .trim()
    .replace(/#.*$/s, '')
    .replace(/^https?/i, ({ length }) => (length > 4 ? 'wss' : 'ws'));
  if (WHOLE.test(url)) return url;
  if (!url.startsWith('/')) throw new TypeError(`url is "${text}": use ws://…, wss://…, https://… or a path`);
  if (location === undefined) return null;
  const page = location.origin.replace(/^http/i, 'ws');
  const whole = url.startsWith('//') ? page.replace(/\/\/.*$/, '') + url : page + url;
  // A page of file:, capacitor: or tauri: has no server of its own.
  if (!WHOLE.test(whole)) throw new TypeError(`url is "${url}", but this page is from ${location.origin}: use wss://…`);
  return whole;
}
