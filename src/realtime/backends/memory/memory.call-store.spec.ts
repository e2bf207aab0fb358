import type { CallKey, CallRules } from '../../commands/call-store.js';
import { MemoryCallStore } from './memory.call-store.js';

/** Memory of a call in addition to its outcome, in bytes. */
const CALL = 512;
const LARGE = { calls: 1_000, bytes: 1_000_000 };
const RULES: CallRules = { keepMs: 1_000, leaseMs: 1_000, perUser: LARGE, perTenant: LARGE, maxBytes: 4 * CALL };

describe('MemoryCallStore', () => {
  let now = 0;
  let store: MemoryCallStore;
  const keyOf = (id: string): CallKey => ({ tenant: 'acme', owner: 'ann', id });
  const begin = (id: string, rules = RULES) => store.begin(keyOf(id), 'here', rules);
  const end = async (id: string, outcome: string): Promise<void> => {
    await begin(id);
    await store.finish(keyOf(id), 'here', outcome, RULES);
  };

  beforeEach(() => {
    now = 0;
    store = new MemoryCallStore(() => now);
  });

  it('forgets the oldest outcomes for new calls, but not that their calls ran', async () => {
    await end('1', 'a'.repeat(CALL));
    await end('2', 'b'.repeat(CALL));
    expect(await begin('3')).toEqual({ state: 'begun' });
    expect(await begin('1')).toEqual({ state: 'ended', outcome: null });
    expect(await begin('2')).toEqual({ state: 'ended', outcome: 'b'.repeat(CALL) });
  });

  it('refuses calls if there is no outcome left to forget, until the oldest call expires', async () => {
    for (const id of ['1', '2', '3', '4']) await end(id, 'x'.repeat(100));
    expect(await begin('5')).toEqual({ state: 'full' });
    expect(await begin('1')).toEqual({ state: 'ended', outcome: null });
    now = RULES.keepMs;
    expect(await begin('5')).toEqual({ state: 'begun' });
  });

  it('does not keep an outcome that is larger than its memory', async () => {
    await end('1', 'x'.repeat(4 * CALL));
    expect(await begin('1')).toEqual({ state: 'ended', outcome: null });
    await end('2', 'y');
    expect(await begin('2')).toEqual({ state: 'ended', outcome: 'y' });
  });

  it('counts the bytes of forgotten outcomes for no user', async () => {
    const rules = { ...RULES, perUser: { calls: 10, bytes: 2 * CALL } };
    await end('1', 'a'.repeat(CALL));
    await end('2', 'b'.repeat(CALL));
    await begin('3');
    await store.finish(keyOf('3'), 'here', 'c', rules);
    expect(await begin('3')).toEqual({ state: 'ended', outcome: 'c' });
  });
});
