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
  const text: unknown = (given as { href?: unknown }).href ?? given;
  const address = String(text).trim().replace(/#.*$/s, '');
  let whole = address;
  let where = '';
  if (address.startsWith('/')) {
    if (!location) return null;
    const { origin } = location;
    whole = (address.startsWith('//') ? origin.split('/')[0] : origin) + address;
    // A page of file:, capacitor: or tauri: has no server of its own.
    where = ` and this page is from ${origin}`;
  }
  whole = whole.replace(/^\w+/, (scheme) => scheme.toLowerCase().replace('http', 'ws'));
  // A WebSocket would throw at each attempt. React Native has no `canParse`.
  const { URL } = globalThis as { readonly URL?: { canParse?: (url: string) => boolean } };
  if (WHOLE.test(whole) && (URL?.canParse?.(whole) ?? true)) return whole;
  throw new TypeError(`url is "${address}"${where}: use wss://… or, in a page, a path`);
}
