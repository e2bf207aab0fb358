import type { Change, Difference } from './changes.js';
import { compareData } from './compare-data.js';
import type { Contract, ContractCommand } from './contract.js';
import { resolved, type Schema } from './schema.js';

/** Lists the changes of commands, from the view of clients written against the older document. */
export function compareCommands(older: Contract, newer: Contract): Change[] {
  const left = new Map(newer.commands.map((command) => [command.name, command]));
  const changes: Change[] = [];
  for (const before of older.commands) {
    const after = left.get(before.name);
    left.delete(before.name);
    const differences =
      after === undefined ? [{ breaks: true, text: 'is gone' }] : compareOne(before, after, older, newer);
    changes.push(...differences.map((change) => ({ channel: `command ${before.name}`, ...change })));
  }
  for (const name of left.keys()) changes.push({ breaks: false, channel: `command ${name}`, text: 'is new' });
  return changes;
}

function compareOne(before: ContractCommand, after: ContractCommand, older: Contract, newer: Contract): Difference[] {
  const output = compareData(before.output, after.output, { before: older.schemas, after: newer.schemas });
  return [...compareInputs(before.input, after.input, older, newer), ...output];
}

/** The server receives inputs: the change is breaking if it refuses one that it accepted. */
function compareInputs(before: Schema, after: Schema, older: Contract, newer: Contract): Difference[] {
  const names = { before: newer.schemas, after: older.schemas };
  const differences = compareData(after, before, names);
  const removed = fieldsOf(before, older).filter((name) => !fieldsOf(after, newer).includes(name));
  if (removed.length > 0 && fieldsOf(after, newer).length > 0) {
    return [{ breaks: true, text: `no longer takes ${removed.join(', ')} in its input` }];
  }
  if (differences.some(({ breaks }) => breaks)) {
    return [{ breaks: true, text: 'can refuse inputs that it took: a field is required now, or has fewer values' }];
  }
  return differences.length === 0 ? [] : [{ breaks: false, text: 'takes more inputs' }];
}

function fieldsOf(schema: Schema, { schemas }: Contract): readonly string[] {
  const found = resolved(schema, schemas);
  return found.kind === 'object' ? [...found.fields.keys()] : [];
}
