import fc from 'fast-check';
import { mergeChannels, selectChannels } from './channel-rows.js';

const names = fc.constantFrom(...['apps:a', 'apps:b', 'apps:c', 'users:a', 'user:1', 'user:2', 'Zoo:x']);

describe('the pages of channels of several instances', () => {
  it('contain each channel once, sorted by name, with the subscribers of all instances', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.dictionary(names, fc.integer({ min: 1, max: 9 })), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 4 }),
        async (instances, limit) => {
          const expected = [...new Set(instances.flatMap((one) => Object.keys(one)))]
            .sort((a, b) => (a < b ? -1 : 1))
            .map((topic) => {
              const counts = instances.flatMap((one) => one[topic] ?? []);
              return { topic, subscribers: counts.reduce((a, b) => a + b, 0), instances: counts.length };
            });
          const found = [];
          let after: string | null = null;
          do {
            const query = { most: limit + 1, ...(after === null ? {} : { after }) };
            const answers = await Promise.all(
              instances.map((one) => selectChannels(Object.keys(one), (name) => one[name] ?? 0, query)),
            );
            const { rows, total, end } = mergeChannels(answers, limit);
            expect(total).toBe(expected.length);
            found.push(...rows);
            after = end;
          } while (after !== null);
          expect(found).toEqual(expected);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('are filtered by a case-insensitive search, and `total` counts the matches', async () => {
    const answer = await selectChannels(['apps:a', 'Apps:b', 'users:a'], () => 1, { most: 10, search: 'APPS' });
    expect(mergeChannels([answer], 1)).toEqual({
      rows: [{ topic: 'Apps:b', subscribers: 1, instances: 1 }],
      total: 2,
      end: 'Apps:b',
    });
  });
});
