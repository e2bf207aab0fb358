import { newestFirst, renamed } from './application-list.js';
import type { ListedApp } from './types.js';

const appOf = (id: string, createdAt: string): ListedApp => ({
  ...{ id, name: `app ${id}`, status: 'created', ownerId: 'u1', createdAt, deployment: null },
});
const apps = Object.fromEntries(
  [
    appOf('b', '2026-01-01T00:00:00.000Z'),
    appOf('c', '2026-01-02T00:00:00.000Z'),
    appOf('a', '2026-01-01T00:00:00.000Z'),
  ].map((app) => [app.id, app]),
);

describe('the list of applications', () => {
  it('is sorted by age, newest first, and by id if the age is the same', () => {
    expect(newestFirst({ apps }).map(({ id }) => id)).toEqual(['c', 'a', 'b']);
  });

  it('has another name for an application that is being renamed, and keeps the rest', () => {
    const changed = renamed({ apps }, 'b', 'shop');
    expect(changed.apps['b']).toEqual({ ...apps['b'], name: 'shop' });
    expect(changed.apps['a']).toBe(apps['a']);
    expect(apps['b']).toMatchObject({ name: 'app b' });
  });

  it('stays as it is if the application was deleted meanwhile', () => {
    const list = { apps };
    expect(renamed(list, 'gone', 'shop')).toBe(list);
  });
});
