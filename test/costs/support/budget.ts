/** The most that requests may cause: a part for each request, and a part for each byte that they weigh on the wire. */
export type Bound = readonly [forRequest: number, forByte: number];

/** The most that requests of one kind may cause. */
export interface Budget {
  /** Bytes on the wire. */
  readonly out: Bound;
  /** CPU time of the server, in microseconds. */
  readonly cpu: Bound;
  /** Memory that is held after the answer, in bytes. */
  readonly memory: Bound;
  /** Keys in Redis for each request. */
  readonly keys: number;
}

/** The causes of one measurement, and what they caused. */
export interface Cost {
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly cpu: number;
  readonly memory: number;
  readonly keys: number;
}

/** Memory that comes and goes by itself: compiled code, and what a collection leaves for the next. */
const MEMORY_NOISE = 300_000;
/** A collection of garbage, or the compiler, at a bad moment, in microseconds. */
const CPU_NOISE = 60_000;
/** The answer to the ping that ends a measurement. */
const OUT_NOISE = 100;
/** Leases of instances, and the first key of a kind. */
const KEY_NOISE = 4;

const most = ([forRequest, forByte]: Bound, { requests, bytesIn }: Cost): number =>
  forRequest * requests + forByte * bytesIn;

/** The costs of one measurement that are over the budget, without memory, as sentences. */
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

/** Memory that is held over the budget, in bytes. */
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
  // What is made once, as a document that is cached, is in one of them only.
  if (overMemory(once, budget) > 0 && overMemory(twice, budget) > 0) {
    problems.push(`${once.memory} bytes of memory are held, and ${twice.memory} for twice the size`);
  }
  // Within its budget a difference says nothing: V8 releases the code of earlier measurements whenever it likes.
  if (overMemory(twice, budget) > 0 && twice.memory > 3 * Math.max(0, once.memory) + 2 * MEMORY_NOISE) {
    problems.push(
      `twice the size holds ${twice.memory} bytes instead of ${once.memory}: more than three times as many`,
    );
  }
  return problems;
}

/** A budget as cells of the tables in SECURITY.md. */
export function cellsOf({ out, cpu, memory, keys }: Budget): string[] {
  return [inWords(out), inWords(cpu), inWords(memory), String(keys)];
}

function inWords([forRequest, forByte]: Bound): string {
  const [fixed, growing] = [forRequest.toLocaleString('en'), `${forByte} × size`];
  if (forByte === 0) return fixed;
  return forRequest === 0 ? growing : `${fixed} + ${growing}`;
}
