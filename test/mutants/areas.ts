import { dirname } from 'node:path';

/**
 * Specs in `test` that belong to a folder of the sources: regular expressions of their paths. Without an entry it is the folder
 * of the same name.
 */
export const AREAS: Readonly<Record<string, RegExp>> = {
  'src/client': /^client\//,
  'src/platform': /^platform\//,
  'src/testing': /^(integrations|docs\/testing)/,
  'src/realtime/auth': /^(realtime\/(bad-tokens|in-band|jwks|tickets|slow-id|undecided|limited-ac)|control\/revoc)/,
  'src/realtime/backends': /^(broker|backends|presence|control|instances)\/|^realtime\/(history|after-crashes)/,
  'src/realtime/channels':
    /^tenants\/|^realtime\/(channels|own-ch|field|limited-ac|schemas|typed|asyncapi|event-data|except|foreign|feature)/,
  'src/realtime/cluster': /^(cluster|control|instances|operators)\/|^realtime\/(server-subscriptions|stats|undecided)/,
  'src/realtime/connections':
    /^realtime\/(frames|bad-fr|heartbeat|pieces|slow-re|compress|robust|limits|order|drain|own-mess|serialised|other-tr)/,
  'src/realtime/delivery':
    /^(live-resources|streams)\/|^realtime\/(history|resume|except|field|order|events|serialised|after-crashes)/,
  'src/realtime/gateway':
    /^(host|presence)\/|^realtime\/(connect|handshake|origins|in-band|gateway|coexist|subscribe|bad-fr|frames|request-b|limits|drain)/,
  'src/realtime/hooks': /^hooks\/|^realtime\/gateway-hooks/,
  'src/realtime/http':
    /^(operators|host)\/|^realtime\/(publish|direct|host-http|without-http|stats|asyncapi)|^commands\/over-http|^sse\/refusals/,
  'src/realtime/live': /^live-resources\//,
  'src/realtime/monitoring': /^observability\/|^tenants\/metrics/,
  'src/realtime/nest': /^host\/|^realtime\/(feature|coexist)/,
  'src/realtime/observability': /^observability\/|^commands\/(observed|traces)/,
  'src/realtime/occupancy': /^(hooks|tenants)\//,
  'src/realtime/options': /^realtime\/options|^docs\/options|^platform\/env/,
  'src/realtime/publishing':
    /^(outbox|transactions|integrations)\/|^realtime\/(publisher|emit|event|direct|own-mess|typed|order|foreign)|^tenants\/outbox/,
  'src/realtime/sse': /^sse\/|^client\/sse/,
  'src/realtime/tenants': /^(tenants|operators\/of-ten)/,
  'src/realtime/timing': /^realtime\/(heartbeat|drain)/,
};

/** Folder whose specs run: `src/client`, or `src/realtime/auth`; `src/realtime` for a file directly in it. */
export const areaOf = (file: string): string =>
  dirname(file)
    .split('/')
    .slice(0, file.startsWith('src/realtime/') ? 3 : 2)
    .join('/');

/** Returns true if a spec in `test` belongs to a folder of the sources. */
export function isInArea(spec: string, area: string): boolean {
  const path = spec.slice('test/'.length);
  return AREAS[area]?.test(path) ?? path.startsWith(`${area.split('/').at(-1)}/`);
}
