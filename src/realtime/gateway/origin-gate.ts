import type { IncomingMessage } from 'node:http';
import { SafeLogger } from '../observability/safe-logger.js';
import type { OriginRule } from '../options/origins.js';

type Request = Pick<IncomingMessage, 'headers'>;
type Rule = (origin: string, request: Request) => boolean;

/** How long a function of the application may think about an origin, in milliseconds. */
const RULE_TIMEOUT_MS = 5_000;
/** Refusals are logged at most so often, with how many there were, in milliseconds. */
const LOG_EVERY_MS = 60_000;

/** Where nothing is configured, which is refused in production: the host that serves the page, and this machine. */
const IN_DEVELOPMENT: Rule = (origin, request) => isSelf(origin, request) || isThisMachine(origin);

/**
 * Which web sites may open a WebSocket here. A browser sends `Origin` with every upgrade and lets no page change it; what
 * is no browser sends none, and is let through: its token says who it is.
 */
export class OriginGate {
  private readonly logger = new SafeLogger('Realtime');
  private readonly decide: OriginRule;
  private loggedAt = -Infinity;
  private unlogged = 0;

  /** @param origins the option; `undefined` for what counts in development */
  constructor(origins: readonly string[] | OriginRule | undefined) {
    this.decide = typeof origins === 'function' ? origins : origins === undefined ? IN_DEVELOPMENT : anyOf(origins);
  }

  /** Whether this request may go on. It never rejects. */
  async admits(request: IncomingMessage): Promise<boolean> {
    const { origin } = request.headers;
    if (origin === undefined) return true;
    try {
      if (await inTime(this.decide(origin, request))) return true;
      this.complain(origin, 'its origin is not among those that are allowed (option `origins`)');
    } catch (error) {
      this.complain(origin, `the function \`origins\` failed: ${(error as Error).message}`);
    }
    return false;
  }

  private complain(origin: string, why: string): void {
    const now = performance.now();
    if (now - this.loggedAt < LOG_EVERY_MS) {
      this.unlogged += 1;
      return;
    }
    const others = this.unlogged === 0 ? '' : ` (and ${this.unlogged} more since the last such line)`;
    this.logger.warn(`An upgrade from ${JSON.stringify(origin.slice(0, 100))} was refused: ${why}${others}`);
    this.loggedAt = now;
    this.unlogged = 0;
  }
}

/** One rule of a list of entries; each was checked when the options were. */
function anyOf(entries: readonly string[]): Rule {
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

/** Whether a page came from the host that this request went to, on whichever port. */
function isSelf(origin: string, { headers }: Request): boolean {
  const own = headers.host === undefined ? null : hostnameOf(`http://${headers.host}`);
  return own !== null && own === hostnameOf(origin);
}

function isThisMachine(origin: string): boolean {
  const name = hostnameOf(origin);
  return name !== null && /^(localhost|.+\.localhost|127\.0\.0\.1|\[::1\])$/.test(name);
}

/** The host of an origin over HTTP, without its port; `null` for whatever is not exactly that. */
function hostnameOf(origin: string): string | null {
  if (!/^https?:\/\/[^/?#@\\]+$/.test(origin) || !URL.canParse(origin)) return null;
  return new URL(origin).hostname;
}

async function inTime(decision: boolean | Promise<boolean>): Promise<boolean> {
  if (typeof decision === 'boolean') return decision;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${RULE_TIMEOUT_MS} ms`)), RULE_TIMEOUT_MS);
  });
  try {
    const answer: unknown = await Promise.race([decision, late]);
    return answer === true; // the application's code may answer anything
  } finally {
    clearTimeout(timer);
  }
}
