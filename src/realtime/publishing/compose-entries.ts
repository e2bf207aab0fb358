import type { EmitOptions } from './emit-options.js';
import type { ComposedEvent, EventComposer } from './event-composer.js';
import { InvalidEventError } from './errors.js';
import { once, type Entry } from './event-list.js';

/** Events that are validated together: all of them are published, or none. */
export interface Unit {
  readonly entries: readonly Entry[];
  /** Adds the position of an entry to its error. */
  readonly locate: (error: unknown, index: number) => unknown;
}

/** Returns one event for one channel, or for several. A channel that is listed twice receives it once. */
export function unitFor(
  composer: EventComposer,
  channel: string | readonly string[],
  data: unknown,
  options: EmitOptions,
): Unit {
  if (!Array.isArray(channel)) {
    return { entries: [{ channel: channel as string, data, options }], locate: (error) => error };
  }
  const channels: readonly string[] = channel;
  const serialise = once(() => composer.serialise(data));
  const entries = [...new Set(channels)].map((one) => ({ channel: one, data, options, serialise }));
  return { entries, locate: (error, index) => inChannels(error, channels.indexOf(entries[index]!.channel)) };
}

/** Validates the events of a unit. Returns the first refused entry with its error if there is one. */
export function composeUnit(
  composer: EventComposer,
  { entries, locate }: Unit,
):
  | { readonly composed: readonly ComposedEvent[]; readonly refused?: undefined }
  | { readonly refused: Entry; readonly error: unknown } {
  const composed: ComposedEvent[] = [];
  for (const [index, entry] of entries.entries()) {
    try {
      composed.push(composer.compose(entry.channel, entry.data, entry.options ?? {}, undefined, entry.serialise));
    } catch (error) {
      return { refused: entry, error: locate(error, index) };
    }
  }
  return { composed };
}

/** Returns the error of an event for several channels with the position of its channel. */
function inChannels(error: unknown, index: number): unknown {
  if (!(error instanceof InvalidEventError)) return error;
  const { field, problem } = error;
  return new InvalidEventError(`channels[${index}]${field === 'channel' ? '' : `.${field}`}`, problem);
}
