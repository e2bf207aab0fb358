import type { ChannelAccess, ChannelDefinition, EventClass } from '../options/channel-definition.js';
import type { HistoryWindow } from '../options/history-options.js';
import { RealtimeOptionsError } from '../options/resolve-options.js';
import { FieldGroups } from './fields/field-groups.js';
import { StateFields } from './fields/state-fields.js';

/** Settings of a channel that is a stream. */
export interface StreamSettings {
  /** Maximum number of bytes that are kept. */
  readonly maxBytes: number;
  /** True if it consists of JSON lines. */
  readonly lines: boolean;
  /** Access to cancelling; `null` if no client has it. */
  readonly cancel: ChannelAccess | null;
  /** Class of the JSON values; `null` if it is a text, or the values are not described. */
  readonly item: EventClass | null;
  /** Class of its result; `null` if it is not described. */
  readonly result: EventClass | null;
}

/** Returns the restricted fields of the class of a channel. @throws RealtimeOptionsError if its rules conflict */
export function fieldsOf(name: string, data: EventClass | null): FieldGroups | null {
  try {
    return data === null ? null : FieldGroups.of(data);
  } catch (error) {
    throw new RealtimeOptionsError([`\`channels\` ${name}: data ${(error as Error).message}`]);
  }
}

/** Returns the fields of the class of a state. @throws RealtimeOptionsError if its rules conflict */
export function stateFieldsOf(name: string, state: EventClass): StateFields {
  try {
    return StateFields.ofState(state);
  } catch (error) {
    throw new RealtimeOptionsError([`@LiveResource('${name}'): ${state.name} ${(error as Error).message}`]);
  }
}

export function isStream({ stream = false }: ChannelDefinition): boolean {
  return stream !== false;
}

/**
 * Returns the settings of a stream, with all defaults.
 * @param maxBytes default of the option `streams`
 * @throws RealtimeOptionsError if a class has restricted fields: all readers of a stream receive the same
 */
export function streamOf({ name, stream }: ChannelDefinition, maxBytes: number): StreamSettings {
  const given = typeof stream === 'object' ? stream : {};
  const { lines = false, cancel = null, result = null } = given;
  const item = typeof lines === 'function' ? lines : null;
  for (const type of [item, result]) {
    if (type === null || fieldsOf(name, type) === null) continue;
    throw new RealtimeOptionsError([
      `\`channels\` ${name}: ${type.name} has fields that not all clients receive, but all readers of a stream receive the same: use another class`,
    ]);
  }
  return { maxBytes: given.maxBytes ?? maxBytes, lines: lines !== false, cancel, item, result };
}

/** Returns the history of a channel; `null` if no events are stored. */
export function historyOf({ history }: ChannelDefinition, { size, ttlMs }: HistoryWindow): HistoryWindow | null {
  if (history === false) return null;
  return { size: history?.size ?? size, ttlMs: history?.ttlMs ?? ttlMs };
}
