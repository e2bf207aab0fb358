import type { Connection } from '../../connections/connection.js';
import { TopK } from '../../connections/top-k.js';
import { searcher, yielding, type SortOrder, type Page } from './paging.js';

export const CONNECTION_SORTS = ['connectedAt', 'userId', 'address', 'subscriptions', 'bufferedBytes'] as const;
export type ConnectionSort = (typeof CONNECTION_SORTS)[number];

/** A connection in a list. Times are in milliseconds since 1970. */
export interface ConnectionRow {
  readonly id: string;
  /** `null` without a token. */
  readonly userId: string | null;
  readonly role: string | null;
  /** Tenant of the connection; `null` without the option `tenants`. */
  readonly tenant: string | null;
  readonly address: string;
  /** `websocket`, `stream`, or the name of another transport. */
  readonly transport: string;
  readonly connectedAt: number;
  readonly subscriptions: number;
  readonly bufferedBytes: number;
  /** `jti` of the token; `null` without one. */
  readonly sessionId: string | null;
  /** Expiry of the token; `null` without a token, and if the token does not expire. */
  readonly expiresAt: number | null;
  /** Name of the share link, for a guest. */
  readonly guest?: string;
}

/** One connection with all details. */
export interface ConnectionDetails extends ConnectionRow {
  readonly channels: readonly string[];
  /** Channels and patterns to which the token or ticket is limited. Absent without a limit. */
  readonly limitedTo?: readonly string[];
  readonly userAgent: string | null;
}

/** End of a page: the next page starts after the row with this key and id. */
export interface RowCursor {
  readonly key: string | number;
  readonly id: string;
}

/** Filters, sort order and page of a list of connections. */
export interface ConnectionQuery {
  readonly user?: string;
  readonly channel?: string;
  readonly address?: string;
  readonly session?: string;
  /** Key of a user across tenants: tenant and user id. */
  readonly userKey?: string;
  readonly tenant?: string;
  /** Part of the id, user, role, address, session or name of the share link, case-insensitive. */
  readonly search?: string;
  readonly sort: ConnectionSort;
  readonly order: SortOrder;
  readonly most: number;
  readonly after?: RowCursor;
}

export function connectionRow(connection: Connection): ConnectionRow {
  const { id, principal, address, transport, since, subscriptions, sendBuffer } = connection;
  const { guest } = principal ?? {};
  const user = guest === undefined ? principal?.user : undefined;
  return {
    id,
    userId: user?.userId ?? null,
    role: user?.role ?? null,
    tenant: principal?.tenant ?? null,
    address,
    transport: transport.kind,
    connectedAt: Math.round(performance.timeOrigin + since),
    subscriptions: subscriptions.size,
    bufferedBytes: sendBuffer.bufferedBytes,
    sessionId: principal?.jti ?? null,
    expiresAt: principal === null || principal.expiresAt === Infinity ? null : principal.expiresAt,
    ...(guest !== undefined && { guest }),
  };
}

/** Returns the first matching connections, and the number of all matches. */
export async function selectConnections(
  connections: Iterable<Connection>,
  query: ConnectionQuery,
): Promise<Page<ConnectionRow>> {
  const { user, userKey, channel, address, session, tenant, after, most } = query;
  const found = searcher(query.search);
  const compare = compareRows(query);
  const first = new TopK<ConnectionRow>(Math.max(1, most), compare);
  let total = 0;
  for await (const connection of yielding(connections)) {
    if (user !== undefined && connection.principal?.user.userId !== user) continue;
    if (userKey !== undefined && connection.principal?.userKey !== userKey) continue;
    if (session !== undefined && connection.principal?.jti !== session) continue;
    if (tenant !== undefined && connection.principal?.tenant !== tenant) continue;
    if (address !== undefined && connection.address !== address) continue;
    if (channel !== undefined && !connection.subscriptions.has(channel)) continue;
    const row = connectionRow(connection);
    if (!found([row.id, row.userId, row.role, row.address, row.sessionId, row.guest ?? null])) continue;
    total += 1;
    if (after === undefined || isAfter(row, after, query)) first.add(row);
  }
  return { rows: first.list().slice(0, most), total };
}

/** Merges the pages of several instances. @returns also the end of the page, if there is a next page */
export function mergeConnections<Row extends ConnectionRow>(
  pages: readonly Page<Row>[],
  query: ConnectionQuery,
  limit: number,
): Page<Row> & { readonly end: RowCursor | null } {
  const rows = pages.flatMap((page) => page.rows).toSorted(compareRows(query));
  const last = rows[limit - 1];
  const end = rows.length > limit && last !== undefined ? rowCursorOf(last, query.sort) : null;
  return { rows: rows.slice(0, limit), total: pages.reduce((sum, { total }) => sum + total, 0), end };
}

function rowCursorOf(row: ConnectionRow, sort: ConnectionSort): RowCursor {
  return { key: row[sort] ?? '', id: row.id };
}

function compareRows({ sort, order }: ConnectionQuery): (a: ConnectionRow, b: ConnectionRow) => number {
  const sign = order === 'asc' ? 1 : -1;
  return (a, b) => sign * compareCursors(rowCursorOf(a, sort), rowCursorOf(b, sort));
}

function isAfter(row: ConnectionRow, after: RowCursor, { sort, order }: ConnectionQuery): boolean {
  const compared = compareCursors(rowCursorOf(row, sort), after);
  return order === 'asc' ? compared > 0 : compared < 0;
}

/** Compares by key, then by id, so that no two rows are equal. */
function compareCursors(a: RowCursor, b: RowCursor): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1;
}
