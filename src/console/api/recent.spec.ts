import { Recent } from './recent.js';

const isText = (value: unknown): value is string => typeof value === 'string';

function storeOf(kept: Record<string, string> = {}) {
  const map = new Map(Object.entries(kept));
  return {
    getItem: (key: string) => map.get(key) ?? null,
    setItem: (key: string, value: string) => map.set(key, value),
  };
}

it('keeps the last eight entries, newest first, each once', () => {
  const store = storeOf();
  const recent = new Recent('channels', isText, store);
  for (const name of ['a', 'b', 'c', 'a']) recent.add(name);
  expect(recent.list).toEqual(['a', 'c', 'b']);
  for (let n = 0; n < 9; n += 1) recent.add(String(n));
  expect(new Recent('channels', isText, store).list).toEqual(['8', '7', '6', '5', '4', '3', '2', '1']);
  expect(new Recent('users', isText, store).list).toEqual([]);
});

it('compares entries by their content', () => {
  const isEntry = (value: unknown): value is { user: string } => typeof value === 'object';
  const recent = new Recent('checks', isEntry, storeOf());
  recent.add({ user: 'ann' });
  expect(recent.add({ user: 'ann' })).toEqual([{ user: 'ann' }]);
});

it.each(['rubbish', '{}', 'null', '[1, null, {}]'])('ignores %s in the storage', (kept) => {
  expect(new Recent('channels', isText, storeOf({ 'realtime.console.recent.channels': kept })).list).toEqual([]);
});
