import {
  streamWritten,
  StreamStore,
  WRITER_LOST,
  type StreamEnd,
  type StreamOpened,
  type StreamOpening,
  type StreamPage,
  type StreamRules,
  type StreamToken,
  type StreamWritten,
} from '../../streams/stream-store.js';
import { messageIdOf } from './message-format.js';
import { runOrLoadScript } from './client.js';
import type { RedisBroker } from './redis.broker.js';
import { script, type Script } from './scripts.js';

/**
 * Fields of the hash: `i` id, `w` writer, `o` owner, `l` end of the lease (ms), `s` first byte that is kept, `n` length, `t` state,
 * `e` JSON of the end, `r` lineage. Text that does not have the length of its hash was changed by another process, or lost.
 */
const STREAM = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local m = redis.call('HMGET', KEYS[1], 'i', 'w', 'o', 'l', 's', 'n', 't', 'e', 'r')
local id, writer, state = m[1], m[2], m[7]
local first, length = tonumber(m[5] or '0'), tonumber(m[6] or '0')
local size = redis.pcall('STRLEN', KEYS[2])
if type(size) == 'table' then redis.call('DEL', KEYS[2]) end
if id and size ~= length - first then id = nil end
local function number(value) return string.format('%.0f', value) end
local function notify(pubsub, message) redis.call('PUBLISH', pubsub, message) end
local function expire(ttl)
  redis.call('PEXPIRE', KEYS[1], ttl)
  redis.call('PEXPIRE', KEYS[2], ttl)
end
local function boundary(text, at, lines)
  if at <= 0 or at >= #text then return math.min(math.max(at, 0), #text) end
  if lines then return string.find(text, '\\n', at, true) or #text end
  while at < #text and bit.band(string.byte(text, at + 1), 0xC0) == 0x80 do at = at + 1 end
  return at
end
`;

/**
 * A writer that continues after a restart or a promotion of Redis gets another id: Redis may have lost bytes that readers have.
 * KEYS stream, text; ARGV pub/sub channel, message, id, writer, owner, resume 0|1, lease (ms), ttl (ms)
 * → { 'opened', id, first byte, length } or { 'conflict' }
 */
const OPEN = script(`${STREAM}
if id and writer == ARGV[4] then return {'opened', id, number(first), number(length)} end
if id and state == 'open' and tonumber(m[4]) > now then return {'conflict'} end
local lineage = string.sub(string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)'), 1, 12)
local kept = id and ARGV[6] == '1' and (state == 'open' or state == 'failed')
if not kept then
  redis.call('DEL', KEYS[2])
  first, length = 0, 0
end
if not kept or m[9] ~= lineage then id = ARGV[3] end
redis.call('HSET', KEYS[1], 'i', id, 'w', ARGV[4], 'o', ARGV[5], 'l', number(now + ARGV[7]), 's', number(first), 'n', number(length),
  't', 'open', 'e', '', 'r', lineage)
expire(ARGV[8])
notify(ARGV[1], ARGV[2])
return {'opened', id, number(first), number(length)}
`);

/** ARGV pub/sub channel, message, id, writer, length before … → a refusal, unless the writer can write there */
const WRITE = `${STREAM}
if not id then return {'lost'} end
if id ~= ARGV[3] or writer ~= ARGV[4] then return {'fenced'} end
local at = tonumber(ARGV[5])
local function misplaced(bytes)
  if length < at then return {'behind', number(length)} end
  if length ~= at and length ~= at + bytes then return {'fenced'} end
end
local function write(text, most, lines)
  if length > at or #text == 0 then return end
  local kept = redis.call('APPEND', KEYS[2], text)
  length = length + #text
  if kept <= most then return end
  local all = redis.call('GET', KEYS[2])
  local cut = boundary(all, #all - math.floor(most * 3 / 4), lines)
  redis.call('SET', KEYS[2], string.sub(all, cut + 1))
  first = first + cut
end
`;

/** KEYS stream, text; ARGV … text, lease (ms), ttl (ms), maximum bytes, lines 0|1 */
const APPEND = script(`${WRITE}
if state ~= 'open' then return {'ended'} end
local problem = misplaced(#ARGV[6])
if problem then return problem end
write(ARGV[6], tonumber(ARGV[9]), ARGV[10] == '1')
redis.call('HSET', KEYS[1], 'n', number(length), 's', number(first), 'l', number(now + ARGV[7]))
expire(ARGV[8])
notify(ARGV[1], ARGV[2])
return {'written'}
`);

/** KEYS stream, text; ARGV … text, ttl (ms), maximum bytes, lines 0|1, state, JSON */
const END = script(`${WRITE}
if state == ARGV[10] and m[8] == ARGV[11] then return {'written'} end
if state ~= 'open' then return {'ended'} end
local problem = misplaced(#ARGV[6])
if problem then return problem end
write(ARGV[6], tonumber(ARGV[8]), ARGV[9] == '1')
redis.call('HSET', KEYS[1], 'n', number(length), 's', number(first), 't', ARGV[10], 'e', ARGV[11])
expire(ARGV[7])
notify(ARGV[1], ARGV[2])
return {'written'}
`);

/**
 * KEYS stream, text; ARGV pub/sub channel, message, first wanted byte, maximum bytes, lines 0|1, JSON of a lost writer
 * → { id, first byte, length, state, JSON of the end, owner, place of the text, text } or { }
 */
const READ = script(`${STREAM}
if not id then return {} end
local json = m[8]
if state == 'open' and tonumber(m[4]) <= now then
  state, json = 'failed', ARGV[6]
  redis.call('HSET', KEYS[1], 't', state, 'e', json)
  notify(ARGV[1], ARGV[2])
end
local lines = ARGV[5] == '1'
local from, most = math.max(0, tonumber(ARGV[3]) - first), tonumber(ARGV[4])
local text = ''
if most > 0 and from < length - first then
  local before = math.min(from, 1)
  -- One byte before shows if a line begins at the place.
  text = redis.call('GETRANGE', KEYS[2], number(from - before), number(from + most))
  local cut = boundary(text, before, lines)
  from = from - before + cut
  local rest = string.sub(text, cut + 1)
  if from + #rest < length - first or #rest > most then
    local last = math.min(#rest - 1, most)
    if lines then
      while last > 0 and string.byte(rest, last) ~= 10 do last = last - 1 end
    else
      while last > 0 and bit.band(string.byte(rest, last + 1), 0xC0) == 0x80 do last = last - 1 end
    end
    rest = string.sub(rest, 1, last)
  end
  text = rest
end
return {id, number(first), number(length), state, json, m[3] or '', number(first + from), text}
`);

/** Stream store in Redis: a hash and a string for each stream. Each method is one command. */
export class RedisStreamStore extends StreamStore {
  private messages = 0;

  constructor(private readonly redis: RedisBroker) {
    super();
  }

  override async open(
    topic: string,
    { id, writer, owner, resume }: StreamOpening,
    { leaseMs, ttlMs }: StreamRules,
    notice: string,
  ): Promise<StreamOpened> {
    const given = [id, writer, owner, resume ? 1 : 0, leaseMs, ttlMs];
    const [state, kept, start, next] = await this.run(OPEN, topic, notice, given);
    if (state === 'conflict') return { state };
    return { state: 'opened', id: kept!, start: Number(start), next: Number(next) };
  }

  override async append(
    topic: string,
    { id, writer }: StreamToken,
    at: number,
    text: string,
    { leaseMs, ttlMs, maxBytes, lines }: StreamRules,
    notice: string,
  ): Promise<StreamWritten> {
    const rules = [leaseMs, ttlMs, maxBytes, lines ? 1 : 0];
    return streamWritten(await this.run(APPEND, topic, notice, [id, writer, at, text, ...rules]));
  }

  override async end(
    topic: string,
    { id, writer }: StreamToken,
    at: number,
    text: string,
    { state, json }: StreamEnd,
    { ttlMs, maxBytes, lines }: StreamRules,
    notice: string,
  ): Promise<StreamWritten> {
    const given = [id, writer, at, text, ttlMs, maxBytes, lines ? 1 : 0, state, json];
    return streamWritten(await this.run(END, topic, notice, given));
  }

  override async read(
    topic: string,
    at: number,
    maxBytes: number,
    lines: boolean,
    notice: string,
  ): Promise<StreamPage | null> {
    const reply = await this.run(READ, topic, notice, [at, maxBytes, lines ? 1 : 0, WRITER_LOST]);
    if (reply.length === 0) return null;
    const [id, start, next, state, end, owner, from, text] = reply as [string, string, string, ...string[]];
    return {
      id,
      start: Number(start),
      next: Number(next),
      state: state as StreamPage['state'],
      end: end === '' ? null : end!,
      owner: owner!,
      at: Number(from),
      text: text!,
    };
  }

  private async run(
    called: Script,
    topic: string,
    notice: string,
    given: readonly (string | number)[],
  ): Promise<string[]> {
    const { keys } = this.redis;
    const own = keys.stream(topic);
    this.messages += 1;
    const args = [keys.pubsub(topic), `- 0 ${messageIdOf(this.messages)} ${notice}`, ...given];
    const reply = await this.redis.commandOn(own[0], (client) => runOrLoadScript(client, called, own, args));
    return reply as string[];
  }
}
