import { StateStore, type LoadClaim, type LoadRight, type StoredState } from '../../live/state-store.js';
import type { RedisBroker } from './redis.broker.js';

/**
 * KEYS claim; ARGV holder, lease (ms)
 * → 'granted' and its token, 'held', or 'failed', the code and the remaining milliseconds
 */
const CLAIM = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local claim = redis.call('HMGET', KEYS[1], 'h', 'u', 'c')
local ends = tonumber(claim[2] or '')
if ends and ends > now then
  if claim[3] then return {'failed', claim[3], string.format('%.0f', ends - now)} end
  if claim[1] ~= ARGV[1] then return {'held'} end
end
redis.call('HDEL', KEYS[1], 'c')
redis.call('HSET', KEYS[1], 'h', ARGV[1], 'u', string.format('%.0f', now + ARGV[2]))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {'granted', string.format('%.0f', time[1] * 1000000 + time[2])}
`;

/**
 * KEYS state, claim; ARGV holder, token, epoch, offset, time of the load (ms), JSON, ttl (ms) → 1, or 0 if a newer state is stored
 */
const WRITE = `
local claim = redis.call('HMGET', KEYS[2], 'h', 'c')
if claim[1] == ARGV[1] and not claim[2] then redis.call('DEL', KEYS[2]) end
local stored = redis.call('HMGET', KEYS[1], 'e', 'o', 't')
local offset, token = tonumber(stored[2] or ''), tonumber(stored[3] or '')
if stored[1] and offset and token then
  local own = tonumber(ARGV[4])
  if stored[1] == ARGV[3] and offset ~= own then
    if offset > own then return 0 end
  elseif token > tonumber(ARGV[2]) then return 0 end
end
redis.call('HSET', KEYS[1], 'e', ARGV[3], 'o', ARGV[4], 't', ARGV[2], 'a', ARGV[5], 'j', ARGV[6])
redis.call('PEXPIRE', KEYS[1], ARGV[7])
return 1
`;

/** KEYS claim; ARGV holder, code, time until the next claim (ms) → 1, or 0 if it is not held any more */
const FAIL = `
local claim = redis.call('HMGET', KEYS[1], 'h', 'c')
if claim[1] ~= ARGV[1] or claim[2] then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'c', ARGV[2], 'u', string.format('%.0f', now + ARGV[3]))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
`;

const EPOCH = /^\w{1,64}$/;

/** State store in Redis: a hash for each state, and one for the right to load it. Each method is one command. */
export class RedisStateStore extends StateStore {
  constructor(private readonly redis: RedisBroker) {
    super();
  }

  override async read(topic: string): Promise<StoredState | null> {
    const [state] = this.redis.keys.liveState(topic);
    const fields = await this.redis.commandOn(state, (client) => client.hmget(state, 'e', 'o', 'a', 'j'));
    const [epoch, offset, loadedAt, json] = fields;
    const position = { epoch: epoch ?? '', offset: Number(offset) };
    if (!json || !EPOCH.test(position.epoch) || !Number.isSafeInteger(position.offset)) return null;
    return { position, json, loadedAt: Number(loadedAt) || 0 };
  }

  override async claim(topic: string, holder: string, leaseMs: number): Promise<LoadClaim> {
    const [, claim] = this.redis.keys.liveState(topic);
    const [state, value, retryMs] = (await this.redis.commandOn(claim, (client) =>
      client.eval(CLAIM, 1, claim, holder, Math.ceil(leaseMs)),
    )) as [string, string?, string?];
    if (state === 'granted') return { state, right: { holder, token: Number(value) } };
    return state === 'failed' ? { state, code: String(value), retryMs: Number(retryMs) } : { state: 'held' };
  }

  override async write(topic: string, state: StoredState, right: LoadRight, ttlMs: number): Promise<boolean> {
    const keys = this.redis.keys.liveState(topic);
    const { position, json, loadedAt } = state;
    const { epoch, offset } = position;
    const args = [right.holder, right.token, epoch, offset, loadedAt, json, Math.ceil(ttlMs)];
    return (await this.redis.commandOn(keys[0], (client) => client.eval(WRITE, 2, ...keys, ...args))) === 1;
  }

  override async fail(topic: string, { holder }: LoadRight, code: string, retryMs: number): Promise<void> {
    const [, claim] = this.redis.keys.liveState(topic);
    await this.redis.commandOn(claim, (client) => client.eval(FAIL, 1, claim, holder, code, Math.ceil(retryMs)));
  }
}
