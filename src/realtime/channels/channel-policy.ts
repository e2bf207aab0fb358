import { applyDecorators, Injectable, SetMetadata } from '@nestjs/common';
import type { Principal } from '../auth/principal.js';
import type { FieldPath } from './field-path.js';

/** The input of a policy. */
export interface ChannelContext {
  /** The principal that asks; `null` for a connection without a token. */
  readonly principal: Principal | null;
  /** The name of the channel, registered or not. */
  readonly channel: string;
  /** The values of the parameters in the policy's pattern. */
  readonly params: Readonly<Record<string, string>>;
}

/**
 * A policy's answer. `ChannelAnswer<Order>`, with the class of the channel's events, knows the names of its fields.
 */
export type ChannelAnswer<Data = unknown> =
  | boolean
  | {
      readonly allowed: boolean;
      /** For operators, who read it in `ChannelPolicyService.explain`, never for clients. */
      readonly reason?: string;
      /** The groups of members-only fields (`@Expose({ groups: ['members'] })`) that it gets beside those of its role. @default none */
      readonly groups?: readonly string[];
      /**
       * Fields that it gets by name, whatever groups they are for; those of nested classes by their path, such as
       * `customer.email`, through lists and maps alike. Never one that the class hides from all. @default none
       */
      readonly fields?: readonly FieldPath<Data>[];
    };

/**
 * Decides which clients can subscribe to the channels that match its pattern. It is called at each subscribe, and again
 * when a token is renewed or `RealtimeControl.reauthorizeUser` is called. If it throws, or takes longer than
 * `policyTimeoutMs`, there is no decision: the client receives `unavailable` and can try again. To refuse, return
 * `false`.
 */
export interface CanSubscribe {
  canSubscribe(context: ChannelContext): ChannelAnswer | Promise<ChannelAnswer>;
}

/** Where the patterns of a policy stand. */
export const POLICY_PATTERNS = Symbol('realtime: patterns of a policy');

/**
 * Makes a class the policy of every channel that matches a pattern, for administrators too: `{param}` matches one
 * segment, a final `*` one or more. Provide the class in any module; it can inject the providers of that module.
 *
 * @ChannelPolicy('projects:{projectId}:*')
 * export class ProjectPolicy implements CanSubscribe { … }
 */
export function ChannelPolicy(...patterns: [string, ...string[]]): ClassDecorator {
  return applyDecorators(Injectable(), SetMetadata(POLICY_PATTERNS, patterns));
}
