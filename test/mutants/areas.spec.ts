import { existsSync, readdirSync } from 'node:fs';
import { AREAS, areaOf, isInArea } from './areas.js';

describe('the area of a file', () => {
  const specs = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.spec.ts'));

  it.each(Object.entries(AREAS))('%s has specs in test', (folder, pattern) => {
    expect(existsSync(folder)).toBe(true);
    // Each alternative names at least one spec: a renamed spec is noticed.
    const unused = pattern.source.split(/[|()^]+/).filter((part) => !specs.some((spec) => new RegExp(part).test(spec)));
    expect(unused).toEqual([]);
  });

  it('has the specs of its folder in test, unless it names others', () => {
    expect(areaOf('src/realtime/http/inspection/paging.ts')).toBe('src/realtime/http');
    expect(areaOf('src/client/live/live.ts')).toBe('src/client');
    expect(isInArea('test/streams/streams.spec.ts', 'src/realtime/streams')).toBe(true);
    expect(isInArea('test/operators/states.spec.ts', 'src/realtime/streams')).toBe(false);
    expect(isInArea('test/operators/states.spec.ts', 'src/realtime/http')).toBe(true);
  });
});
