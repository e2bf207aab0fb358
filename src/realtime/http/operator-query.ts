import { BadRequestException } from '@nestjs/common';
import { parsePosition, type Position } from '../../protocol/index.js';
import { channelLimitProblem } from '../auth/channel-limit.js';
import { ClaimsError } from '../auth/claims.js';
import { makePrincipal, type Principal, type PrincipalOptions } from '../auth/principal.js';
import { CONNECTION_SORTS, type ConnectionQuery, type RowCursor } from './inspection/connection-rows.js';
import { MAX_PAGE, SORT_ORDERS, readCursor } from './inspection/paging.js';
import type { ParameterTexts } from './documented.js';

/** Query parameters as parsed by the HTTP adapter. A repeated parameter is a list. */
export type Parameters = Readonly<Record<string, unknown>>;

const DEFAULT_LIMIT = 100;
/** Maximum length of a parameter, in characters. */
const MAX_LENGTH = 1_000;

const LIMIT = `Page size, from 1 to ${MAX_PAGE}; default ${DEFAULT_LIMIT}`;
const CURSOR = '`next` of the previous page';

export const TENANT = { tenant: 'The tenant, with the option `tenants`' };

export const CONNECTION_PARAMETERS = {
  user: 'The id of a user',
  channel: 'A channel to which it has subscribed',
  instance: 'The id of an instance',
  address: 'The address of a client',
  session: 'The `jti` of a token',
  ...TENANT,
  search: 'A part of the id, user, role, address or session, case-insensitive',
  sort: CONNECTION_SORTS,
  order: SORT_ORDERS,
  limit: LIMIT,
  cursor: CURSOR,
};

export const CHANNEL_PARAMETERS = { search: 'A part of the name, case-insensitive', limit: LIMIT, cursor: CURSOR };

export const HISTORY_PARAMETERS = {
  limit: `Number of events, from 1 to ${MAX_PAGE}; default ${DEFAULT_LIMIT}`,
  before: 'The id of an event: the page ends directly before it; omitted: with the last event',
  ...TENANT,
};

export const EXPLAIN_PARAMETERS = {
  channel: 'The name of the channel',
  user: 'The user id; omitted: a client without a token',
  roles: 'The roles of the token, separated by commas',
  limit: 'The channels and patterns to which the token is limited, separated by commas; omitted: no limit',
  ...TENANT,
};

/** Reads the filters of a list of connections. @throws BadRequestException (400) with a sentence */
export function readConnectionQuery(parameters: Parameters): {
  readonly query: Omit<ConnectionQuery, 'most'>;
  readonly limit: number;
  readonly instance: string | undefined;
} {
  const { instance, sort, order, limit, cursor, ...filters } = readQuery(parameters, CONNECTION_PARAMETERS);
  return {
    query: {
      ...filters,
      sort: oneOf('sort', sort ?? 'connectedAt', CONNECTION_SORTS),
      order: oneOf('order', order ?? 'asc', SORT_ORDERS),
      ...(cursor === undefined ? {} : { after: readPlace(cursor) }),
    },
    limit: readLimit(limit),
    instance,
  };
}

/** Reads the filters of a list of channels. @throws BadRequestException (400) with a sentence */
export function readChannelQuery(parameters: Parameters): {
  readonly query: { readonly search?: string; readonly after?: string };
  readonly limit: number;
} {
  const { limit, cursor, ...query } = readQuery(parameters, CHANNEL_PARAMETERS);
  return { query: cursor === undefined ? query : { ...query, after: readTopic(cursor) }, limit: readLimit(limit) };
}

/** Reads the page and the tenant of a history request. @throws BadRequestException (400) with a sentence */
export function readHistoryQuery(parameters: Parameters): {
  readonly limit: number;
  readonly before: Position | null;
  readonly tenant?: string;
} {
  const { limit, before, ...rest } = readQuery(parameters, HISTORY_PARAMETERS);
  const position = before === undefined ? null : parsePosition(before);
  if (before !== undefined && position === null) throw new BadRequestException('before must be the id of an event');
  return { limit: readLimit(limit), before: position, ...rest };
}

/**
 * Reads the channel and the user, whose principal is built like that of a token. @throws BadRequestException (400) with a
 * sentence
 */
export function readExplainQuery(
  parameters: Parameters,
  options: PrincipalOptions,
): { readonly principal: Principal | null; readonly channel: string } {
  const { user, roles = 'user', channel, tenant, limit } = readQuery(parameters, EXPLAIN_PARAMETERS);
  if (channel === undefined) throw new BadRequestException('channel is missing');
  if (user === undefined) return { principal: null, channel };
  const now = Date.now();
  const token = { homeTenant: tenant ?? null, session: '', claimsDigest: '', issuedAt: now, expiresAt: Infinity };
  const names = roles.split(',').filter((role) => role !== '');
  const channels = limit?.split(',');
  const problem = channels === undefined ? null : channelLimitProblem(channels);
  if (problem !== null) throw new BadRequestException(`limit ${problem}`);
  try {
    const parts = {
      ...{ userId: user, email: null, roles: names.length > 0 ? names : ['user'], ...token },
      ...(channels === undefined ? {} : { channels }),
    };
    return { principal: makePrincipal(parts, options, now), channel };
  } catch (error) {
    throw error instanceof ClaimsError ? new BadRequestException(`Invalid user: ${error.message}`) : error;
  }
}

/**
 * Reads known query parameters.
 * @throws BadRequestException (400) for a parameter that is unknown, repeated or too long
 */
export function readQuery<Known extends ParameterTexts>(
  parameters: Parameters,
  known: Known,
): { readonly [N in keyof Known]?: string } {
  const texts: { [N in keyof Known]?: string } = {};
  for (const [name, value] of Object.entries(parameters)) {
    if (!Object.hasOwn(known, name)) {
      const names = Object.keys(known).join(', ');
      throw new BadRequestException(`Unknown parameter ${JSON.stringify(name)}. Known parameters: ${names}`);
    }
    if (typeof value !== 'string') throw new BadRequestException(`${name} must be given once`);
    if (value.length > MAX_LENGTH) throw new BadRequestException(`${name} must have at most ${MAX_LENGTH} characters`);
    if (value !== '') texts[name as keyof Known] = value;
  }
  return texts;
}

/**
 * Parses a timestamp to milliseconds since 1970.
 * @throws BadRequestException for a string that is neither an ISO 8601 date nor milliseconds since 1970
 */
export function readTimestamp(text: string, name: string): number {
  const timestamp = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isFinite(timestamp)) return timestamp;
  throw new BadRequestException(`${name} must be a date such as 2026-01-31T12:00:00Z, or milliseconds since 1970`);
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_PAGE)
    throw new BadRequestException(`limit must be a whole number from 1 to ${MAX_PAGE}`);
  return limit;
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new BadRequestException(`${name} must be one of: ${allowed.join(', ')}`);
  return found;
}

const BAD_CURSOR = 'cursor must be `next` of the previous page';

function readPlace(cursor: string): RowCursor {
  const { key, id } = (readCursor(cursor) ?? {}) as { key?: unknown; id?: unknown };
  if ((typeof key !== 'string' && !Number.isFinite(key)) || typeof id !== 'string') {
    throw new BadRequestException(BAD_CURSOR);
  }
  return { key: key as string | number, id };
}

function readTopic(cursor: string): string {
  const { topic } = (readCursor(cursor) ?? {}) as { topic?: unknown };
  if (typeof topic !== 'string') throw new BadRequestException(BAD_CURSOR);
  return topic;
}
