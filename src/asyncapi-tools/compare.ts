import { onTheWire } from './addresses.js';
import type { Change, Difference } from './changes.js';
import { compareAccess } from './compare-access.js';
import { compareCommands } from './compare-commands.js';
import { compareData, type Names } from './compare-data.js';
import { compareStreams } from './compare-streams.js';
import type { Contract, ContractChannel } from './contract.js';
import { ANY } from './schema.js';

/**
 * Lists the changes between two documents, from the view of clients written against the older one. Channels of the older
 * document come first, in its order, then the new ones.
 */
export function compareContracts(older: Contract, newer: Contract): Change[] {
  const names: Names = { before: older.schemas, after: newer.schemas };
  const left = new Map(newer.channels.map((channel) => [onTheWire(channel.address), channel]));
  const changes: Change[] = [];
  for (const before of older.channels) {
    const key = onTheWire(before.address);
    const after = left.get(key);
    left.delete(key);
    const differences =
      after === undefined ? [{ breaks: true, text: 'is gone' }] : compareChannels(before, after, names);
    changes.push(...differences.map((change) => ({ channel: before.address, ...change })));
  }
  for (const { address } of left.values()) changes.push({ breaks: false, channel: address, text: 'is new' });
  return [...changes, ...compareCommands(older, newer)];
}

function compareChannels(before: ContractChannel, after: ContractChannel, names: Names): Difference[] {
  const changes = compareAccess(before, after);
  if (before.address !== after.address) {
    changes.push({ breaks: false, text: `has the new address ${after.address}, which matches the same names` });
  }
  if (before.history && !after.history) {
    changes.push({ breaks: true, text: 'no longer keeps a history: events have no id, and clients cannot resume' });
  }
  if (!before.history && after.history) changes.push({ breaks: false, text: 'keeps a history now' });
  if (before.presence && !after.presence) changes.push({ breaks: true, text: 'no longer has presence' });
  if (!before.presence && after.presence) changes.push({ breaks: false, text: 'has presence now' });
  if (before.presenceState && !after.presenceState) {
    changes.push({ breaks: true, text: 'no longer takes the state of members' });
  }
  if (!before.presenceState && after.presenceState) {
    changes.push({ breaks: false, text: 'takes the state of members now' });
  }
  return [...changes, ...compareContents(before, after, names)];
}

/** Compares what a channel carries: events, a state and its patches, or a stream. */
function compareContents(before: ContractChannel, after: ContractChannel, names: Names): Difference[] {
  const [was, is] = [kindOf(before), kindOf(after)];
  if (was !== is) return [{ breaks: true, text: `is ${is}, and was ${was}` }];
  if (before.stream !== null && after.stream !== null) return compareStreams(before, after, names);
  if (before.state !== null && after.state !== null) return compareData(before.state, after.state, names, 'state');
  return compareData(before.data ?? ANY, after.data ?? ANY, names);
}

function kindOf({ state, stream }: ContractChannel): string {
  if (stream !== null) return stream.lines ? 'a stream of JSON lines' : 'a stream of text';
  return state === null ? 'a channel of events' : 'a live resource';
}
