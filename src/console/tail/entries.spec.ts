import { sizeOf } from '../size.js';
import { entriesOf, matching, type KeptEvent } from './entries.js';

const event = (id: string | undefined, data: unknown): KeptEvent => ({
  ...{ channel: 'apps:created', data, timestamp: '2026-01-01T00:00:00.000Z' },
  ...(id !== undefined && { id }),
});

it('shows the kept events and then the live ones, newest first, each once', () => {
  const entries = entriesOf([event('e-1', 'a'), event('e-2', 'b')], [event('e-2', 'b'), event('e-3', 'c')]);
  expect(entries.map(({ id, isKept }) => [id, isKept])).toEqual([
    ...[
      ['e-3', false],
      ['e-2', false],
      ['e-1', true],
    ],
  ]);
});

it('shows events without an id, with different keys', () => {
  const entries = entriesOf([], [event(undefined, 1), event(undefined, 2)]);
  expect(new Set(entries.map(({ key }) => key)).size).toBe(2);
  expect(entries.map(({ id, json }) => [id, json])).toEqual([
    [null, '2'],
    [null, '1'],
  ]);
});

it('measures the data in UTF-8', () => {
  expect(entriesOf([], [event('e-1', { name: 'ä' })])[0]?.bytes).toBe(13);
  expect([0, 1_023, 1_024, 1_536, 20_480].map(sizeOf)).toEqual(['0 B', '1023 B', '1.0 KiB', '1.5 KiB', '20 KiB']);
});

it('filters by id and data, case-insensitive', () => {
  const entries = entriesOf([], [event('ab-1', { name: 'Shop' }), event('cd-2', { name: 'Bank' })]);
  const found = (text: string) => matching(entries, text).map(({ id }) => id);
  expect([found(' shop '), found('CD-'), found('nothing'), found('')]).toEqual([
    ...[['ab-1'], ['cd-2'], [], ['cd-2', 'ab-1']],
  ]);
});
