import { startPlatform, type Started } from '../platform.js';
import { Standalone, type StandaloneName } from '../standalone.js';
import type { Context } from './context.js';
import { columnOf } from './fan-out.js';
import { MODULE, type Row } from './row.js';

const SERVERS: readonly StandaloneName[] = ['module', 'nest', 'ws'];

/** Time, CPU and memory until a program is ready: a small application beside bare Nest, and the platform in memory. */
export async function startRows(context: Context): Promise<Row[]> {
  const small = new Map<string, Started[]>(SERVERS.map((name) => [columnOf(name), []]));
  const platform = new Map<string, Started[]>([[MODULE, []]]);
  for (let run = 0; run < context.runs; run += 1) {
    for (const name of SERVERS) small.get(columnOf(name))!.push(await startOf(name));
    platform.get(MODULE)!.push(await startPlatform());
  }
  const rows = [
    ...rowsOf('start of a small application', small, { cpuSeconds: 1 }),
    ...rowsOf('start of the platform in memory', platform, {
      cpuSeconds: 3,
      megabytes: 300,
    }),
  ];
  for (const row of rows) context.done(row);
  return rows;
}

async function startOf(name: StandaloneName): Promise<Started> {
  const server = await Standalone.create(name);
  try {
    await server.start();
    return {
      seconds: server.startMs / 1e3,
      cpuSeconds: server.cpu() / 1e6,
      megabytes: server.memory() / 2 ** 20,
    };
  } finally {
    await server.kill();
  }
}

function rowsOf(what: string, all: ReadonlyMap<string, readonly Started[]>, most: Partial<Started>): Row[] {
  const kinds = [
    ['CPU', 's', 'cpuSeconds'],
    ['until it is ready', 's', 'seconds'],
    ['resident memory', 'MB', 'megabytes'],
  ] as const;
  return kinds.map(([kind, unit, key]) => ({
    ...{ group: 'start', what: `${what}: ${kind}`, unit, n: 0, b: null },
    columns: Object.fromEntries([...all].map(([column, starts]) => [column, starts.map((one) => one[key])])),
    targets: most[key] === undefined ? [] : [{ kind: 'at most', value: most[key] }],
  }));
}
