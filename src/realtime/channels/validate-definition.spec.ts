import type { ChannelDefinition } from '../options/channel-definition.js';
import { validateDefinition } from './validate-definition.js';

class Data {}

const problemsOf = (definition: object | null): string[] =>
  validateDefinition(definition as ChannelDefinition, [{ name: 'built:in' }]);

describe('validateDefinition', () => {
  it.each<object>([
    { name: 'a:b' },
    { name: 'a:{b}', access: { owner: 'b' } },
    {
      name: 'a:b',
      access: 'public',
      data: Data,
      declaredFieldsOnly: true,
      history: false,
      presence: true,
      global: false,
    },
    { name: 'a:b', declaredFieldsOnly: false },
    { name: 'a:b', access: { roles: ['x'] }, history: { size: 1, ttlMs: 1, read: false } },
    { name: 'built:in', presence: true },
  ])('accepts %j', (definition) => {
    expect(problemsOf(definition)).toEqual([]);
  });

  it.each<[object | null, string]>([
    [null, 'a channel must be an object with a `name`'],
    [{ name: 5 }, 'a channel must be an object with a `name`'],
    [{ name: 'a:*' }, 'name "a:*" must not end in *: name each channel'],
    [{ name: 'built:in', access: 'public' }, 'built:in is built in: its access cannot be changed'],
    [{ name: 'user:{id}' }, 'user:{id}: the group `user` belongs to the private channels'],
    [{ name: 'a', access: 'nobody' }, 'access must be public, authenticated, admin, { roles: […] } or'],
    [{ name: 'a', access: null }, 'access must be public'],
    [{ name: 'a', access: {} }, 'access must be public'],
    [{ name: 'a', access: { roles: 'x' } }, 'access.roles must be a list of at least one role'],
    [{ name: 'a', access: { roles: [''] } }, 'access.roles must be a list'],
    [{ name: 'a', access: { roles: [5] } }, 'access.roles must be a list'],
    [{ name: 'a:{b}', access: { owner: 'c' } }, 'access.owner must be a parameter of the name'],
    [{ name: 'a:{b}', access: { owner: 'b', roles: ['x'] } }, 'access must be public'],
    [{ name: 'a', data: {} }, 'a: data must be a class'],
    [{ name: 'a', data: Data, declaredFieldsOnly: 'yes' }, 'a: declaredFieldsOnly must be true or false'],
    [{ name: 'a', declaredFieldsOnly: true }, 'a: declaredFieldsOnly needs a class: give the definition its `data`'],
    [{ name: 'a', presence: 1 }, 'a: presence must be true, false or { state: true }'],
    [{ name: 'a', global: 1 }, 'a: global must be true or false'],
    [{ name: 'a', history: { size: 0 } }, 'a: history must be false or { size, ttlMs, read }'],
    [{ name: 'a', history: { ttlMs: 1.5 } }, 'a: history must be false or'],
    [{ name: 'a', history: { read: 1 } }, 'a: history must be false or'],
    [{ name: 'a', history: { other: 1 } }, 'a: history must be false or'],
  ])('names the problem of %j', (definition, problem) => {
    expect(problemsOf(definition)).toEqual([expect.stringContaining(problem)]);
  });
});
