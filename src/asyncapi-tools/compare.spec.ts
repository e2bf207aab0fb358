import { compareContracts } from './compare.js';
import type { Access, Contract, ContractChannel, ContractStream } from './contract.js';
import { ANY, readSchema } from './schema.js';

const channel = (changed: Partial<ContractChannel> = {}): ContractChannel => ({
  address: 'games:{gameId}:score',
  description: '',
  access: 'authenticated',
  history: true,
  presence: false,
  presenceState: false,
  data: { kind: 'any' },
  state: null,
  stream: null,
  ...changed,
});
const contract = (channels: readonly ContractChannel[], schemas: Record<string, object> = {}): Contract => ({
  title: '',
  version: '',
  channels,
  commands: [],
  schemas: new Map(Object.entries(schemas).map(([name, schema]) => [name, readSchema(schema, name)])),
});
const compare = (older: Contract, newer: Contract): string[] =>
  compareContracts(older, newer).map(({ breaks, text }) => `${breaks ? 'breaking' : 'harmless'}: ${text}`);

describe('the changes of a channel', () => {
  const between = (older: Partial<ContractChannel>, newer: Partial<ContractChannel>): string[] =>
    compare(contract([channel(older)]), contract([channel(newer)]));

  it('are empty for the same document', () => {
    expect(between({}, {})).toEqual([]);
  });

  it('include that it was added or removed', () => {
    expect(compareContracts(contract([channel()]), contract([channel({ address: 'games:all' })]))).toEqual([
      { breaks: true, channel: 'games:{gameId}:score', text: 'is gone' },
      { breaks: false, channel: 'games:all', text: 'is new' },
    ]);
  });

  it('do not include the name of a parameter', () => {
    expect(between({ access: { owner: 'gameId' } }, { address: 'games:{id}:score', access: { owner: 'id' } })).toEqual([
      'harmless: has the new address games:{id}:score, which matches the same names',
    ]);
  });

  it('include the state of members', () => {
    const taken = { presence: true, presenceState: true };
    expect(between({ presence: true }, taken)).toEqual(['harmless: takes the state of members now']);
    expect(between(taken, { presence: true })).toEqual(['breaking: no longer takes the state of members']);
  });

  it('include the state of a live resource', () => {
    const state = (properties: object, required: string[]) => ({
      state: readSchema({ properties, required }, 'state'),
    });
    const title = { type: 'string' };
    const was = state({ title, cards: { type: 'object', additionalProperties: { properties: { title } } } }, ['title']);
    expect(between(was, state({ title }, ['title']))).toEqual(['breaking: state.cards is gone']);
    expect(
      between(was, state({ title, cards: { type: 'object', additionalProperties: { properties: {} } } }, ['title'])),
    ).toEqual(['breaking: state.cards.*.title is gone']);
    expect(between(state({ title }, ['title']), was)).toEqual(['harmless: state.cards is new']);
    expect(between(state({ title }, ['title']), state({ title }, []))).toEqual([
      'breaking: state.title can now be missing',
    ]);
    expect(between(was, {})).toEqual(['breaking: is a channel of events, and was a live resource']);
    expect(between({}, was)).toEqual(['breaking: is a live resource, and was a channel of events']);
  });

  it('include the content of a stream, its result, and who can cancel it', () => {
    const stream = (changed: Partial<ContractStream> = {}): Partial<ContractChannel> => ({
      data: null,
      stream: { lines: false, item: ANY, result: ANY, cancel: null, ...changed },
    });
    const schema = (...names: string[]) =>
      readSchema({ properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) }, 'schema');
    expect(between(stream(), stream())).toEqual([]);
    expect(between(stream(), stream({ lines: true }))).toEqual([
      'breaking: is a stream of JSON lines, and was a stream of text',
    ]);
    expect(between(stream({ lines: true }), {})).toEqual([
      'breaking: is a channel of events, and was a stream of JSON lines',
    ]);
    const lines = (...names: string[]) => stream({ lines: true, item: schema(...names) });
    expect(between(lines('a'), lines('a', 'b'))).toEqual(['harmless: item.b is new']);
    expect(between(lines('a', 'b'), lines('a'))).toEqual(['breaking: item.b is gone']);
    expect(between(stream({ result: schema('a') }), stream({ result: schema() }))).toEqual([
      'breaking: result.a is gone',
    ]);
    expect(between(stream(), stream({ cancel: 'authenticated' }))).toEqual([
      'harmless: can be cancelled by clients now',
    ]);
    expect(between(stream({ cancel: 'admin' }), stream())).toEqual([
      'breaking: can no longer be cancelled by clients, unless a policy allows it',
    ]);
    expect(between(stream({ cancel: 'authenticated' }), stream({ cancel: { roles: ['ops'] } }))).toEqual([
      'breaking: its cancelling is for the roles ops, and was for every client with a token',
    ]);
  });

  it('include history and presence', () => {
    expect(between({}, { history: false, presence: true })).toEqual([
      'breaking: no longer keeps a history: events have no id, and clients cannot resume',
      'harmless: has presence now',
    ]);
    expect(between({ history: false, presence: true }, {})).toEqual([
      'harmless: keeps a history now',
      'breaking: no longer has presence',
    ]);
  });

  const rules: Record<string, Access> = {
    public: 'public',
    authenticated: 'authenticated',
    roles: { roles: ['a', 'b'] },
    more: { roles: ['c', 'b', 'a'] },
    owner: { owner: 'gameId' },
    admin: 'admin',
    policy: { policy: 'P' },
    other: { policy: 'Q' },
  };
  /** For each rule, the rules that admit all clients that it admits, as far as a document shows. */
  const harmless: Record<string, string[]> = {
    public: [],
    authenticated: ['public'],
    roles: ['public', 'authenticated', 'more'],
    more: ['public', 'authenticated'],
    owner: ['public', 'authenticated'],
    admin: ['public', 'authenticated', 'roles', 'more', 'owner'],
    policy: ['public'],
    other: ['public'],
  };
  it.each(Object.keys(rules))('include its access rule, if it was %s', (before) => {
    const open = Object.keys(rules).filter((after) => {
      const changes = between({ access: rules[before] }, { access: rules[after] });
      expect(changes).toHaveLength(before === after ? 0 : 1);
      return changes.some((change) => change.startsWith('harmless'));
    });
    expect(open).toEqual(harmless[before]);
  });

  it('describe access rules in words', () => {
    expect(between({ access: 'public' }, { access: { roles: ['a', 'b'] } })).toEqual([
      'breaking: is for the roles a, b, and was for everyone',
    ]);
    expect(between({ access: { policy: 'P' } }, { access: { owner: 'gameId' } })).toEqual([
      'breaking: is for the user whose id is gameId, and was for users that the policy P allows (the document does not contain the decisions of a policy)',
    ]);
  });
});

describe('the changes of data', () => {
  const schemas = { A: { properties: { id: { type: 'integer' } } } };
  const between = (older: object, newer: object): string[] =>
    compare(
      contract([channel({ data: readSchema(older, 'data') })], schemas),
      contract([channel({ data: readSchema(newer, 'data') })], schemas),
    );
  const fields = (properties: object, required: readonly string[] = []) => ({ type: 'object', properties, required });
  const text = { type: 'string' };

  it.each<[string, object, object, string[]]>([
    ['a field is gone', fields({ a: text, b: text }), fields({ a: text }), ['breaking: data.b is gone']],
    ['a field is new', fields({ a: text }), fields({ a: text, b: text }), ['harmless: data.b is new']],
    [
      'a field becomes optional',
      fields({ a: text }, ['a']),
      fields({ a: text }),
      ['breaking: data.a can now be missing'],
    ],
    [
      'a field becomes required',
      fields({ a: text }),
      fields({ a: text }, ['a']),
      ['harmless: data.a is now always present'],
    ],
    [
      'a field is restricted to a group',
      fields({ a: text }, ['a']),
      fields({ a: { ...text, 'x-groups': ['billing'] } }),
      ['breaking: data.a is for the group billing, and was for everyone'],
    ],
    [
      'a field is for fewer groups',
      fields({ a: { ...text, 'x-groups': ['billing', 'admin'] } }),
      fields({ a: { ...text, 'x-groups': ['admin', 'sales'] } }),
      ['breaking: data.a is for the groups admin, sales, and was for the groups billing, admin'],
    ],
    [
      'a field is for more groups',
      fields({ a: { ...text, 'x-groups': ['admin'] }, b: { ...text, 'x-groups': ['admin'] } }),
      fields({ a: { ...text, 'x-groups': ['sales', 'admin'] }, b: text }),
      [
        'harmless: data.a is for the groups sales, admin, and was for the group admin',
        'harmless: data.b is for everyone, and was for the group admin',
      ],
    ],
    [
      'the groups of a field in another order',
      fields({ a: { ...text, 'x-groups': ['admin', 'sales'] } }),
      fields({ a: { ...text, 'x-groups': ['sales', 'admin'] } }),
      [],
    ],
    [
      'a field is restricted to a user',
      fields({ a: text }, ['a']),
      fields({ a: { ...text, 'x-groups': [], 'x-users': ['id'] } }),
      ['breaking: data.a is for the user in id, and was for everyone'],
    ],
    [
      'a field is no longer for a user',
      fields({ a: { ...text, 'x-groups': ['admin'], 'x-users': ['id'] } }),
      fields({ a: { ...text, 'x-groups': ['admin', 'id'] } }),
      ['breaking: data.a is for the groups admin, id, and was for the group admin and the user in id'],
    ],
    [
      'a field is also for a user',
      fields({ a: { ...text, 'x-groups': ['admin'] } }),
      fields({ a: { ...text, 'x-groups': ['admin'], 'x-users': ['id'] } }),
      ['harmless: data.a is for the group admin and the user in id, and was for the group admin'],
    ],
    ['a type', fields({ a: text }), fields({ a: { type: 'number' } }), ['breaking: data.a is number, and was string']],
    ['an integer no more', { type: 'integer' }, { type: 'number' }, ['breaking: data is number, and was integer']],
    ['an integer now', { type: 'number' }, { type: 'integer' }, ['harmless: data is integer, and was number']],
    ['one more value', { enum: ['a'] }, { enum: ['a', 'b'] }, ['breaking: data is "a" | "b", and was "a"']],
    ['one value less', { enum: ['a', 'b'] }, { enum: ['b'] }, ['harmless: data is "b", and was "a" | "b"']],
    ['some of all values', text, { enum: ['a', 'b'] }, ['harmless: data is "a" | "b", and was string']],
    ['any value', { enum: ['a'] }, text, ['breaking: data is string, and was "a"']],
    ['null, too', text, { type: ['string', 'null'] }, ['breaking: data is string | null, and was string']],
    ['no null', { type: ['string', 'null'] }, text, ['harmless: data is string, and was string | null']],
    [
      'a form less',
      { type: 'string', format: 'date-time' },
      text,
      ['breaking: data is string, and was string (date-time)'],
    ],
    ['a form', text, { type: 'string', format: 'date-time' }, ['harmless: data is string (date-time), and was string']],
    ['anything', text, {}, ['breaking: data is anything, and was string']],
    ['something', {}, text, ['harmless: data is string, and was anything']],
    ['a list', text, { type: 'array', items: text }, ['breaking: data is a list, and was string']],
    ['what a list holds', { items: fields({ a: text }) }, { items: fields({}) }, ['breaking: data[].a is gone']],
    [
      'what other fields hold',
      { type: 'object', additionalProperties: text },
      { type: 'object' },
      ['breaking: data.* is anything, and was string'],
    ],
    [
      'an object or nothing',
      { anyOf: [fields({ a: text }), { type: 'null' }] },
      fields({ a: text }),
      ['harmless: data is an object, and was an object | null'],
    ],
    [
      'a kind of object',
      { oneOf: [fields({ a: text }, ['a']), fields({ b: text }, ['b'])] },
      { oneOf: [fields({ b: text }, ['b'])] },
      [],
    ],
    ['limits', { type: 'string', maxLength: 5 }, { type: 'string', maxLength: 9 }, []],
    ['a name for the same', { $ref: '#/components/schemas/A' }, schemas.A, []],
    [
      'a choice of a type',
      { type: 'string', allOf: [{ enum: ['a'] }] },
      { type: 'string', allOf: [{ enum: ['a'] }] },
      [],
    ],
  ])('%s', (_, older, newer, expected) => {
    expect(between(older, newer)).toEqual(expected);
  });

  it('are found through named schemas and in recursive schemas', () => {
    const tree = (leaf: object) => ({
      Tree: fields({ leaf, nodes: { type: 'array', items: { $ref: '#/components/schemas/Tree' } } }),
    });
    const trees = [channel({ data: { kind: 'ref', name: 'Tree' } })];
    expect(compare(contract(trees, tree(text)), contract(trees, tree({ type: 'number' })))).toEqual([
      'breaking: data.leaf is number, and was string',
    ]);
  });
});
