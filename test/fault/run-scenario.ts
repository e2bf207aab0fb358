import { check, type Verdict } from './checker/check.js';
import type { RunLog } from './log.js';
import { Random } from '../support/random.js';
import { LIVE_WITHIN_MS, type Scenario } from './scenarios/scenario.js';
import { World } from './world.js';

export interface Run {
  readonly dist: string;
  readonly seconds: number;
  readonly seed: number | string;
  /** Approximate events per second in total. @default 150 */
  readonly rate?: number;
}

export interface RunResult {
  readonly scenario: string;
  readonly seed: number | string;
  readonly seconds: number;
  readonly verdict: Verdict;
  readonly log: RunLog;
  /** Output of the instances, by name. */
  readonly outputs: ReadonlyMap<string, string>;
  /** Problems outside of the log: an instance that did not end gracefully, or a channel that stayed dead. */
  readonly problems: readonly string[];
}

const WARM_UP_MS = 1_500;

/** Runs one scenario for the given time (at least one round) and checks its log. */
export async function runScenario(scenario: Scenario, { dist, seconds, seed, rate = 150 }: Run): Promise<RunResult> {
  const random = new Random(`${scenario.name} ${seed}`);
  const { liveWithinMs = LIVE_WITHIN_MS } = scenario;
  const instances = scenario.options?.instances ?? 3;
  const backend = await scenario.backend(instances, random);
  const world = await World.start({
    rate,
    stayers: 6,
    wanderers: 10,
    ...scenario.options,
    ...{ dist, backend, instances, random },
  });
  let problems: string[] = [];
  try {
    await world.calm(WARM_UP_MS);
    const until = performance.now() + seconds * 1000;
    do {
      await scenario.round(world);
      await world.calm(random.between(2000, 3500));
    } while (performance.now() < until);
    await world.untilLive(liveWithinMs);
    await world.settle();
  } finally {
    problems = await world.stop();
  }
  problems.push(...world.complaints);
  const verdict = check(world.log, scenario);
  if (verdict.figures.liveAgainMs.some((time) => time === null || time > liveWithinMs)) {
    problems.push(
      `After a fault a channel was not live again within ${liveWithinMs} ms: ${verdict.figures.liveAgainMs.join(', ')}`,
    );
  }
  const outputs = new Map(world.instances.map((instance) => [instance.name, instance.output]));
  return { scenario: scenario.name, seed, seconds, verdict, log: world.log, outputs, problems };
}
