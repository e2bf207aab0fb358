import type { ChannelAnswer, FieldPath } from '../../src/realtime/index.js';

interface Contact {
  readonly name: string;
  readonly phone?: string;
}
interface Invoice {
  readonly total: number;
  readonly due?: Date | null;
  readonly owner?: Contact | null;
  readonly contacts: readonly Contact[];
  readonly byName: Map<string, Contact>;
  readonly parts?: Invoice[];
}

/** Code that must compile, and errors that must occur: `npm run lint` is the test. */
export function compiles(take: (path: FieldPath<Invoice>) => void): void {
  for (const path of ['total', 'due', 'owner', 'contacts', 'byName', 'parts'] as const) take(path);
  for (const path of ['owner.phone', 'contacts.phone', 'byName.phone', 'parts.parts.parts.owner.phone'] as const)
    take(path);
  // @ts-expect-error unknown field
  take('totals');
  // @ts-expect-error unknown field of the nested class
  take('owner.fax');
  // @ts-expect-error a list is not a step of a path
  take('contacts.0.phone');
  // @ts-expect-error a date has no fields
  take('due.getTime');
}

export const answers: readonly ChannelAnswer<Invoice | Contact>[] = [
  true,
  { allowed: true, fields: ['total', 'phone', 'owner.phone'] },
  // @ts-expect-error field of neither class
  { allowed: true, fields: ['fax'] },
];

/** Without a known class, every name is a valid path. */
export const anything: ChannelAnswer = { allowed: true, fields: ['any.path'] };
export const known: ChannelAnswer = answers[0]!;
