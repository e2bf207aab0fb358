/** A limit of costs: an amount for each request, and an amount for each byte on the wire. */
export type Bound = readonly [forRequest: number, forByte: number];

/** Limits of the costs of one kind of request. */
export interface Budget {
  /** Bytes on the wire. */
  readonly out: Bound;
  /** CPU time of the server, in microseconds. */
  readonly cpu: Bound;
  /** Memory held after the answer, in bytes. */
  readonly memory: Bound;
  /** Keys in Redis for each request. */
  readonly keys: number;
}

/** One measurement: the requests and their costs. */
export interface Cost {
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly cpu: number;
  readonly memory: number;
  readonly keys: number;
}

/** Memory that varies by itself: compiled code, and garbage that a collection leaves for the next one. */
const MEMORY_NOISE = 300_000;
/** Time of a garbage collection or compilation during the measurement, in microseconds. */
const CPU_NOISE = 60_000;
/** Bytes of the answer to the ping that ends a measurement. */
const OUT_NOISE = 100;
/** Keys of instance leases, and the first key of each kind. */
const KEY_NOISE = 4;

const most = ([forRequest, forByte]: Bound, { requests, bytesIn }: Cost): number =>
  forRequest * requests + forByte * bytesIn;

/** Returns the costs of one measurement that exceed the budget, without memory, as sentences. */
function overBudget(cost: Cost, budget: Budget): string[] {
  const limits: [what: string, is: number, limit: number][] = [
    ['bytes out', cost.bytesOut, most(budget.out, cost) + OUT_NOISE],
    ['microseconds of CPU', cost.cpu, most(budget.cpu, cost) + CPU_NOISE],
    ['keys', cost.keys, budget.keys * cost.requests + KEY_NOISE],
  ];
  return limits
    .filter(([, is, limit]) => is > limit)
    .map(
      ([what, is, limit]) => `${is} ${what} for ${cost.requests} requests of ${cost.bytesIn} bytes: ${limit} at most`,
    );
}

/** Returns the held memory beyond the budget, in bytes. */
const overMemory = (cost: Cost, { memory }: Budget): number => cost.memory - most(memory, cost) - MEMORY_NOISE;

/**
 * Compares requests of one size, and as many of twice the size, with the budget and with each other.
 * @returns the problems, as sentences
 */
export function problemsOf(once: Cost, twice: Cost, budget: Budget): string[] {
  const problems = [...overBudget(once, budget), ...overBudget(twice, budget)];
  if (twice.cpu > 3 * once.cpu + CPU_NOISE) {
    problems.push(
      `twice the size takes ${twice.cpu} microseconds instead of ${once.cpu}: more than three times as many`,
    );
  }
  // An allocation that happens once, such as a cached document, occurs in only one of them.
  if (overMemory(once, budget) > 0 && overMemory(twice, budget) > 0) {
    problems.push(`${once.memory} bytes of memory are held, and ${twice.memory} for twice the size`);
  }
  // Within the budget a difference is noise: V8 releases the code of earlier measurements at any time.
  if (overMemory(twice, budget) > 0 && twice.memory > 3 * Math.max(0, once.memory) + 2 * MEMORY_NOISE) {
    problems.push(
      `twice the size holds ${twice.memory} bytes instead of ${once.memory}: more than three times as many`,
    );
  }
  return problems;
}

/** Returns a budget as cells of the tables in SECURITY.md. */
export function cellsOf({ out, cpu, memory, keys }: Budget): string[] {
  return [inWords(out), inWords(cpu), inWords(memory), String(keys)];
}

function inWords([forRequest, forByte]: Bound): string {
  const [fixed, growing] = [forRequest.toLocaleString('en'), `${forByte} × size`];
  if (forByte === 0) return fixed;
  return forRequest === 0 ? growing : `${fixed} + ${growing}`;
}
