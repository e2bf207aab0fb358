import { createRequire } from 'node:module';

interface Test {
  readonly path: string;
  readonly context: object;
}
interface Sequencer {
  sort(tests: readonly Test[]): readonly Test[];
}
const UnitFirst = createRequire(import.meta.url)('./unit-first.sequencer.cjs') as new (options: object) => Sequencer;

/** Returns the order of the specs in a run. Without a cache, Jest sorts by file size. */
function sorted(sizes: Readonly<Record<string, number>>): string[] {
  const config = { rootDir: '/project', cacheDirectory: '/nowhere', id: 'x' };
  const context = { config, hasteFS: { getSize: (path: string) => sizes[path.slice('/project/'.length)] } };
  const tests = Object.keys(sizes).map((path) => ({ path: `/project/${path}`, context }));
  return new UnitFirst({ contexts: [], globalConfig: {} })
    .sort(tests)
    .map(({ path }) => path.slice('/project/'.length));
}

describe('the order of the specs', () => {
  it('runs unit specs first, then specs that start processes, larger files first', () => {
    expect(
      sorted({
        'test/realtime/a.spec.ts': 9,
        'test/platform/b.spec.ts': 1,
        'src/realtime/c.spec.ts': 1,
        'test/fault/d.spec.ts': 5,
        'src/client/e.spec.ts': 2,
        'test/docs/f.spec.ts': 10,
      }),
    ).toEqual([
      ...['src/client/e.spec.ts', 'src/realtime/c.spec.ts', 'test/fault/d.spec.ts', 'test/platform/b.spec.ts'],
      ...['test/docs/f.spec.ts', 'test/realtime/a.spec.ts'],
    ]);
  });
});
