import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { SUBPROTOCOL } from '../../protocol/index.js';
import { tenantProblem } from '../tenants/topic.js';

const TOKEN_PREFIX = 'token-';

/** The credential of an upgrade request: none, a malformed one, or one to verify. */
export type TokenCandidate =
  | { readonly kind: 'none' }
  | { readonly kind: 'bad' }
  | { readonly kind: 'token'; readonly token: string }
  /** One of the module's own, to be used once: see `Tickets`. */
  | { readonly kind: 'ticket'; readonly ticket: string };

const NONE: TokenCandidate = { kind: 'none' };
const BAD: TokenCandidate = { kind: 'bad' };

/** Looks for the token in the header, then in the subprotocol, then in the query, there before a ticket: the first that is found wins. */
export function findToken(request: Pick<IncomingMessage, 'headers' | 'url'>): TokenCandidate {
  for (const place of [fromHeader, fromSubprotocol, fromQuery]) {
    const brought = place(request);
    if (brought.kind !== 'none') return brought;
  }
  return NONE;
}

/** The tenant that the query names: `null` for none, `undefined` for one that cannot be, or several. */
export function findTenant({ url = '' }: Pick<IncomingMessage, 'url'>): string | null | undefined {
  const [tenant, ...others] = queryOf(url).getAll('tenant');
  if (tenant === undefined) return null;
  return others.length > 0 || tenantProblem(tenant) !== null ? undefined : tenant;
}

/** A digest of the token or ticket of a request, to compare it with others without holding it; `null` without one. */
export function digestCredential(request: Pick<IncomingMessage, 'headers' | 'url'>): string | null {
  const brought = findToken(request);
  if (brought.kind === 'none') return null;
  const text = brought.kind === 'token' ? brought.token : brought.kind === 'ticket' ? brought.ticket : '';
  return createHash('sha256').update(`${brought.kind} ${text}`).digest('base64url');
}

/**
 * The channels that the query of an upgrade request names, `?channels=a,b`: they are subscribed to at connect.
 * @returns `null` without the parameter, and if it is empty
 */
export function findChannels({ url = '' }: Pick<IncomingMessage, 'url'>): string[] | null {
  if (!url.includes('channels')) return null;
  const lists = queryOf(url)
    .getAll('channels')
    .filter((list) => list !== '');
  return lists.length === 0 ? null : lists.flatMap((list) => list.split(','));
}

/** The subprotocol to answer with; `false` for none. */
export function chooseSubprotocol(offered: Iterable<string>): string | false {
  let chosen: string | false = false;
  for (const protocol of offered) {
    if (protocol === SUBPROTOCOL) return protocol;
    if (chosen === false && protocol.startsWith(TOKEN_PREFIX)) chosen = protocol;
  }
  return chosen;
}

type TokenSource = (request: Pick<IncomingMessage, 'headers' | 'url'>) => TokenCandidate;

const fromHeader: TokenSource = ({ headers }) => {
  const match = /^bearer(?: +(.*))?$/i.exec(headers.authorization?.trim() ?? '');
  return match ? tokenOrBad(match[1]?.trim() ?? '') : NONE;
};

const fromSubprotocol: TokenSource = ({ headers }) => {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim());
  const tokens = offered.filter((protocol) => protocol.startsWith(TOKEN_PREFIX));
  if (tokens.length === 0) return NONE;
  return tokens.length > 1 ? BAD : tokenOrBad(tokens[0]!.slice(TOKEN_PREFIX.length));
};

const fromQuery: TokenSource = ({ url = '' }) => {
  const query = queryOf(url);
  const [token, ticket] = [query.getAll('token'), query.getAll('ticket')];
  if (token.length > 1 || ticket.length > 1) return BAD;
  if (token.length === 1) return tokenOrBad(token[0]!);
  if (ticket.length === 0) return NONE;
  return ticket[0] === '' ? BAD : { kind: 'ticket', ticket: ticket[0]! };
};

/** A further `?` counts as `&`: clients append `?token=…` to URLs that have a query already. */
function queryOf(url: string): URLSearchParams {
  const question = url.indexOf('?');
  return new URLSearchParams(question < 0 ? '' : url.slice(question + 1).replaceAll('?', '&'));
}

function tokenOrBad(token: string): TokenCandidate {
  return token === '' ? BAD : { kind: 'token', token };
}
