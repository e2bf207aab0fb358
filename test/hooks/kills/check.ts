/** A call of a hook that an instance reported. */
export interface HookCall {
  readonly event: 'occupied' | 'vacated' | 'online' | 'offline';
  /** Channel or user. */
  readonly name: string;
  readonly sequence: number;
  readonly instance: string;
  /** Milliseconds since 1970, on one machine. */
  readonly at: number;
}

/** Everything that happened in a run. */
export interface KillLog {
  readonly calls: readonly HookCall[];
  /** Times at which an instance was killed, or Redis was. */
  readonly faults: readonly number[];
  /** Moments of rest, with the channels and users that had a client then. */
  readonly rests: readonly { readonly at: number; readonly present: readonly string[] }[];
}

export interface KillViolation {
  readonly class: 'wrong-at-rest' | 'not-alternating' | 'two-changes' | 'went-back' | 'twice';
  readonly text: string;
}

const BEGINS = new Set(['occupied', 'online']);

/** A repetition is allowed if a fault happened at most this time before the first call, or after it. */
const FAULT_REACH_MS = 5_000;

/** Checks the promises of hooks, from the reported calls alone. */
export function checkKills({ calls, faults, rests }: KillLog): KillViolation[] {
  const violations: KillViolation[] = [];
  const byName = new Map<string, HookCall[]>();
  for (const call of calls.toSorted((a, b) => a.at - b.at)) {
    byName.set(call.name, [...(byName.get(call.name) ?? []), call]);
  }
  for (const [name, all] of byName) violations.push(...checkOne(name, all, faults));
  for (const { at, present } of rests) {
    const names = new Set([...byName.keys(), ...present]);
    for (const name of names) {
      const last = lastBefore(byName.get(name) ?? [], at);
      const isAnnounced = last !== undefined && BEGINS.has(last.event);
      if (isAnnounced === present.includes(name)) continue;
      const text = `${name} had ${present.includes(name) ? 'a client' : 'no client'}; last: ${describe(last)}`;
      violations.push({ class: 'wrong-at-rest', text });
    }
  }
  return violations;
}

function checkOne(name: string, calls: readonly HookCall[], faults: readonly number[]): KillViolation[] {
  const violations: KillViolation[] = [];
  const first = new Map<number, HookCall>();
  let highest = -Infinity;
  for (const call of calls) {
    const earlier = first.get(call.sequence);
    if (earlier === undefined) {
      first.set(call.sequence, call);
      if (call.sequence < highest) violations.push({ class: 'went-back', text: `${name}: ${describe(call)}` });
      highest = Math.max(highest, call.sequence);
    } else if (earlier.event !== call.event) {
      violations.push({ class: 'two-changes', text: `${name}: ${describe(earlier)}, ${describe(call)}` });
    } else if (!faults.some((at) => at >= earlier.at - FAULT_REACH_MS && at <= call.at)) {
      violations.push({ class: 'twice', text: `${name} without a fault: ${describe(earlier)}, ${describe(call)}` });
    }
  }
  const changes = [...first.values()].toSorted((a, b) => a.sequence - b.sequence);
  for (const [index, change] of changes.entries()) {
    if (BEGINS.has(change.event) === (index % 2 === 0)) continue;
    const before = index === 0 ? undefined : changes[index - 1];
    violations.push({ class: 'not-alternating', text: `${name}: ${describe(before)}, then ${describe(change)}` });
    break;
  }
  return violations;
}

/** Returns the change with the highest sequence until this time. */
function lastBefore(calls: readonly HookCall[], at: number): HookCall | undefined {
  return calls
    .filter((call) => call.at <= at)
    .toSorted((a, b) => a.sequence - b.sequence)
    .at(-1);
}

function describe(call: HookCall | undefined): string {
  return call === undefined ? 'nothing' : `${call.event} ${call.sequence} of ${call.instance}`;
}
