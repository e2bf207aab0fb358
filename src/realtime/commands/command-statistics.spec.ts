import { CommandStatistics } from './command-statistics.js';

const COMMAND = { command: 'apps.rename', once: true, anonymous: false };

describe('CommandStatistics', () => {
  it('count calls by outcome since the start, and those that run', () => {
    const statistics = new CommandStatistics(COMMAND, 0);
    statistics.running += 3;
    statistics.ended('succeeded', false, 5, 10);
    statistics.ended('conflict', true, 5, 20);
    expect(statistics.report(1_000)).toMatchObject({
      ...{ ...COMMAND, running: 1, repeated: 1, recentMs: 1_000 },
      outcomes: [
        { label: 'succeeded', count: 1 },
        { label: 'conflict', count: 1 },
      ],
    });
  });
});
