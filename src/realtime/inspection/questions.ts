import type { ChannelAnswer, ChannelQuery } from './channel-rows.js';
import {
  CONNECTION_SORTS,
  type ConnectionDetails,
  type ConnectionQuery,
  type ConnectionRow,
} from './connection-rows.js';
import { MAX_PAGE, ORDERS, type Page } from './paging.js';
import type { InstanceReport, TenantReport } from '../instances/instance-directory.js';

/** What one instance asks of all, and what each answers. */
export interface Questions {
  readonly report: { readonly query: null; readonly answer: InstanceReport };
  readonly tenant: { readonly query: string; readonly answer: TenantReport };
  readonly connections: { readonly query: ConnectionQuery; readonly answer: Page<ConnectionRow> };
  readonly connection: { readonly query: string; readonly answer: ConnectionDetails | null };
  readonly channels: { readonly query: ChannelQuery; readonly answer: ChannelAnswer };
}

export type Topic = keyof Questions;

export type Question = { readonly [T in Topic]: { readonly about: T; readonly query: Questions[T]['query'] } }[Topic];

const FIELDS_OF_CONNECTIONS = ['user', 'channel', 'address', 'session', 'tenant', 'userKey', 'search'] as const;

/**
 * @returns the question
 * @throws Error for what is none: whoever can write to Redis can write anything
 */
export function readQuestion(value: unknown): Question {
  const { about, query } = (value ?? {}) as { about?: unknown; query?: unknown };
  if (about === 'report') return { about, query: null };
  if ((about === 'connection' || about === 'tenant') && typeof query === 'string') return { about, query };
  if ((about !== 'connections' && about !== 'channels') || typeof query !== 'object' || query === null) {
    throw new Error('it is no question that is known here');
  }
  const { most, ...fields } = query as Record<string, unknown>;
  if (typeof most !== 'number' || !Number.isInteger(most) || most < 0 || most > MAX_PAGE + 1) {
    throw new Error('it asks for more than there is on a page');
  }
  const texts = about === 'channels' ? (['search', 'after'] as const) : FIELDS_OF_CONNECTIONS;
  if (!texts.every((name) => fields[name] === undefined || typeof fields[name] === 'string')) {
    throw new Error('a field of it is no text');
  }
  if (about === 'channels') return { about, query: query as ChannelQuery };
  const { sort, order, after } = fields as { sort?: unknown; order?: unknown; after?: unknown };
  if (!CONNECTION_SORTS.some((name) => name === sort) || !ORDERS.some((name) => name === order)) {
    throw new Error('it asks for an order that is not known');
  }
  if (after !== undefined && !isPlace(after)) throw new Error('it begins nowhere');
  return { about, query: query as ConnectionQuery };
}

function isPlace(after: unknown): boolean {
  const { key, id } = (after ?? {}) as { key?: unknown; id?: unknown };
  return typeof id === 'string' && (typeof key === 'string' || typeof key === 'number');
}
