import { readFileSync } from 'node:fs';
import type { ContractChannel } from './contract.js';
import { eventTypes } from './event-types.js';
import { ANY, readSchema, type Schema } from './schema.js';

const channel = (address: string, data: Schema = ANY, description = ''): ContractChannel => ({
  address,
  description,
  access: 'public',
  history: true,
  presence: false,
  data,
});
const ref = (name: string): Schema => ({ kind: 'ref', name });
const typesOf = (
  channels: readonly ContractChannel[],
  schemas: ReadonlyMap<string, Schema> = new Map(),
  augment = false,
): string => eventTypes({ title: 'Games', version: '1.2.0', channels, schemas }, { augment });

describe('the types of a document', () => {
  it('are a type for each schema, the event map, and its declaration merging', () => {
    const schemas = new Map([
      ['Score', readSchema({ properties: { points: { type: 'integer' } }, required: ['points'] }, 'Score')],
      ['Level', readSchema({ enum: ['low', 'high'] }, 'Level')],
    ]);
    const channels = [
      channel('games:{gameId}:score', ref('Score'), 'For everyone.'),
      channel('levels', ref('Level')),
      channel('levels:more'),
    ];
    expect(typesOf(channels, schemas, true))
      .toBe(`// Made by nestjs-realtime-asyncapi from the document of Games 1.2.0: run it again instead of editing.

export interface Score {
  points: number;
}

export type Level = "low" | "high";

/** Channel → what its events carry. */
export interface Events {
  /**
   * games:{gameId}:score
   * For everyone.
   */
  [channel: \`games:\${string}:score\`]: Score;
  /** levels */
  levels: Level;
  /** levels:more */
  "levels:more": unknown;
}

declare module 'nestjs-realtime/client' {
  interface RealtimeEvents extends Events {}
}
`);
    expect(typesOf(channels, schemas)).not.toContain('declare module');
  });

  it('match those in docs/channels.md', () => {
    const updated = readSchema(
      { properties: { id: { type: 'string' }, name: { type: 'string' } }, required: ['id', 'name'] },
      'ProjectUpdated',
    );
    const about = 'For users that the policy ProjectPolicy allows.';
    const channels = [channel('projects:{projectId}:updated', ref('ProjectUpdated'), about)];
    const [, ...code] = typesOf(channels, new Map([['ProjectUpdated', updated]]), true).split('\n\n');
    expect(readFileSync('docs/channels.md', 'utf8')).toContain(code.join('\n\n'));
  });

  it('have valid, distinct names', () => {
    const schemas = new Map(['Events', 'a b', 'a-b', '1st'].map((name) => [name, ANY]));
    expect(typesOf([], schemas).match(/(?<=type )\w+/g)).toEqual(['Events_2', 'a_b', 'a_b_2', '_1st']);
  });

  it('of a pattern include the types of all channels that its template matches, so that the map is valid', () => {
    const code = typesOf(
      [
        channel('a:{x}:end', ref('A')),
        channel('a:{x}:b:end', ref('B')),
        channel('a:c:d:end', ref('C')),
        channel('a:end', ref('D')),
      ],
      new Map(['A', 'B', 'C', 'D'].map((name) => [name, ANY])),
    );
    expect(code).toContain('[channel: `a:${string}:end`]: A | B | C;');
    expect(code).toContain('[channel: `a:${string}:b:end`]: B;');
    expect(code).toContain('"a:end": D;');
  });

  it('escape the title', () => {
    const code = eventTypes({ title: 'a\nb', version: '', channels: [], schemas: new Map() }, { augment: false });
    expect(code.split('\n')[0]).toContain('the document of a b:');
  });
});
