import { fieldsOf, piecesOf, type Schema } from './schema.js';

const textOf = (schema: Schema) =>
  piecesOf(schema)
    .map((piece) => (typeof piece === 'string' ? piece : `<${piece.type}>`))
    .join('');

describe('piecesOf', () => {
  it.each<[Schema, string]>([
    [{ type: 'integer' }, 'integer'],
    [{}, 'anything'],
    [{ type: ['string', 'null'] }, 'string | null'],
    [{ $ref: '#/components/schemas/Member' }, '<Member>'],
    [{ type: 'array', items: { $ref: '#/components/schemas/Member' } }, '<Member>[]'],
    [{ type: 'array', items: { oneOf: [{ type: 'string' }, { $ref: '#/x/A' }] } }, '(string | <A>)[]'],
    [{ allOf: [{ $ref: '#/x/A' }, { $ref: '#/x/B' }] }, '<A> & <B>'],
    [{ type: 'string', enum: ['owner', 'guest'] }, '"owner" | "guest"'],
    [{ const: null }, 'null'],
  ])('%j', (schema, text) => {
    expect(textOf(schema)).toBe(text);
  });
});

it('lists every field with its path and notes', () => {
  const fields = fieldsOf({
    properties: {
      id: { type: 'integer', minimum: 1 },
      budget: { type: 'integer', 'x-groups': ['billing', 'admin'] },
      email: { type: 'string', 'x-groups': ['admin'], 'x-users': ['id'] },
      row: { type: 'object', properties: { at: { type: 'string', format: 'date-time' } }, required: ['at'] },
      tags: { type: 'array', items: { type: 'object', properties: { text: { description: 'What it says' } } } },
      names: { type: 'array', maxItems: 3, items: { type: 'string', maxLength: 9 } },
    },
    required: ['id', 'row', 'tags'],
  });
  expect(fields.map(({ name, notes }) => [name, ...notes])).toEqual([
    ['id', 'minimum 1'],
    ['budget', 'optional', 'only for billing, admin'],
    ['email', 'optional', 'only for admin, the user in id'],
    ['row'],
    ['row.at', 'format date-time'],
    ['tags'],
    ['tags[].text', 'optional', 'What it says'],
    ['names', 'optional', 'maxItems 3', 'maxLength 9'],
  ]);
});
