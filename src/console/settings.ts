const read = (name: string): string => document.querySelector<HTMLMetaElement>(`meta[name=realtime-${name}]`)!.content;

/** Settings that the server writes into the page. */
export const SETTINGS = {
  /** The path of the WebSocket. */
  path: read('path'),
  /** The route that returns the token of the application's session; empty without the option `consoleSession`. */
  session: read('session'),
  /** The option `tenants` is set. */
  hasTenants: read('tenants') === 'true',
} as const;
