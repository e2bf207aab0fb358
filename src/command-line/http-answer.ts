import type { IncomingHttpHeaders } from 'node:http';
import type { HttpAnswer } from './conversation.js';
import type { Problem } from './network-problem.js';
import { shortened } from './printable.js';

/** Lines of nginx that pass on an upgrade. docs/scaling.md has the whole configuration. */
const NGINX = [
  'proxy_http_version 1.1;',
  'proxy_set_header Upgrade $http_upgrade;',
  'proxy_set_header Connection "upgrade";',
];

const NO_UPGRADE = ['A proxy drops the headers of the upgrade. For nginx add to the `location`:', ...NGINX.map(indent)];

/** Describes an HTTP answer that came instead of an upgrade. @param origin the value of --origin */
export function upgradeProblem(answer: HttpAnswer, { origin }: { readonly origin?: string | undefined }): Problem {
  const { status, headers } = answer;
  const message = messageOf(answer);
  const problem = `HTTP ${status}${message === '' ? '' : `: ${message}`}`;
  const advice = (...lines: readonly string[]): Problem => ({ problem, advice: lines });
  if (status >= 300 && status < 400) {
    const target = headers.location === undefined ? 'another address' : shortened(headers.location);
    return advice(`The server redirects to ${target}: use that address.`);
  }
  const wait = waitOf(headers);
  switch (status) {
    case 200:
      return advice('A web page answers: the path is wrong, or the request does not reach the API.', ...NO_UPGRADE);
    case 400:
      if (/https? port/i.test(message)) return advice('The port serves TLS: write wss:// instead of ws://.');
      return advice(...NO_UPGRADE);
    case 426:
      return advice(...NO_UPGRADE);
    case 401:
      return advice('The server refused this token many times (it counts for a minute), or a proxy needs a login.');
    case 403:
      return advice(
        origin === undefined
          ? 'A proxy or a firewall refuses the request: the module refuses only web sites, and none was named.'
          : `Add ${shortened(origin)} to the option origins of the server (REALTIME_ORIGINS).`,
      );
    case 404:
      return advice('The path is wrong (option path of the server, /ws by default), or a proxy does not forward it.');
    case 429:
      return advice(`A proxy limits the rate of requests. Try again ${wait}.`);
    case 502:
    case 504:
      return advice('The proxy cannot reach the API: is it running, and is its address in the proxy right?');
    case 503:
      return advice(
        `The instance drains, is overloaded, or limits handshakes. Its log has the reason. Try again ${wait}.`,
      );
    default:
      return advice();
  }
}

/** Returns the message of an answer: its field `message`, or its text if it is not a page. */
export function messageOf({ headers, body }: Pick<HttpAnswer, 'headers' | 'body'>): string {
  const answer = jsonOf(body);
  if (typeof answer === 'object' && answer !== null) {
    const { message } = answer as { readonly message?: unknown };
    return typeof message === 'string' ? shortened(message) : '';
  }
  const isPage = /html/i.test(headers['content-type'] ?? '') || /^\s*</.test(body);
  const title = /<title>([^<]*)/i.exec(body)?.[1];
  return shortened(isPage ? (title ?? '') : body);
}

/** Returns when to try again, from `Retry-After`. */
export function waitOf({ 'retry-after': after }: Pick<IncomingHttpHeaders, 'retry-after'>): string {
  if (after === undefined) return 'later';
  return /^\d+$/.test(after) ? `in ${after} s` : `after ${shortened(after)}`;
}

/** @returns `undefined` if the text is not JSON */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function indent(line: string): string {
  return `    ${line}`;
}
