import { randomUUID } from 'node:crypto';
import { CallStore, type CallKey, type CallRules, type CallState } from '../../commands/call-store.js';
import { runOrLoadScript } from './client.js';
import type { RedisBroker } from './redis.broker.js';
import { script, type Script } from './scripts.js';

/**
 * Reads and changes the usage of a user or tenant. Calls are counted in periods of the time for which one is kept: those of
 * this period and of the one before are at least those that are kept.
 */
const USAGE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function usage(key, keep)
  local period = math.floor(now / keep)
  local held = redis.call('HMGET', key, 'p', 'c', 'b', 'pc', 'pb')
  local at = tonumber(held[1]) or -2
  if at == period then return {period, tonumber(held[2]), tonumber(held[3]), tonumber(held[4]), tonumber(held[5])} end
  if at == period - 1 then return {period, 0, 0, tonumber(held[2]), tonumber(held[3])} end
  return {period, 0, 0, 0, 0}
end
local function store(key, keep, used)
  redis.call('HSET', key, 'p', used[1], 'c', used[2], 'b', used[3], 'pc', used[4], 'pb', used[5])
  redis.call('PEXPIRE', key, 2 * keep)
end
`;

/**
 * KEYS call, usage of the user, usage of the tenant; ARGV holder, lease (ms), keep (ms), max calls of the user, of the tenant or ''
 * → 'begun', 'running', 'full', or 'ended' and the outcome if it is known
 */
const BEGIN = script(`${USAGE}
local keep = tonumber(ARGV[3])
local stored = redis.call('GET', KEYS[1])
if stored then
  local lease, holder = string.match(stored, '^R(%d+):(.*)$')
  if holder == ARGV[1] then return {'begun'} end
  if lease and tonumber(lease) > now then return {'running'} end
  if lease then redis.call('SET', KEYS[1], 'I', 'KEEPTTL') end
  if string.sub(stored, 1, 1) == 'D' then return {'ended', string.sub(stored, 2)} end
  return {'ended'}
end
local user = usage(KEYS[2], keep)
if user[2] + user[4] >= tonumber(ARGV[4]) then return {'full'} end
if ARGV[5] ~= '' then
  local tenant = usage(KEYS[3], keep)
  if tenant[2] + tenant[4] >= tonumber(ARGV[5]) then return {'full'} end
  tenant[2] = tenant[2] + 1
  store(KEYS[3], keep, tenant)
end
user[2] = user[2] + 1
store(KEYS[2], keep, user)
redis.call('SET', KEYS[1], string.format('R%.0f:', now + ARGV[2]) .. ARGV[1], 'PX', keep)
return {'begun'}
`);

/** KEYS call; ARGV holder, lease (ms) → 1, or 0 */
const RENEW = script(`
local holder = string.match(redis.call('GET', KEYS[1]) or '', '^R%d+:(.*)$')
if holder ~= ARGV[1] then return 0 end
local time = redis.call('TIME')
local ends = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2]
redis.call('SET', KEYS[1], string.format('R%.0f:', ends) .. holder, 'KEEPTTL')
return 1
`);

/**
 * A call that is not stored any more has ended late, or its data was lost: no other outcome of it is known.
 * KEYS call, usage of the user, usage of the tenant; ARGV holder, outcome, keep (ms), max bytes of the user, of the tenant or ''
 * → 1, or 0
 */
const FINISH = script(`${USAGE}
local keep = tonumber(ARGV[3])
local stored = redis.call('GET', KEYS[1])
if not stored or stored == 'D' .. ARGV[2] then return 1 end
if string.match(stored, '^R%d+:(.*)$') ~= ARGV[1] then return 0 end
local bytes = #ARGV[2]
local user = usage(KEYS[2], keep)
local isKept = user[3] + user[5] + bytes <= tonumber(ARGV[4])
if isKept and ARGV[5] ~= '' then
  local tenant = usage(KEYS[3], keep)
  isKept = tenant[3] + tenant[5] + bytes <= tonumber(ARGV[5])
  if isKept then
    tenant[3] = tenant[3] + bytes
    store(KEYS[3], keep, tenant)
  end
end
if not isKept then
  redis.call('SET', KEYS[1], 'I', 'KEEPTTL')
  return 1
end
user[3] = user[3] + bytes
store(KEYS[2], keep, user)
redis.call('SET', KEYS[1], 'D' .. ARGV[2], 'KEEPTTL')
return 1
`);

/** KEYS epoch; ARGV a new epoch → the epoch */
const EPOCH = script(`
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])
`);

/** Call store in Redis: a string for each call, and a hash with the usage of each user and tenant. Each method is one command. */
export class RedisCallStore extends CallStore {
  constructor(private readonly redis: RedisBroker) {
    super();
  }

  override async epoch(): Promise<string> {
    return String(await this.run(EPOCH, [this.redis.keys.callEpoch()], [randomUUID()]));
  }

  override async begin(key: CallKey, holder: string, rules: CallRules): Promise<CallState> {
    const most = [rules.perUser.calls, key.tenant === null ? '' : rules.perTenant.calls];
    const args = [holder, rules.leaseMs, rules.keepMs, ...most];
    const [state, outcome = null] = (await this.run(BEGIN, this.redis.keys.call(key), args)) as [string, string?];
    if (state === 'begun' || state === 'running' || state === 'full') return { state };
    return { state: 'ended', outcome };
  }

  override async renew(key: CallKey, holder: string, { leaseMs }: CallRules): Promise<boolean> {
    const [call] = this.redis.keys.call(key);
    return (await this.run(RENEW, [call], [holder, leaseMs])) === 1;
  }

  override async finish(key: CallKey, holder: string, outcome: string, rules: CallRules): Promise<boolean> {
    const most = [rules.perUser.bytes, key.tenant === null ? '' : rules.perTenant.bytes];
    return (await this.run(FINISH, this.redis.keys.call(key), [holder, outcome, rules.keepMs, ...most])) === 1;
  }

  private run(of: Script, keys: readonly [string, ...string[]], args: readonly (string | number)[]): Promise<unknown> {
    return this.redis.commandOn(keys[0], (client) => runOrLoadScript(client, of, keys, args));
  }
}
