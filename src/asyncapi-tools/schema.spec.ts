import { printType } from './print-type.js';
import { readSchema } from './schema.js';

const typeOf = (schema: unknown): string => printType(readSchema(schema, 'data'), (name) => name);

describe('the type of a schema', () => {
  it.each([
    [{}, 'unknown'],
    [true, 'unknown'],
    [{ description: 'Any JSON' }, 'unknown'],
    [{ type: 'string', minLength: 1 }, 'string'],
    [{ type: 'integer', minimum: 1 }, 'number'],
    [{ type: ['string', 'null'] }, 'string | null'],
    [{ type: 'string', enum: ['a', "it's"] }, `"a" | "it's"`],
    [{ enum: [1, { a: 1 }] }, 'unknown'],
    [{ const: null }, 'null'],
    [{ type: 'array', items: { type: 'string' } }, 'Array<string>'],
    [{ items: { enum: ['a', 'b'] } }, 'Array<"a" | "b">'],
    [{ type: 'array', items: [{ type: 'string' }, { type: 'number' }] }, 'Array<string | number>'],
    [{ type: 'array' }, 'Array<unknown>'],
    [{ type: 'object' }, 'object'],
    [{ type: 'object', additionalProperties: { type: 'number' } }, 'Record<string, number>'],
    [{ type: 'object', additionalProperties: true }, 'object'],
    [{ $ref: '#/components/schemas/Score' }, 'Score'],
    [{ oneOf: [{ $ref: '#/components/schemas/A' }, { type: 'null' }] }, 'A | null'],
    [{ anyOf: [{ type: 'string' }, {}] }, 'unknown'],
    [
      { allOf: [{ $ref: '#/components/schemas/A' }, { oneOf: [{ type: 'string' }, { type: 'number' }] }] },
      'A & (string | number)',
    ],
    [{ not: { type: 'null' } }, 'unknown'],
  ])('of %j is %s', (schema, type) => {
    expect(typeOf(schema)).toBe(type);
  });

  it('of an object has its fields, optional marks and descriptions', () => {
    const schema = {
      properties: {
        id: { type: 'integer', description: 'Ends */ here' },
        'first-name': { type: 'string', description: 'one\ntwo' },
        inner: { type: 'object', properties: { a: { type: 'boolean' } } },
      },
      required: ['id'],
      additionalProperties: { type: 'string' },
    };
    expect(typeOf(schema)).toBe(`{
  /** Ends *\\/ here */
  id: number;
  /**
   * one
   * two
   */
  "first-name"?: string;
  inner?: {
    a?: boolean;
  };
  [field: string]: unknown;
}`);
  });

  it.each([
    [5, 'data must be an object'],
    [{ type: 'date' }, 'data.type must be a type of JSON Schema, not "date"'],
    [{ oneOf: {} }, 'data.oneOf must be a list'],
    [{ type: 'array', items: 5 }, 'data.items must be an object'],
    [{ properties: { a: { properties: [] } } }, 'data.properties.a.properties must be an object'],
    [{ $ref: 'other.json#/A' }, 'data refers to "other.json#/A", which is not in #/components/schemas'],
  ])('rejects %j', (schema, problem) => {
    expect(() => readSchema(schema, 'data')).toThrow(problem);
  });
});
