import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { SUBPROTOCOL } from '../../protocol/index.js';
import { tenantProblem } from '../tenants/topic.js';

const TOKEN_PREFIX = 'token-';

/** The credential of an upgrade request: none, a malformed one, or one to verify. */
export type TokenCandidate =
  | { readonly kind: 'none' }
  | { readonly kind: 'bad' }
  | { readonly kind: 'token'; readonly token: string }
  /** A one-time ticket issued by this module: see `Tickets`. */
  | { readonly kind: 'ticket'; readonly ticket: string };

const NONE: TokenCandidate = { kind: 'none' };
const BAD: TokenCandidate = { kind: 'bad' };

/** Finds the credential of a request. Order of precedence: the header, the subprotocol, `?token=`, `?ticket=`. */
export function findToken(request: Pick<IncomingMessage, 'headers' | 'url'>): TokenCandidate {
  for (const source of [fromHeader, fromSubprotocol, fromQuery]) {
    const candidate = source(request);
    if (candidate.kind !== 'none') return candidate;
  }
  return NONE;
}

/** Returns the tenant named in the query. Returns `null` if there is none, `undefined` if it is malformed or given twice. */
export function findTenant({ url = '' }: Pick<IncomingMessage, 'url'>): string | null | undefined {
  const [tenant, ...others] = queryOf(url).getAll('tenant');
  if (tenant === undefined) return null;
  return others.length > 0 || tenantProblem(tenant) !== null ? undefined : tenant;
}

/**
 * Returns a digest of the token or ticket of a request, for comparison without storing the credential. Returns `null` if the
 * request has none.
 */
export function digestCredential(request: Pick<IncomingMessage, 'headers' | 'url'>): string | null {
  const candidate = findToken(request);
  if (candidate.kind === 'none') return null;
  const text = candidate.kind === 'token' ? candidate.token : candidate.kind === 'ticket' ? candidate.ticket : '';
  return hash('sha256', `${candidate.kind} ${text}`, 'base64url');
}

/**
 * Returns the channels named in the query of an upgrade request, `?channels=a,b`. The client is subscribed to them at connect.
 * @returns `null` if the parameter is missing or empty
 */
export function findChannels({ url = '' }: Pick<IncomingMessage, 'url'>): string[] | null {
  if (!url.includes('channels')) return null;
  const lists = queryOf(url)
    .getAll('channels')
    .filter((list) => list !== '');
  return lists.length === 0 ? null : lists.flatMap((list) => list.split(','));
}

/** Chooses the subprotocol of the response. Returns `false` for none. */
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

/** A second `?` counts as `&`: some clients append `?token=…` to URLs that already have a query. */
function queryOf(url: string): URLSearchParams {
  const question = url.indexOf('?');
  return new URLSearchParams(question < 0 ? '' : url.slice(question + 1).replaceAll('?', '&'));
}

function tokenOrBad(token: string): TokenCandidate {
  return token === '' ? BAD : { kind: 'token', token };
}
