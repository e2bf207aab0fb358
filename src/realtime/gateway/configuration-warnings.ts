import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';

type Options = Pick<ResolvedRealtimeOptions, 'origins' | 'hosts' | 'trustedProxies'>;

/** Ranges that contain every address. If they are trusted, a client can choose the address that limits count. */
const EVERYTHING = /^(0\.0\.0\.0|::)\/0$/;

/** Returns a sentence for each option that is valid but protects less than an operator may expect. */
export function configurationWarnings({ origins, hosts, trustedProxies }: Options, isProduction: boolean): string[] {
  const warnings: string[] = [];
  if (isProduction && Array.isArray(origins) && origins.includes('self') && hosts.length === 0) {
    warnings.push(
      '`origins` contains self and `hosts` is empty: pages served from a host name are refused. Set `hosts` to the host names of this service, such as app.example.com',
    );
  }
  if (trustedProxies.some((range) => EVERYTHING.test(range))) {
    warnings.push(
      '`trustedProxies` contains every address: each client can choose the address that limits count. List only the proxies',
    );
  } else if (isProduction && trustedProxies.length === 0) {
    warnings.push(
      '`trustedProxies` is empty: clients behind a proxy share one limit of connections and handshakes. If there is a proxy, list it',
    );
  }
  return warnings;
}
