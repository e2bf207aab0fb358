import { Injectable } from '@nestjs/common';
import { LIVE_RESOURCE, type LiveDefinition } from '../channels/live-definition.js';
import type { ChannelDefinition, EventClass } from '../options/channel-definition.js';

/** The state that is loaded. */
export interface StateContext {
  /** Name of the channel: `projects:42:board`. */
  readonly channel: string;
  /** Values of the parameters of its pattern: `{ projectId: '42' }`. Clients choose them: check that they exist. */
  readonly params: Readonly<Record<string, string>>;
  /** Tenant of the channel; `null` without tenants, and for a global channel. */
  readonly tenant: string | null;
  /** Aborted at the time limit of the load. */
  readonly signal: AbortSignal;
}

/** Loads the states of a live resource. */
export interface LoadsState<T = unknown> {
  /**
   * Returns the state as it is in the database, with the fields of all roles: each client receives those that it can see. It must
   * see all changes that were committed before the call, so do not read from a replica or a cache.
   */
  load(context: StateContext): Promise<T>;
}

/** Options of {@link LiveResource}: those of a channel, and the limits of its states. */
export interface LiveResourceOptions extends Omit<
  ChannelDefinition,
  'name' | 'data' | 'history' | 'declaredFieldsOnly'
> {
  /** Class of the state. Its `@Expose({ groups })` and `@Exclude()` decide which fields each client receives. */
  readonly data: EventClass;
  /** Window in which a client that comes back receives patches instead of the state. @default the option `history` */
  readonly history?: Exclude<ChannelDefinition['history'], false | undefined>;
  /** Maximum size of a state as JSON, in bytes. @default `live.maxBytes` */
  readonly maxBytes?: number;
  /** Time after which a loaded state is not used for new subscribers, in milliseconds. @default `live.ttlMs` */
  readonly ttlMs?: number;
  /** Time limit of a load, in milliseconds. @default `live.loadTimeoutMs` */
  readonly loadTimeoutMs?: number;
}

/** The limits of the states of a resource. */
export type StateLimits = Pick<LiveResourceOptions, 'maxBytes' | 'ttlMs' | 'loadTimeoutMs'>;

/** Metadata key of the limits of a class with {@link LiveResource}. */
export const LIVE_LIMITS = Symbol('realtime: limits of a live resource');

/**
 * Defines a channel with a state, which subscribers receive and follow. List the class in the `providers` of a module.
 *
 *     @LiveResource('projects:{projectId}:board', { data: BoardDto, access: 'authenticated' })
 *     export class Board implements LoadsState<BoardDto> {
 *       load({ params }: StateContext): Promise<BoardDto> {…}
 *     }
 * @param pattern name of the channel, or a pattern in which `{…}` matches one segment
 */
export function LiveResource<T extends EventClass>(
  pattern: string,
  { data, maxBytes, ttlMs, loadTimeoutMs, ...definition }: LiveResourceOptions & { readonly data: T },
): <C extends new (...args: never[]) => LoadsState<InstanceType<T>>>(target: C) => void {
  const live: LiveDefinition = { ...definition, name: pattern, state: data };
  const limits = {
    ...(maxBytes !== undefined && { maxBytes }),
    ...(ttlMs !== undefined && { ttlMs }),
    ...(loadTimeoutMs !== undefined && { loadTimeoutMs }),
  };
  return (target) => {
    Injectable()(target);
    Reflect.defineMetadata(LIVE_RESOURCE, live, target);
    Reflect.defineMetadata(LIVE_LIMITS, limits, target);
  };
}
