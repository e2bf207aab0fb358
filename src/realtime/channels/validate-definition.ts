import { channelNameProblem, USER_GROUP } from '../../protocol/index.js';
import type { ChannelAccess, ChannelDefinition } from '../options/channel-definition.js';
import { isPattern, parametersOf, patternProblem } from './patterns.js';

/** Minimum of `stream.maxBytes`: a quarter of it is dropped at once. */
const MIN_STREAM_BYTES = 4_096;

const WORDS: readonly unknown[] = ['public', 'authenticated', 'admin'];

/** Returns the problems of a single definition. */
export function validateDefinition(definition: ChannelDefinition, builtIn: readonly ChannelDefinition[]): string[] {
  const { name, access, data, declaredFieldsOnly, history, presence, occupancy, autoSubscribe, global } =
    definition ?? {};
  if (typeof name !== 'string') return ['a channel must be an object with a `name`'];
  const form = isPattern(name) ? patternProblem(name, false) : channelNameProblem(name);
  if (form !== null) return [`name ${JSON.stringify(name)} ${form}`];
  const problems: string[] = [];
  if (builtIn.some((builtin) => builtin.name === name)) {
    // History and presence of a built-in channel can be changed, but not its access.
    if (access !== undefined) problems.push(`${name} is built in: its access cannot be changed`);
  } else if (name.startsWith(`${USER_GROUP}:`))
    problems.push(`${name}: the group \`${USER_GROUP}\` belongs to the private channels`);
  if (access !== undefined) problems.push(...accessProblems(name, access));
  if (data !== undefined && typeof data !== 'function') problems.push(`${name}: data must be a class`);
  if (declaredFieldsOnly !== undefined && typeof declaredFieldsOnly !== 'boolean') {
    problems.push(`${name}: declaredFieldsOnly must be true or false`);
  }
  if (declaredFieldsOnly === true && data === undefined) {
    problems.push(`${name}: declaredFieldsOnly needs a class: give the definition its \`data\``);
  }
  if (!isPresence(presence)) problems.push(`${name}: presence must be true, false or { state: true }`);
  if (occupancy !== undefined && typeof occupancy !== 'boolean') {
    problems.push(`${name}: occupancy must be true or false`);
  }
  if (autoSubscribe !== undefined && typeof autoSubscribe !== 'boolean') {
    problems.push(`${name}: autoSubscribe must be true or false`);
  }
  if (global !== undefined && typeof global !== 'boolean') {
    problems.push(`${name}: global must be true or false`);
  }
  problems.push(...streamProblems(definition));
  if (history !== undefined && history !== false) {
    for (const [field, value] of Object.entries(history)) {
      const isCount = Number.isSafeInteger(value) && Number(value) >= 1;
      if (field === 'read' ? typeof value !== 'boolean' : !['size', 'ttlMs'].includes(field) || !isCount) {
        problems.push(
          `${name}: history must be false or { size, ttlMs, read } with whole numbers from 1, and true or false`,
        );
      }
    }
  }
  return problems;
}

function streamProblems({ name, stream, history, data, autoSubscribe }: ChannelDefinition): string[] {
  if (stream === undefined || stream === false) return [];
  if (stream !== true && (typeof stream !== 'object' || stream === null || Array.isArray(stream))) {
    return [`${name}: stream must be true, false or { maxBytes, lines, result, cancel }`];
  }
  const problems: string[] = [];
  if (history !== undefined && history !== false) problems.push(`${name}: a stream has no history: leave it out`);
  if (data !== undefined) problems.push(`${name}: a stream has no events: leave out data`);
  if (autoSubscribe === true)
    problems.push(`${name}: a stream cannot have autoSubscribe: clients name their place in it`);
  const { maxBytes, lines, cancel, result } = stream === true ? {} : stream;
  const isSize = maxBytes === undefined || (Number.isSafeInteger(maxBytes) && maxBytes >= MIN_STREAM_BYTES);
  if (!isSize) problems.push(`${name}: stream.maxBytes must be a whole number from ${MIN_STREAM_BYTES}`);
  if (lines !== undefined && typeof lines !== 'boolean' && typeof lines !== 'function') {
    problems.push(`${name}: stream.lines must be true, false or the class of its values`);
  }
  if (result !== undefined && typeof result !== 'function') problems.push(`${name}: stream.result must be a class`);
  if (cancel !== undefined) {
    problems.push(...accessProblems(name, cancel).map((problem) => problem.replaceAll('access', 'stream.cancel')));
  }
  return problems;
}

function isPresence(presence: unknown): boolean {
  if (presence === undefined || typeof presence === 'boolean') return true;
  if (typeof presence !== 'object' || presence === null || Array.isArray(presence)) return false;
  return Object.entries(presence).every(([field, value]) => field === 'state' && typeof value === 'boolean');
}

function accessProblems(name: string, access: ChannelAccess): string[] {
  if (WORDS.includes(access)) return [];
  const { roles, owner } = (typeof access === 'object' && access !== null ? access : {}) as {
    readonly roles?: unknown;
    readonly owner?: unknown;
  };
  if (roles !== undefined && owner === undefined) {
    const good = Array.isArray(roles) && roles.length > 0 && roles.every((role) => typeof role === 'string' && role);
    return good ? [] : [`${name}: access.roles must be a list of at least one role`];
  }
  if (owner !== undefined && roles === undefined) {
    if (parametersOf(name).some((parameter) => parameter === owner)) return [];
    return [`${name}: access.owner must be a parameter of the name, such as userId in orders:{userId}:status`];
  }
  return [`${name}: access must be public, authenticated, admin, { roles: […] } or { owner: 'parameter' }`];
}
