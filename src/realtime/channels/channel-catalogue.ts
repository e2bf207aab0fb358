import { Injectable } from '@nestjs/common';
import { isChannelName, matchPattern, USER_GROUP, userOfChannel } from '../../protocol/index.js';
import type { ChannelAccess, ChannelDefinition, EventClass } from '../options/channel-definition.js';
import { DeclaredFields } from '../fields/declared-fields.js';
import { FieldGroups } from '../fields/field-groups.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { RealtimeOptionsError } from '../options/resolve-options.js';
import { BUILTIN_CHANNELS, BUILTIN_GROUPS } from './builtin-channels.js';
import { channelConflicts } from './channel-conflicts.js';
import { ChannelFeatures } from './channel-features.js';
import { definitionProblems } from './definition-problems.js';
import { covers, isPattern } from './patterns.js';

const PATTERN_OF_USERS = 'user:{userId}';

/** Who may subscribe: what a definition or a group says, or what a policy of this name answers. */
export type Access = ChannelAccess | { readonly policy: string };

/** Who may use the names under a pattern. */
export interface ChannelRule {
  readonly pattern: string;
  readonly access: Access;
}

/** What is kept of a channel for those who come back. */
export interface History {
  readonly size: number;
  readonly ttlMs: number;
}

/** A channel, or a family of channels, as the module knows it, every default filled in. */
export interface Channel {
  /** The pattern by which it is registered, or of the rule under which it falls: what figures are told by, for names are without end. */
  readonly pattern: string;
  readonly access: Access;
  /** The class of what its events carry; `null`: anything. */
  readonly data: EventClass | null;
  /** Which fields of its events are not for everybody; `null` where all are. @internal */
  readonly fields: FieldGroups | null;
  /** The fields that its events may have; `null` where all are sent. @internal */
  readonly declared: DeclaredFields | null;
  /** `null`: nothing is kept, and events have no id. */
  readonly history: History | null;
  /** Whether subscribers can see who is here. */
  readonly presence: boolean;
  /** Whether it is one channel for all tenants; without the option `tenants` that makes no difference. */
  readonly global: boolean;
}

/** Whom a channel, or a group of them, is for. */
export type Audience = Pick<Channel, 'access' | 'global'>;

/**
 * Every channel there is: the built-in ones, and those of the options and of `forFeature`.
 * @hideconstructor
 */
@Injectable()
export class ChannelCatalogue {
  private readonly channels = new Map<string, Channel>();
  /** The first segment → the families of that group, by pattern. */
  private readonly families = new Map<string, Map<string, Channel>>();
  /** The first that matches counts. An application's own come before those of groups. */
  private readonly rules: readonly ChannelRule[];

  /** @throws RealtimeOptionsError with a sentence for each channel or policy that is wrong, or contradicts another */
  constructor(options: ResolvedRealtimeOptions, features: ChannelFeatures = new ChannelFeatures()) {
    const own = [...options.channels, ...features.channels];
    const problems = [
      ...options.channels.flatMap((definition, index) =>
        definitionProblems(definition).map((problem) => `\`channels[${index}]\` ${problem}`),
      ),
      ...features.channels.flatMap((definition) =>
        definitionProblems(definition).map((problem) => `\`forFeature\` ${problem}`),
      ),
    ];
    if (problems.length === 0) problems.push(...channelConflicts(own, features.policies));
    if (problems.length > 0) throw new RealtimeOptionsError(problems);
    const rules: ChannelRule[] = [];
    for (const { name, access } of [...BUILTIN_CHANNELS, ...own]) {
      if (access !== undefined) rules.push({ pattern: name, access });
    }
    for (const { patterns, name } of features.policies) {
      rules.push(...patterns.map((pattern) => ({ pattern, access: { policy: name } })));
    }
    this.rules = [...rules, ...BUILTIN_GROUPS];
    for (const definition of [...BUILTIN_CHANNELS, ...own]) this.enter(definition, options);
  }

  /** @returns `null` where nobody registered such a channel */
  find(name: string): Channel | null {
    const exact = this.channels.get(name);
    if (exact !== undefined) return exact;
    const group = groupOf(name);
    const families = this.families.get(group);
    if (families === undefined || !isChannelName(name)) return null;
    // The channel of a user has one way to be written.
    if (group === USER_GROUP && userOfChannel(name) === null) return null;
    for (const [pattern, channel] of families) if (matchPattern(pattern, name) !== null) return channel;
    return null;
  }

  /** The first rule that matches a name, registered or not; `null` where none does. */
  ruleOf(name: string): ChannelRule | null {
    return this.rules.find(({ pattern }) => matchPattern(pattern, name) !== null) ?? null;
  }

  /** Whom a name is for, registered or not; `null` where no rule covers it. */
  audienceOf(name: string): Audience | null {
    const rule = this.ruleOf(name);
    return this.find(name) ?? (rule === null ? null : { access: rule.access, global: isGlobalByDefault(name) });
  }

  /** The pattern under which a channel's figures are told. */
  patternOf(name: string): string {
    return this.find(name)?.pattern ?? PATTERN_OF_USERS; // there are no others: nobody gets beyond `find`
  }

  /** Every pattern that {@link patternOf} may answer. */
  patterns(): Iterable<string> {
    return new Set([...this.registered()].map(([, { pattern }]) => pattern));
  }

  /** Every channel that has a name of its own, by that. */
  list(): Iterable<[name: string, channel: Channel]> {
    return this.channels;
  }

  /** Everything that is registered: channels by name, families by pattern. */
  *registered(): Iterable<[name: string, channel: Channel]> {
    yield* this.channels;
    for (const families of this.families.values()) yield* families;
  }

  private enter(
    definition: ChannelDefinition,
    {
      history,
      tenants,
      declaredFieldsOnly,
    }: Pick<ResolvedRealtimeOptions, 'history' | 'tenants' | 'declaredFieldsOnly'>,
  ): void {
    const { name, data = null, presence = false, global = isGlobalByDefault(definition.name) } = definition;
    const rule = this.rules.find(({ pattern }) => covers(pattern, name));
    if (rule === undefined) {
      throw new RealtimeOptionsError([
        `\`channels\` ${name} falls under no rule: give it an \`access\`, or provide a @ChannelPolicy that covers it`,
      ]);
    }
    if (global && presence && tenants.claim !== undefined) {
      throw new RealtimeOptionsError([
        `\`channels\` ${name} is global and has presence: with \`tenants.claim\` it would show the users of one tenant to another`,
      ]);
    }
    if (global && tenants.claim !== undefined && typeof rule.access === 'object' && 'owner' in rule.access) {
      throw new RealtimeOptionsError([
        `\`channels\` ${name} is global and has owners: with \`tenants.claim\` users of two tenants may have the same id`,
      ]);
    }
    const fields = fieldsOf(name, data);
    if (global && tenants.claim !== undefined && fields?.namesUsers === true) {
      throw new RealtimeOptionsError([
        `\`channels\` ${name} is global and its class has @ExposeToUser: with \`tenants.claim\` users of two tenants may have the same id`,
      ]);
    }
    const isFamily = isPattern(name);
    const channel: Channel = {
      pattern: isFamily ? name : rule.pattern,
      access: rule.access,
      data,
      fields,
      declared: data !== null && (definition.declaredFieldsOnly ?? declaredFieldsOnly) ? DeclaredFields.of(data) : null,
      history: historyOf(definition, history),
      presence,
      global,
    };
    if (!isFamily) {
      this.channels.set(name, channel);
      return;
    }
    const families = this.families.get(groupOf(name)) ?? new Map<string, Channel>();
    this.families.set(groupOf(name), families.set(name, channel));
  }
}

/** A channel that an application adds to a group that is global is global too, whoever may use it. */
function isGlobalByDefault(name: string): boolean {
  return [...BUILTIN_CHANNELS, ...BUILTIN_GROUPS].some(
    (one) => one.global === true && covers('pattern' in one ? one.pattern : one.name, name),
  );
}

function fieldsOf(name: string, data: EventClass | null): FieldGroups | null {
  try {
    return data === null ? null : FieldGroups.of(data);
  } catch (error) {
    throw new RealtimeOptionsError([`\`channels\` ${name}: data ${(error as Error).message}`]);
  }
}

function groupOf(name: string): string {
  const end = name.indexOf(':');
  return end < 0 ? name : name.slice(0, end);
}

function historyOf({ history }: ChannelDefinition, { size, ttlMs }: History): History | null {
  return history === false ? null : { size, ttlMs, ...history };
}
