import { Injectable } from '@nestjs/common';
import { isChannelName, USER_GROUP, userOfChannel } from '../../protocol/index.js';
import type { ChannelAccess, ChannelDefinition, EventClass } from '../options/channel-definition.js';
import { StateFields } from './fields/state-fields.js';
import type { LiveDefinition } from './live-definition.js';
import { DeclaredFields } from './fields/declared-fields.js';
import { FieldGroups } from './fields/field-groups.js';
import type { Principal } from '../auth/principal.js';
import type { HistoryWindow } from '../options/history-options.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { RealtimeOptionsError } from '../options/resolve-options.js';
import { AutoSubscribed } from './auto-subscribe.js';
import { builtInOf, type BuiltIn } from './builtin-channels.js';
import { fieldsOf, historyOf, isStream, stateFieldsOf, streamOf, type StreamSettings } from './channel-settings.js';
import { channelConflicts } from './channel-conflicts.js';
import { ChannelFeatures } from './channel-features.js';
import { validateDefinition } from './validate-definition.js';
import { covers, expressionOf, isPattern } from './patterns.js';

const PATTERN_OF_USERS = 'user:{userId}';

/** The access to a channel: a rule, or the name of the policy that decides. */
export type Access = ChannelAccess | { readonly policy: string };

/** Defines the access to all names that match a pattern. */
export interface ChannelRule {
  readonly pattern: string;
  readonly access: Access;
}

/** A rule, with the expression that accepts its names. */
interface CompiledRule {
  readonly rule: ChannelRule;
  readonly accepts: RegExp;
}

/** A channel or a family of channels, with all defaults filled in. */
export interface Channel {
  /**
   * The pattern under which the channel is registered, or the pattern of the rule that covers it. Metrics use it as label,
   * because the number of channel names is unbounded.
   */
  readonly pattern: string;
  readonly access: Access;
  /** The class of its event data; `null` if any data is allowed. */
  readonly data: EventClass | null;
  /**
   * The restricted fields of its events; `null` if all clients receive all fields.
   * @internal
   */
  readonly fields: FieldGroups | null;
  /**
   * The fields that its events can have; `null` if all fields are sent.
   * @internal
   */
  readonly declared: DeclaredFields | null;
  /** `null` if no events are stored and events have no id. */
  readonly history: HistoryWindow | null;
  /** True if clients can ask for earlier events. */
  readonly readable: boolean;
  /** True if subscribers can see who is present. */
  readonly presence: boolean;
  /** True if members can set a state. */
  readonly presenceState: boolean;
  /** True if subscribers can ask for the number of subscriptions. */
  readonly occupancy: boolean;
  /** True if connections that can use it are subscribed from the start. */
  readonly autoSubscribe: boolean;
  /** Present if the channel is a stream, which has no events. */
  readonly stream: StreamSettings | null;
  /** True if all tenants share the channel. No effect without the option `tenants`. */
  readonly global: boolean;
}

/** A family of channels, with the expression that accepts its names. */
interface Family {
  readonly accepts: RegExp;
  readonly channel: Channel;
}

/** The access to a channel or group, and whether it is global. */
export type Audience = Pick<Channel, 'access' | 'global'>;

/**
 * All channels: the built-in ones, and those registered by the options and `forFeature`.
 * @hideconstructor
 */
@Injectable()
export class ChannelCatalogue {
  private readonly channels = new Map<string, Channel>();
  /** The families of each group, by the first segment of their names. */
  private readonly families = new Map<string, Family[]>();
  /** The first matching rule applies. Rules of the application come before those of the built-in groups. */
  private readonly rules: readonly CompiledRule[];
  private readonly builtIn: BuiltIn;
  /** Channels with `autoSubscribe`, by name or pattern. */
  private readonly automatic = new Map<string, AutoSubscribed>();

  /** @throws RealtimeOptionsError with a sentence for each invalid or conflicting channel or policy */
  constructor(options: ResolvedRealtimeOptions, features: ChannelFeatures = new ChannelFeatures()) {
    this.builtIn = builtInOf(options.builtInChannels);
    const builtIn = this.builtIn.channels;
    const own = [...options.channels, ...features.channels];
    const problems = [
      ...options.channels.flatMap((definition, index) =>
        validateDefinition(definition, builtIn).map((problem) => `\`channels[${index}]\` ${problem}`),
      ),
      ...features.channels.flatMap((definition) =>
        validateDefinition(definition, builtIn).map((problem) => `${sourceOf(definition)} ${problem}`),
      ),
    ];
    if (problems.length === 0) problems.push(...channelConflicts(own, features.policies, builtIn));
    if (problems.length > 0) throw new RealtimeOptionsError(problems);
    const rules: ChannelRule[] = [];
    for (const { name, access } of [...builtIn, ...own]) {
      if (access !== undefined) rules.push({ pattern: name, access });
    }
    for (const { patterns, name } of features.policies) {
      rules.push(...patterns.map((pattern) => ({ pattern, access: { policy: name } })));
    }
    this.rules = [...rules, ...this.builtIn.groups].map((rule) => ({ rule, accepts: expressionOf(rule.pattern) }));
    for (const definition of [...builtIn, ...own]) this.register(definition, options);
    if (this.automatic.size > options.maxSubscriptionsPerConnection) {
      throw new RealtimeOptionsError([
        `${this.automatic.size} channels have autoSubscribe, more than \`maxSubscriptionsPerConnection\` (${options.maxSubscriptionsPerConnection}) allows: raise it`,
      ]);
    }
  }

  /** Returns the names of the channels with `autoSubscribe` for a principal. It does not check access. */
  autoSubscribedFor(principal: Principal | null): string[] {
    if (this.automatic.size === 0) return [];
    return [...this.automatic.values()].map((one) => one.nameFor(principal)).filter((name) => name !== null);
  }

  /** @returns `null` if the channel is not registered */
  find(name: string): Channel | null {
    const exact = this.channels.get(name);
    if (exact !== undefined) return exact;
    const group = groupOf(name);
    const families = this.families.get(group);
    if (families === undefined || !isChannelName(name)) return null;
    // The private channel of a user has only one valid spelling.
    if (group === USER_GROUP && userOfChannel(name) === null) return null;
    for (const { accepts, channel } of families) if (accepts.test(name)) return channel;
    return null;
  }

  /** Returns the first rule that matches a name, registered or not. Returns `null` if none matches. */
  ruleOf(name: string): ChannelRule | null {
    return this.rules.find(({ accepts }) => accepts.test(name))?.rule ?? null;
  }

  /** Returns the access to a name, registered or not. Returns `null` if no rule covers it. */
  audienceOf(name: string): Audience | null {
    const rule = this.ruleOf(name);
    return this.find(name) ?? (rule === null ? null : { access: rule.access, global: this.isGlobalByDefault(name) });
  }

  /** Returns the pattern that labels a channel in metrics. */
  patternOf(name: string): string {
    // All published and subscribed names pass `find`.
    return this.find(name)?.pattern ?? PATTERN_OF_USERS;
  }

  /** Returns all values that {@link patternOf} can return. */
  patterns(): Iterable<string> {
    return new Set([...this.registered()].map(([, { pattern }]) => pattern));
  }

  /** Returns true for a built-in channel that the application did not switch off. */
  isBuiltIn(name: string): boolean {
    return this.builtIn.channels.some((channel) => channel.name === name);
  }

  /** True if a channel is a stream. */
  get hasStreams(): boolean {
    return [...this.registered()].some(([, { stream }]) => stream !== null);
  }

  /** True if a channel has a state. */
  get hasStates(): boolean {
    for (const [, { fields }] of this.registered()) if (fields instanceof StateFields) return true;
    return false;
  }

  /** Returns all channels that are registered by name, not by pattern. */
  list(): Iterable<[name: string, channel: Channel]> {
    return this.channels;
  }

  /** Returns all registered channels and families: channels by name, families by pattern. */
  *registered(): Iterable<[name: string, channel: Channel]> {
    yield* this.channels;
    for (const families of this.families.values()) for (const { channel } of families) yield [channel.pattern, channel];
  }

  private register(
    definition: ChannelDefinition & Partial<Pick<LiveDefinition, 'state'>>,
    {
      history,
      tenants,
      declaredFieldsOnly,
      streams,
    }: Pick<ResolvedRealtimeOptions, 'history' | 'tenants' | 'declaredFieldsOnly' | 'streams'>,
  ): void {
    const {
      name,
      data = null,
      presence: presenceOption = false,
      occupancy = false,
      autoSubscribe = false,
      state = null,
    } = definition;
    const { global = this.isGlobalByDefault(name) } = definition;
    const rule = this.rules.find((one) => covers(one.rule.pattern, name))?.rule;
    if (rule === undefined) {
      throw new RealtimeOptionsError([
        `\`channels\` ${name} matches no rule: give it an \`access\`, or provide a @ChannelPolicy that covers it`,
      ]);
    }
    const presence = presenceOption !== false;
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
    const fields = state === null ? fieldsOf(name, data) : stateFieldsOf(name, state);
    if (global && tenants.claim !== undefined && fields?.namesUsers === true) {
      throw new RealtimeOptionsError([
        `\`channels\` ${name} is global and its class has @ExposeToUser: with \`tenants.claim\` users of two tenants may have the same id`,
      ]);
    }
    if (autoSubscribe) {
      this.automatic.set(name, autoSubscribed(name, rule.access, tenants.claim !== undefined));
    }
    const isFamily = isPattern(name);
    const channel: Channel = {
      pattern: isFamily ? name : rule.pattern,
      access: rule.access,
      data,
      fields,
      declared: data !== null && (definition.declaredFieldsOnly ?? declaredFieldsOnly) ? DeclaredFields.of(data) : null,
      history: isStream(definition) ? null : historyOf(definition, history),
      readable: !isStream(definition) && definition.history !== false && definition.history?.read !== false,
      presence,
      presenceState: typeof presenceOption === 'object' && presenceOption.state === true,
      occupancy,
      autoSubscribe,
      stream: isStream(definition) ? streamOf(definition, streams.maxBytes) : null,
      global,
    };
    if (!isFamily) {
      this.channels.set(name, channel);
      return;
    }
    // The definition of a built-in family replaces its default.
    const families = (this.families.get(groupOf(name)) ?? []).filter((family) => family.channel.pattern !== name);
    this.families.set(groupOf(name), [...families, { accepts: expressionOf(name), channel }]);
  }

  /** A channel that an application adds to a global group is global by default, with any access. */
  private isGlobalByDefault(name: string): boolean {
    return [...this.builtIn.channels, ...this.builtIn.groups].some(
      (one) => one.global === true && covers('pattern' in one ? one.pattern : one.name, name),
    );
  }
}

function autoSubscribed(name: string, access: Access, hasTenants: boolean): AutoSubscribed {
  try {
    return new AutoSubscribed(name, typeof access === 'object' && 'owner' in access ? access.owner : null, hasTenants);
  } catch (error) {
    throw new RealtimeOptionsError([`\`channels\` ${name} ${(error as Error).message}`]);
  }
}

function groupOf(name: string): string {
  const end = name.indexOf(':');
  return end < 0 ? name : name.slice(0, end);
}

/** Names the place that registers a channel, for errors. */
function sourceOf(definition: Partial<LiveDefinition> | null): string {
  return definition?.state === undefined ? '`forFeature`' : '@LiveResource';
}
