import { Injectable } from '@nestjs/common';
import { channelNameProblem, matchPattern, USER_GROUP, userOfChannel } from '../../protocol/index.js';
import type { ChannelAccess, ChannelDefinition } from '../options/channel-definition.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { RealtimeOptionsError } from '../options/resolve-options.js';
import { BUILTIN_CHANNELS, BUILTIN_RULES, type ChannelRule } from './builtin-channels.js';

const PATTERN_OF_USERS = 'user:{userId}';

/** What is kept of a channel for those who come back. */
export interface History {
  readonly size: number;
  readonly ttlMs: number;
}

/** A channel as the module knows it, every default filled in. */
export interface Channel {
  /** The pattern of the rule under which it falls: what figures are told by, for names are without end. */
  readonly pattern: string;
  readonly access: ChannelAccess;
  /** `null`: nothing is kept, and events have no id. */
  readonly history: History | null;
  /** Whether subscribers can see who is here. */
  readonly presence: boolean;
  /** Whether it is one channel for all tenants; without the option `tenants` that makes no difference. */
  readonly global: boolean;
}

/** Whom a channel, or a group of them, is for. */
export type Audience = Pick<Channel, 'access' | 'global'>;

/** Every channel there is: the built-in ones, the application's, and the private one of each user. */
@Injectable()
export class ChannelCatalogue {
  private readonly channels = new Map<string, Channel>();
  private readonly rules: ChannelRule[] = [];
  private readonly ofUsers: Channel;

  constructor(options: ResolvedRealtimeOptions) {
    const byDefault: History = { size: options.history.size, ttlMs: options.history.ttlMs };
    this.ofUsers = { pattern: PATTERN_OF_USERS, access: 'owner', history: byDefault, presence: false, global: false };
    const problems = options.channels.flatMap((definition, index) =>
      problemsOf(definition).map((problem) => `\`channels[${index}]\` ${problem}`),
    );
    if (problems.length > 0) throw new RealtimeOptionsError(problems);
    // An application's own access to one of its channels comes before the rule of the group.
    for (const { name, access } of options.channels)
      if (access !== undefined) this.rules.push({ pattern: name, access });
    this.rules.push(...BUILTIN_RULES);
    for (const definition of [...BUILTIN_CHANNELS, ...options.channels]) {
      const rule = this.ruleOf(definition.name);
      if (rule === undefined) {
        throw new RealtimeOptionsError([`\`channels\` ${definition.name} falls under no rule: give it an \`access\``]);
      }
      const { pattern, access } = rule;
      const { presence = false, global = isGlobalByDefault(definition.name) } = definition;
      if (global && presence && options.tenants.claim !== undefined) {
        throw new RealtimeOptionsError([
          `\`channels\` ${definition.name} is global and has presence: with \`tenants.claim\` it would show the users of one tenant to another`,
        ]);
      }
      const history = historyOf(definition, byDefault);
      this.channels.set(definition.name, { pattern, access, history, presence, global });
    }
  }

  /** @returns `null` where nobody registered such a channel */
  find(name: string): Channel | null {
    return this.channels.get(name) ?? (userOfChannel(name) === null ? null : this.ofUsers);
  }

  /** Whom the first matching rule gives a name to, registered or not; `null` where no rule matches. */
  audienceOf(name: string): Audience | null {
    const rule = this.ruleOf(name);
    return this.find(name) ?? (rule === undefined ? null : { access: rule.access, global: isGlobalByDefault(name) });
  }

  /** The pattern under which a channel's figures are told. */
  patternOf(name: string): string {
    return this.channels.get(name)?.pattern ?? PATTERN_OF_USERS; // there are no others: nobody gets beyond `find`
  }

  /** Every pattern that {@link patternOf} may answer. */
  patterns(): Iterable<string> {
    return new Set([...this.channels.values(), this.ofUsers].map(({ pattern }) => pattern));
  }

  private ruleOf(name: string): ChannelRule | undefined {
    return this.rules.find((rule) => matchPattern(rule.pattern, name) !== null);
  }

  /** Every registered channel by name; the private ones of users are not listed. */
  list(): Iterable<[name: string, channel: Channel]> {
    return this.channels;
  }
}

/** A channel that an application adds to a group that is global is global too, whoever may use it. */
function isGlobalByDefault(name: string): boolean {
  return BUILTIN_RULES.some(({ pattern, global }) => global === true && matchPattern(pattern, name) !== null);
}

function problemsOf(definition: ChannelDefinition): string[] {
  const { name, access, history, presence, global } = definition ?? {};
  if (typeof name !== 'string') return ['must be an object with a `name`'];
  const form = channelNameProblem(name);
  if (form !== null) return [`name ${JSON.stringify(name)} ${form}`];
  const problems: string[] = [];
  if (BUILTIN_CHANNELS.some((builtin) => builtin.name === name)) {
    // Its history and presence may be set anew, who may read it may not.
    if (access !== undefined) problems.push(`${name} is built in: its access cannot be changed`);
  } else if (name.startsWith(`${USER_GROUP}:`))
    problems.push(`${name}: the group \`${USER_GROUP}\` belongs to the private channels`);
  if (access !== undefined && !['public', 'authenticated', 'admin'].includes(access)) {
    problems.push(`${name}: access must be public, authenticated or admin`);
  }
  if (presence !== undefined && typeof presence !== 'boolean') {
    problems.push(`${name}: presence must be true or false`);
  }
  if (global !== undefined && typeof global !== 'boolean') {
    problems.push(`${name}: global must be true or false`);
  }
  if (history !== undefined && history !== false) {
    for (const [field, value] of Object.entries(history)) {
      if (!['size', 'ttlMs'].includes(field) || !Number.isSafeInteger(value) || value < 1) {
        problems.push(`${name}: history must be false or { size, ttlMs } with whole numbers from 1`);
      }
    }
  }
  return problems;
}

function historyOf({ history }: ChannelDefinition, byDefault: History): History | null {
  return history === false ? null : { ...byDefault, ...history };
}
