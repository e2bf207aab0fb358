import type { Difference } from './changes.js';
import { compareAccess } from './compare-access.js';
import { compareData, type Names } from './compare-data.js';
import type { ContractChannel } from './contract.js';
import { ANY } from './schema.js';

/** Compares a stream with the same stream of a newer document: both are text, or JSON lines. */
export function compareStreams(before: ContractChannel, after: ContractChannel, names: Names): Difference[] {
  const [older, newer] = [before.stream, after.stream];
  return [
    ...compareCancel(before, after),
    ...compareData(older?.item ?? ANY, newer?.item ?? ANY, names, 'item'),
    ...compareData(older?.result ?? ANY, newer?.result ?? ANY, names, 'result'),
  ];
}

function compareCancel({ address, stream: older }: ContractChannel, after: ContractChannel): Difference[] {
  const [was, is] = [older?.cancel ?? null, after.stream?.cancel ?? null];
  if (was === null) return is === null ? [] : [{ breaks: false, text: 'can be cancelled by clients now' }];
  if (is === null) return [{ breaks: true, text: 'can no longer be cancelled by clients, unless a policy allows it' }];
  const changes = compareAccess({ address, access: was }, { address: after.address, access: is });
  return changes.map(({ breaks, text }) => ({ breaks, text: `its cancelling ${text}` }));
}
