import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { SafeLogger } from '../observability/safe-logger.js';
import { thrownText } from '../observability/thrown-text.js';
import type { OriginRule } from '../options/origins.js';
import { withTimeout } from '../timing/with-timeout.js';

type Request = Pick<IncomingMessage, 'headers'>;
type Rule = (origin: string, request: Request) => boolean;

/** Time limit for the application's origin function, in milliseconds. */
const RULE_TIMEOUT_MS = 5_000;
/** Interval in which one refusal is logged, with the number of the others, in milliseconds. */
const LOG_EVERY_MS = 60_000;

/** Options that decide which websites can connect. */
export interface OriginOptions {
  /** `undefined` allows `self` and loopback origins. */
  readonly origins?: readonly string[] | OriginRule | undefined;
  /** Host names of this service, which are the meaning of `self`. */
  readonly hosts: readonly string[];
}

/**
 * Decides which websites can open a WebSocket. A browser sends `Origin` with every upgrade, and pages cannot change it.
 * Other clients send no origin and are allowed: their token authenticates them.
 */
export class OriginPolicy {
  private readonly logger = new SafeLogger('Realtime');
  private readonly isAllowed: OriginRule;
  private loggedAt = -Infinity;
  private unlogged = 0;

  constructor({ origins, hosts }: OriginOptions, isProduction = process.env['NODE_ENV'] === 'production') {
    const isSelf = selfRule(hosts, isProduction);
    if (typeof origins === 'function') this.isAllowed = origins;
    else if (origins !== undefined) this.isAllowed = anyOf(origins, isSelf);
    else this.isAllowed = (origin, request) => isSelf(origin, request) || isLoopback(origin);
  }

  /** Returns true if the origin of this request is allowed. Never rejects. */
  async allows(request: IncomingMessage): Promise<boolean> {
    const { origin } = request.headers;
    if (origin === undefined) return true;
    try {
      if (await inTime(this.isAllowed(origin, request))) return true;
      this.logRefusal(origin, 'its origin is not allowed (option `origins`)');
    } catch (error) {
      this.logRefusal(origin, `the function \`origins\` failed: ${thrownText(error)}`);
    }
    return false;
  }

  private logRefusal(origin: string, why: string): void {
    const now = performance.now();
    if (now - this.loggedAt < LOG_EVERY_MS) {
      this.unlogged += 1;
      return;
    }
    const others = this.unlogged === 0 ? '' : ` (and ${this.unlogged} more since the last message)`;
    this.logger.warn(`An upgrade from ${JSON.stringify(origin.slice(0, 100))} was refused: ${why}${others}`);
    this.loggedAt = now;
    this.unlogged = 0;
  }
}

/** Combines a list of entries into one rule. The entries were validated with the options. */
function anyOf(entries: readonly string[], isSelf: Rule): Rule {
  const exact = new Set(entries.filter((entry) => !entry.includes('*') && entry !== 'self'));
  const rules: Rule[] = [(origin) => exact.has(origin)];
  if (entries.includes('*')) rules.push(() => true);
  if (entries.includes('self')) rules.push(isSelf);
  for (const entry of entries) {
    const [scheme, parent] = entry.split('*.');
    if (parent !== undefined) rules.push((origin) => isBelow(origin, scheme!, parent));
  }
  return (origin, request) => rules.some((rule) => rule(origin, request));
}

/** `https://a.b.example.com` is below `https://` and `example.com`; `https://example.com` and `https://evilexample.com` are not. */
function isBelow(origin: string, scheme: string, parent: string): boolean {
  if (!origin.startsWith(scheme) || !origin.endsWith(`.${parent}`)) return false;
  const labels = origin.slice(scheme.length, -parent.length - 1);
  return /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(labels);
}

/**
 * Returns the rule for `self`. An attacker can make a host name resolve to this service (DNS rebinding) and so control
 * both `Origin` and `Host`. Host names therefore count only if they are configured, or in development. An IP address
 * cannot be redirected.
 */
function selfRule(hosts: readonly string[], isProduction: boolean): Rule {
  if (hosts.length > 0) {
    const names = new Set(hosts);
    return (origin) => names.has(hostnameOf(origin) ?? '');
  }
  if (!isProduction) return isSameHost;
  return (origin, request) => isSameHost(origin, request) && (isLoopback(origin) || isAddress(origin));
}

/** Returns true for `http://192.0.2.1:8888` and `http://[2001:db8::1]`. */
function isAddress(origin: string): boolean {
  return isIP((hostnameOf(origin) ?? '').replace(/^\[(.*)\]$/, '$1')) !== 0;
}

/** Returns true if the origin has the host that this request was sent to, on any port. */
function isSameHost(origin: string, { headers }: Request): boolean {
  const own = headers.host === undefined ? null : hostnameOf(`http://${headers.host}`);
  return own !== null && own === hostnameOf(origin);
}

function isLoopback(origin: string): boolean {
  const name = hostnameOf(origin);
  return name !== null && /^(localhost|.+\.localhost|127\.0\.0\.1|\[::1\])$/.test(name);
}

/** Returns the host of an HTTP origin without its port, or `null` if the string is not an HTTP origin. */
function hostnameOf(origin: string): string | null {
  if (!/^https?:\/\/[^/?#@\\]+$/.test(origin) || !URL.canParse(origin)) return null;
  return new URL(origin).hostname;
}

async function inTime(decision: boolean | Promise<boolean>): Promise<boolean> {
  if (typeof decision === 'boolean') return decision;
  const answer: unknown = await withTimeout(decision, RULE_TIMEOUT_MS, () => {
    throw new Error(`it took longer than ${RULE_TIMEOUT_MS} ms`);
  });
  return answer === true; // the application's function can return anything
}
