/** Location of a page, as in `globalThis.location`. */
export interface PageLocation {
  readonly origin: string;
}

const ADDRESS = /^wss?:\/\/[^/?#\s]+/i;

/**
 * Returns the address to connect to: `http` becomes `ws`, `https` becomes `wss`, a path is relative to the page's
 * origin, and a fragment is dropped.
 * @param location `undefined` outside of pages
 * @returns `null` for a path outside of a page
 * @throws TypeError with the valid forms of an address
 */
export function socketUrl(
  given: string | { readonly href: string },
  location: PageLocation | undefined,
): string | null {
  const text: unknown = (given as { href?: unknown }).href ?? given;
  const address = String(text).trim().split('#')[0]!;
  let whole = address;
  let where = '';
  if (address.startsWith('/')) {
    if (!location) return null;
    const { origin } = location;
    whole = (address.startsWith('//') ? origin.split('/')[0] : origin) + address;
    // A page of file:, capacitor: or tauri: has no server.
    where = ` and this page is from ${origin}`;
  }
  whole = whole.replace(/^\w+/, (scheme) => scheme.toLowerCase().replace('http', 'ws'));
  // Otherwise the WebSocket would throw at each attempt. React Native has no `canParse`.
  const { URL } = globalThis as { readonly URL?: { canParse?: (url: string) => boolean } };
  if (ADDRESS.test(whole) && (URL?.canParse?.(whole) ?? true)) return whole;
  throw new TypeError(`url is "${address}"${where}: use wss:// or, in a page, a path`);
}
