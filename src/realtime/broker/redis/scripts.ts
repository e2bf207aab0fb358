import { createHash } from 'node:crypto';

/** A Lua script and the digest that EVALSHA calls it by. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

/** How long the position of a channel without events is good: META_TTL_MS, less the hour by which it is rounded down. */
const INITIAL_EPOCH_HOURS = 24;

/**
 * The fence: an epoch belongs to one incarnation of the Redis server, which `master_replid` names. It changes with every
 * restart and promotion. Each of these keeps a prefix of the log, so a reader at (old epoch, offset) has missed nothing
 * that is gone while its offset is not beyond the boundary, where the log stood when the incarnations changed. Without
 * the fence a promoted replica that lagged would give offsets out twice, and events would be skipped in silence.
 *
 * A channel without events has no key: a client that subscribes to any number of names must not fill Redis. Until its first
 * event such a channel stands at offset 0 of an *initial epoch*, `v<lineage><data set>h<hour>`, which is derived. The log's
 * `o` keeps it as `<initial epoch>@<first epoch>`: a reader at an initial epoch stands before the first event, if
 *  - the lineage is the same (the server was not restarted since),
 *  - the data set is the same (a random value in a key that FLUSHDB deletes, too), and
 *  - less than a day has passed: for as long a log is kept after its last event, so an older one cannot have come and gone.
 */
const FENCE = `
local function lineage()
  return string.sub(string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)'), 1, 12)
end
local function initial(data, fresh, line)
  local set = redis.call('GET', data)
  if not set then
    set = string.sub(fresh, 1, 12)
    redis.call('SET', data, set)
  end
  return 'v' .. line .. set .. 'h' .. math.floor(tonumber(redis.call('TIME')[1]) / 3600)
end
local function precedes(seen, origin)
  local set, hour = string.match(seen, '^(v%w+)h(%d+)$')
  local originalSet, originalHour = string.match(origin, '^(v%w+)h(%d+)')
  if not set or set ~= originalSet then return false end
  local age = tonumber(originalHour) - tonumber(hour)
  return age >= 0 and age < ${INITIAL_EPOCH_HOURS}
end
local function fence(meta, history, data, fresh, line, create)
  local m = redis.call('HMGET', meta, 'e', 's', 'l', 'b', 'o')
  local e, s, b, o = m[1], tonumber(m[2] or '0'), m[4] or '', m[5] or ''
  if not e then
    local epoch = initial(data, fresh, line)
    if not create then return epoch, 0, '', epoch .. '@' .. epoch end
    redis.call('DEL', history)
    o = epoch .. '@' .. fresh
    redis.call('HSET', meta, 'e', fresh, 's', '0', 'l', line, 'b', '', 'o', o)
    return fresh, 0, '', o
  end
  if m[3] ~= line then
    local kept = { e .. '@' .. s }
    for boundary in string.gmatch(b, '%S+') do
      if #kept < 4 then kept[#kept + 1] = boundary end
    end
    b = table.concat(kept, ' ')
    e = fresh
    redis.call('HSET', meta, 'e', e, 'l', line, 'b', b)
  end
  return e, s, b, o
end
`;

const META_TTL_MS = 86_400_000;

/**
 * KEYS meta, history, data set, [idempotency]
 * ARGV pub/sub channel, body, message id, history size, history ttl ms, retry 0|1, fresh epoch, not after (Redis ms),
 *      idempotency ttl ms, floor epoch, floor offset
 *      (a position known to come before the first try; `-` and 0 where none is)
 * → { epoch, offset } | { 'late' } | { 'unsure' }: a retry whose first try can neither be found nor be ruled out
 */
export const PUBLISH = script(`${FENCE}
local time = redis.call('TIME')
if tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) > tonumber(ARGV[8]) then return { 'late' } end
if KEYS[4] then
  local known = redis.call('GET', KEYS[4])
  if known then
    local e, s = string.match(known, '^(%S+) (%d+)$')
    return { e, s }
  end
end
local e, s, b = fence(KEYS[1], KEYS[2], KEYS[3], ARGV[7], lineage(), true)
if ARGV[6] == '1' then
  local entries = redis.call('LRANGE', KEYS[2], 0, -1)
  for i = #entries, 1, -1 do
    local offset, id = string.match(entries[i], '^(%d+) (%S+) ')
    if id == ARGV[3] then return { e, offset } end
  end
  local first = entries[1] and tonumber(string.match(entries[1], '^(%d+)')) or s + 1
  local comparable = ARGV[10] == e or string.find(b, ARGV[10] .. '@', 1, true)
  if first > (comparable and tonumber(ARGV[11]) or 0) + 1 then return { 'unsure' } end
end
s = s + 1
local tail = string.format('%.0f', s) .. ' ' .. ARGV[3] .. ' ' .. ARGV[2]
redis.call('RPUSH', KEYS[2], tail)
redis.call('LTRIM', KEYS[2], -tonumber(ARGV[4]), -1)
redis.call('PEXPIRE', KEYS[2], ARGV[5])
redis.call('HSET', KEYS[1], 's', string.format('%.0f', s))
redis.call('PEXPIRE', KEYS[1], ${META_TTL_MS})
if KEYS[4] then redis.call('SET', KEYS[4], e .. ' ' .. string.format('%.0f', s), 'PX', ARGV[9]) end
redis.call('PUBLISH', ARGV[1], e .. ' ' .. tail)
return { e, string.format('%.0f', s) }
`);

/**
 * Several events of one channel, each for the first time and without an idempotency key.
 * KEYS meta, history, data set
 * ARGV pub/sub channel, history size, history ttl ms, fresh epoch, then for each event: body, message id, not after (Redis ms)
 * → { epoch, offset of the first that was published, which were too late (from 0) … }
 */
export const PUBLISH_MANY = script(`${FENCE}
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local e, s = fence(KEYS[1], KEYS[2], KEYS[3], ARGV[4], lineage(), true)
local reply = { e, string.format('%.0f', s + 1) }
local tails = {}
for i = 5, #ARGV, 3 do
  if now > tonumber(ARGV[i + 2]) then
    reply[#reply + 1] = string.format('%.0f', (i - 5) / 3)
  else
    s = s + 1
    tails[#tails + 1] = string.format('%.0f', s) .. ' ' .. ARGV[i + 1] .. ' ' .. ARGV[i]
  end
end
redis.call('PEXPIRE', KEYS[1], ${META_TTL_MS})
if #tails == 0 then return reply end
redis.call('RPUSH', KEYS[2], unpack(tails))
redis.call('LTRIM', KEYS[2], -tonumber(ARGV[2]), -1)
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('HSET', KEYS[1], 's', string.format('%.0f', s))
for i = 1, #tails do redis.call('PUBLISH', ARGV[1], e .. ' ' .. tails[i]) end
return reply
`);

/**
 * A channel without history. KEYS meta, [idempotency]; ARGV pub/sub channel, body, message id, not after (Redis ms),
 * idempotency ttl ms → { '' } | { 'late' }
 *
 * `meta` is only named: a script without a key runs on any node of a Cluster, and what two nodes publish reaches a third
 * in any order.
 */
export const PUBLISH_PLAIN = script(`
local time = redis.call('TIME')
if tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) > tonumber(ARGV[4]) then return { 'late' } end
if KEYS[2] and not redis.call('SET', KEYS[2], '1', 'PX', ARGV[5], 'NX') then return { '' } end
redis.call('PUBLISH', ARGV[1], '- 0 ' .. ARGV[3] .. ' ' .. ARGV[2])
return { '' }
`);

/**
 * KEYS meta, history, data set; ARGV fresh epoch, epoch, offset, most events, most bytes
 * → { 'ok', epoch, top, entry … } | { reason, epoch, top }: never a part of what is missing
 */
export const READ = script(`${FENCE}
local e, s, b, o = fence(KEYS[1], KEYS[2], KEYS[3], ARGV[1], lineage(), false)
redis.call('PEXPIRE', KEYS[1], ${META_TTL_MS})
local top = string.format('%.0f', s)
local seen, after = ARGV[2], tonumber(ARGV[3])
if after == 0 and precedes(seen, o) then seen = string.match(o, '@(%w+)$') end
if seen ~= e then
  local boundary
  for epoch, offset in string.gmatch(b, '(%w+)@(%d+)') do
    if epoch == seen then boundary = tonumber(offset) end
  end
  if not boundary then return { 'unknown_epoch', e, top } end
  if after > boundary then return { 'rewound', e, top } end
end
if after > s then return { 'rewound', e, top } end
local missed = s - after
if missed == 0 then return { 'ok', e, top } end
if missed > tonumber(ARGV[4]) then return { 'too_many', e, top } end
local entries = redis.call('LRANGE', KEYS[2], -missed, -1)
if #entries < missed or tonumber(string.match(entries[1], '^(%d+)')) ~= after + 1 then return { 'expired', e, top } end
local bytes = 0
for i = 1, #entries do bytes = bytes + #entries[i] - #string.match(entries[i], '^%d+ %S+ ') end
if bytes > tonumber(ARGV[5]) then return { 'too_many', e, top } end
table.insert(entries, 1, top)
table.insert(entries, 1, e)
table.insert(entries, 1, 'ok')
return entries
`);

/** KEYS data set, meta, history, meta, history …; ARGV the beginning of fresh epochs → { epoch, offset, epoch, offset … } */
export const POSITIONS = script(`${FENCE}
local line = lineage()
local result = {}
for i = 2, #KEYS, 2 do
  local e, s = fence(KEYS[i], KEYS[i + 1], KEYS[1], ARGV[1] .. 'x' .. i, line, false)
  redis.call('PEXPIRE', KEYS[i], ${META_TTL_MS})
  result[#result + 1] = e
  result[#result + 1] = string.format('%.0f', s)
end
return result
`);

export const SCRIPTS: readonly Script[] = [PUBLISH, PUBLISH_MANY, PUBLISH_PLAIN, READ, POSITIONS];

function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}
