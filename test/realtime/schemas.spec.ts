import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode, encode, SchemaError, type Schema } from '../../src/realtime/schemas/schema.js';
import { SAMPLES } from './support/schema-samples.js';

const FOLDER = join(import.meta.dirname, '../../src/realtime');

/** Files that parse JSON without a schema, and the reason. */
const WITHOUT_SCHEMA: Readonly<Record<string, string>> = {
  'options/options-from-env.ts': 'the environment; the options are checked after that',
  'schemas/schema.ts': 'this is the schemas',
  'http/read-body.ts': 'a request; the controllers check it',
  'publishing/events-publisher.ts': 'what this instance has just serialised',
  'publishing/event-composer.ts': 'the data of an event, which can be any JSON',
  'publishing/event-validator.ts': 'the data of an event, which can be any JSON',
  'auth/token-headers.ts': 'the header of a token; the verifier checks each of its fields',
  'nest/installed-version.ts': 'the package.json of a package that npm installed',
  'channels/fields/without-proto.ts': 'the data of an event, which can be any JSON',
  'channels/fields/field-groups.ts': 'what this instance has just serialised',
  'http/inspection/paging.ts': 'a cursor of a request; the controllers check it',
  'presence/roster.ts': 'members that this instance has just serialised',
  'commands/call-outcome.ts': 'the result of a command, which can be any JSON; the fields of an error are checked',
  'http/commands.controller.ts': 'a result that this instance has just made',
  'sse/wait-transport.ts': 'a frame that this instance has just made',
  'live/live-states.ts': 'the state that a function of the application has just loaded, which can be any JSON',
  'streams/stream-notice.ts': 'a list of four values; each is checked, and after a wrong one the stream is read',
  'delivery/history-pages.ts': 'a frame that this instance has just made',
  'http/inspection/inspection.service.ts': 'a frame that this instance has just made',
};

/** Values that a store or another program can put in any place. `JSON.parse` reads 1e999 as Infinity. */
const HOSTILE: readonly string[] = [
  ...['null', 'true', '""', '"x"', '[]', '{}', '0', '-0', '-1', '0.5', '1e999', '-1e999', '1e308', '9007199254740993'],
  ...['"Infinity"', '"-Infinity"', '"NaN"', '"__proto__"', '"\\ud800"', '"%E0%A4%A"'],
  ...['{"__proto__":{"polluted":1}}', '{"toString":1,"length":5}', '{"constructor":{"prototype":{}}}'],
];

/** Large hostile values, tried on the last sample of each schema. */
const LARGE: readonly string[] = [
  JSON.stringify('l'.repeat(100_000)),
  '['.repeat(20_000) + ']'.repeat(20_000),
  `[${'0,'.repeat(100_001)}0]`,
];

/** Fields that allow any JSON. */
const OPEN = new Set(['sentAnswerSchema.answer', 'eventBodySchema.data']);

type Path = readonly (string | number)[];

/** Lists the path of every place in a JSON value, starting with the whole. */
function placesIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys = Array.isArray(value) ? [...value.keys()].slice(0, 2) : Object.keys(value);
  return [path, ...keys.flatMap((key) => placesIn((value as Record<string | number, unknown>)[key], [...path, key]))];
}

/** Returns the JSON of a value with one place replaced, or removed without a replacement. */
function replaced(value: unknown, path: Path, replacement: string | null): string {
  if (path.length === 0) return replacement ?? '';
  const [key, ...rest] = path as readonly [string | number, ...Path];
  const inner = (name: string | number, entry: unknown): string | null =>
    String(name) !== String(key)
      ? JSON.stringify(entry)
      : rest.length === 0
        ? replacement
        : replaced(entry, rest, replacement);
  if (Array.isArray(value)) return `[${value.map((entry, index) => inner(index, entry) ?? 'null').join(',')}]`;
  const fields = Object.entries(value as object)
    .map(([name, entry]) => [name, inner(name, entry)] as const)
    .filter(([, json]) => json !== null);
  return `{${fields.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
}

/** Fails for a value that JSON would change, or with a prototype that JSON does not produce. */
function expectPlain(value: unknown): void {
  if (typeof value === 'number') expect(Number.isNaN(value) || Object.is(value, -0)).toBe(false);
  if (typeof value !== 'object' || value === null) return;
  expect(Object.getPrototypeOf(value)).toBe(Array.isArray(value) ? Array.prototype : Object.prototype);
  for (const entry of Object.values(value)) expectPlain(entry);
}

describe('schemas of data that instances and stores exchange', () => {
  const schemas = new Map<string, Schema<unknown>>();
  const parsing: string[] = [];

  beforeAll(async () => {
    for (const file of await readdir(FOLDER, { recursive: true })) {
      if (!file.endsWith('.ts') || file.endsWith('.spec.ts')) continue;
      const text = await readFile(join(FOLDER, file), 'utf8');
      if (text.includes('JSON.parse(')) parsing.push(file);
      const names = [...text.matchAll(/^export const (\w+Schema)\b/gm)].map(([, name]) => name!);
      if (names.length === 0) continue;
      const exports = (await import(join(FOLDER, file))) as Record<string, Schema<unknown>>;
      for (const name of names) {
        if (schemas.has(name)) throw new Error(`There are two schemas with the name ${name}`);
        schemas.set(name, exports[name]!);
      }
    }
  });

  it('all take part in this test', () => {
    expect([...schemas.keys()].toSorted()).toEqual(Object.keys(SAMPLES).toSorted());
  });

  it('check all JSON that is parsed, except the listed files', () => {
    expect(parsing.toSorted()).toEqual(Object.keys(WITHOUT_SCHEMA).toSorted());
  });

  describe.each(Object.entries(SAMPLES))('%s', (name, samples) => {
    const schema = (): Schema<unknown> => schemas.get(name)!;

    it('keeps values unchanged through JSON', () => {
      for (const sample of samples) expect(decode(schema(), encode(schema(), sample))).toStrictEqual(sample);
    });

    it('accepts or rejects a value with one place replaced or removed, and an accepted one survives JSON', () => {
      for (const sample of samples) {
        const sent = JSON.parse(encode(schema(), sample)) as unknown;
        for (const path of placesIn(sent)) {
          if (OPEN.has([name, ...path.slice(0, 1)].join('.'))) continue;
          for (const replacement of [null, ...HOSTILE, ...(sample === samples.at(-1) ? LARGE : [])]) {
            let value: unknown;
            try {
              value = decode(schema(), replaced(sent, path, replacement));
            } catch (error) {
              if (error instanceof SchemaError || (path.length === 0 && error instanceof SyntaxError)) continue;
              throw error;
            }
            expectPlain(value);
            expect(decode(schema(), encode(schema(), value))).toStrictEqual(value);
          }
        }
      }
    });

    it('never writes a number that JSON cannot represent', () => {
      for (const sample of samples) {
        for (const path of placesIn(sample)) {
          if (path.length === 0 || OPEN.has([name, ...path.slice(0, 1)].join('.'))) continue;
          const changed = structuredClone(sample) as Record<string | number, unknown>;
          let owner = changed;
          for (const key of path.slice(0, -1)) owner = owner[key] as typeof owner;
          owner[path.at(-1)!] = NaN;
          expect(() => encode(schema(), changed)).toThrow(SchemaError);
        }
      }
    });
  });

  it('omit unknown fields', () => {
    const text = '{"channels":[],"__proto__":{"x":1},"constructor":1}';
    expect(Object.keys(decode(schemas.get('hintSchema')!, text) as object)).toEqual(['channels']);
  });
});
