import { applyDecorators, Injectable, SetMetadata } from '@nestjs/common';
import type { Principal } from '../auth/principal.js';
import type { FieldPath } from './field-path.js';

/** The input of a policy. */
export interface ChannelContext {
  /** The principal that wants to subscribe; `null` for a connection without a token. */
  readonly principal: Principal | null;
  /** The name of the channel, registered or not. */
  readonly channel: string;
  /** Values of the parameters in the policy's pattern. */
  readonly params: Readonly<Record<string, string>>;
}

/** The answer of a policy. `ChannelAnswer<Order>`, with the class of the channel's events, checks the names of fields. */
export type ChannelAnswer<Data = unknown> =
  | boolean
  | {
      readonly allowed: boolean;
      /** Reason for operators, returned by `ChannelPolicyService.explain`. Never sent to clients. */
      readonly reason?: string;
      /** Field groups (`@Expose({ groups: ['members'] })`) that are granted in addition to those of the role. @default none */
      readonly groups?: readonly string[];
      /**
       * Fields that are granted by name, in any group. Fields of nested classes are named by path, such as `customer.email`;
       * lists and maps are not part of the path. Fields that the class hides from all clients cannot be granted. @default none
       */
      readonly fields?: readonly FieldPath<Data>[];
      /**
       * Info about the user for the members of a channel with presence: any JSON of at most 1,024 bytes, such as a name and the
       * URL of an avatar. Clients can trust it. If it is larger, the member is shown without, and an error is logged.
       * @default none
       */
      readonly info?: unknown;
    };

/**
 * Decides which clients can subscribe to the channels that match its pattern. It is called at each subscribe, and again when a
 * token is renewed or `RealtimeControl.reauthorizeUser` is called. If it throws, or takes longer than `policyTimeoutMs`, there is
 * no decision: the client receives `unavailable` and can try again. To refuse, return `false`.
 */
export interface CanSubscribe {
  canSubscribe(context: ChannelContext): ChannelAnswer | Promise<ChannelAnswer>;
  /**
   * Decides which clients can cancel a stream, of those that can subscribe to it. If it throws, or takes longer than
   * `policyTimeoutMs`, the client receives `unavailable`. @default the `stream.cancel` of the channel's definition
   */
  canCancel?(context: ChannelContext): boolean | Promise<boolean>;
}

/** Metadata key of a policy's patterns. */
export const POLICY_PATTERNS = Symbol('realtime: patterns of a policy');

/**
 * Makes a class the policy of all channels that match a pattern, also for administrators. `{param}` matches one segment, a final
 * `*` one or more. Provide the class in any module; it can inject the providers of that module.
 *
 * @ChannelPolicy('projects:{projectId}:*')
 * export class ProjectPolicy implements CanSubscribe { … }
 */
export function ChannelPolicy(...patterns: [string, ...string[]]): ClassDecorator {
  return applyDecorators(Injectable(), SetMetadata(POLICY_PATTERNS, patterns));
}
