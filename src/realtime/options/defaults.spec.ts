import { readFileSync } from 'node:fs';
import { CommandLimitOptions } from './command-options.js';
import { HistoryOptions } from './history-options.js';
import { JwtOptions } from './jwt-options.js';
import { ResolvedRealtimeOptions } from './realtime-options.js';
import { RedisOptions } from './redis-options.js';
import { TenantOptions } from './tenant-options.js';

/** Documented defaults of the properties of a file that are a number, a string, true or false. */
function documentedIn(file: string): (readonly [name: string, value: unknown])[] {
  const code = readFileSync(`src/realtime/options/${file}.ts`, 'utf8');
  return code.split('/**').flatMap((part) => {
    const [doc, property = ''] = part.split('*/');
    const [, value] = /@default (\d+|true|false|'[^']*')(?=\s|$)/.exec(doc!.replaceAll(/\s*\n\s*\*?\s*/g, ' ')) ?? [];
    const [, name] = /^ {2}(\w+)(?:: [^=\n]+)? = /m.exec(property) ?? [];
    if (value === undefined || name === undefined) return [];
    return [[name, JSON.parse(value.replaceAll("'", '"')) as unknown] as const];
  });
}

describe('the documented defaults', () => {
  it.each<[string, object, number]>([
    ['realtime-options', new ResolvedRealtimeOptions(), 12],
    ['route-options', new ResolvedRealtimeOptions(), 6],
    ['limit-options', new ResolvedRealtimeOptions(), 20],
    ['jwt-options', Object.assign({}, new JwtOptions().claims, new JwtOptions()), 6],
    ['history-options', new HistoryOptions(), 2],
    ['command-options', new CommandLimitOptions(), 5],
    ['redis-options', new RedisOptions(), 1],
    ['tenant-options', new TenantOptions(), 1],
  ])('of %s are those of the code', (file, options, atLeast) => {
    const documented = documentedIn(file);
    const actual = documented.map(([name]) => [name, Reflect.get(options, name) as unknown]);
    expect(actual).toEqual(documented);
    expect(documented.length).toBeGreaterThanOrEqual(atLeast);
  });
});
