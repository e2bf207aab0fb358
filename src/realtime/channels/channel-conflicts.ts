import { USER_GROUP } from '../../protocol/index.js';
import type { ChannelDefinition } from '../options/channel-definition.js';
import type { PolicyEntry } from './channel-features.js';
import { covers, overlap, patternProblem } from './patterns.js';

/** A pattern of a policy. */
interface Claim {
  readonly pattern: string;
  readonly policy: PolicyEntry;
}

/**
 * Finds definitions and policies that are valid on their own but conflict, because every name must have one definition and one
 * rule. Returns a sentence for each conflict that names both.
 */
export function channelConflicts(
  channels: readonly ChannelDefinition[],
  policies: readonly PolicyEntry[],
  builtIn: readonly ChannelDefinition[],
): string[] {
  const problems: string[] = [];
  for (const [one, other] of pairs(channels)) {
    if (one.name === other.name) problems.push(`${one.name} is registered twice: keep one of them`);
    else if (overlap(one.name, other.name)) {
      problems.push(`${one.name} and ${other.name} overlap: a name can match both; rename one`);
    }
  }
  const builtin = builtIn.map(({ name }) => name);
  for (const { name } of channels) {
    const taken = builtin.find((known) => known !== name && overlap(known, name));
    if (taken !== undefined) problems.push(`${name} and ${taken} overlap, and ${taken} is built in: rename yours`);
  }
  const claims = policies.flatMap((policy) => policy.patterns.map((pattern): Claim => ({ pattern, policy })));
  const malformed = claims.flatMap(({ pattern, policy }) => {
    const problem = patternProblem(pattern, true);
    return problem === null ? [] : [`@ChannelPolicy('${pattern}') of ${policy.name} ${problem}`];
  });
  if (malformed.length > 0) return [...problems, ...malformed];
  for (const [one, other] of pairs(claims)) {
    if (overlap(one.pattern, other.pattern)) problems.push(twoPolicies(one, other));
  }
  for (const claim of claims) {
    const taken = builtin.find((name) => overlap(name, claim.pattern));
    if (taken !== undefined) {
      problems.push(`${show(claim)} covers ${taken}, which is built in: its access cannot be changed`);
    } else if (claim.pattern.startsWith(`${USER_GROUP}:`)) {
      problems.push(`${show(claim)}: the group \`${USER_GROUP}\` belongs to the private channels`);
    }
    for (const { name, access } of channels) {
      if (!overlap(claim.pattern, name)) continue;
      if (access !== undefined) {
        problems.push(`${name} has its own access, and ${show(claim)} covers it: remove one of them`);
      } else if (!covers(claim.pattern, name)) {
        problems.push(`${show(claim)} covers a part of ${name}: it must cover all of it or none of it`);
      }
    }
  }
  return problems;
}

function twoPolicies(one: Claim, other: Claim): string {
  if (one.policy.name === other.policy.name && one.pattern === other.pattern) {
    const where = [one, other].map(({ policy }) => policy.module).join(' and ');
    return `${show(one)} is provided twice, in ${where}: provide it in one module, and export it`;
  }
  return `${show(one)} and ${show(other)} overlap: a name can match both policies; narrow one of them`;
}

function show({ pattern, policy }: Claim): string {
  return `the policy ${policy.name} ('${pattern}')`;
}

function* pairs<T>(list: readonly T[]): Iterable<[T, T]> {
  for (const [at, one] of list.entries()) for (const other of list.slice(at + 1)) yield [one, other];
}
