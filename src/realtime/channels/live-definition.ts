import type { ChannelDefinition, EventClass } from '../options/channel-definition.js';
import type { FieldGroups } from './fields/field-groups.js';
import { StateFields } from './fields/state-fields.js';

/** A channel that has a state: its events are patches of it. */
export interface LiveDefinition extends ChannelDefinition {
  /** Class of the state. */
  readonly state: EventClass;
}

/** Metadata key of the definition of a class with `@LiveResource`. */
export const LIVE_RESOURCE = Symbol('realtime: live resource');

/** @returns the definition of a class with `@LiveResource`; `undefined` for any other value */
export function liveDefinitionOf(type: unknown): LiveDefinition | undefined {
  if (typeof type !== 'function') return undefined;
  return Reflect.getOwnMetadata(LIVE_RESOURCE, type) as LiveDefinition | undefined;
}

/** @returns the fields of the state of a channel; `null` if it has no state */
export function stateFieldsOf({ fields }: { readonly fields: FieldGroups | null }): StateFields | null {
  return fields instanceof StateFields ? fields : null;
}
