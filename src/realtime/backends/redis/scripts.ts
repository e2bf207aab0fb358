import { createHash } from 'node:crypto';

/** A Lua script and its SHA-1 digest for EVALSHA. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

/** How long the position of a channel without events is valid, in hours: META_TTL_MS, minus up to an hour of rounding. */
const INITIAL_EPOCH_HOURS = 24;

/** How long an unused channel keeps its epoch and offset, in milliseconds; longer if its history is kept longer. */
export const META_TTL_MS = 86_400_000;

/**
 * Runs a command on a key that can hold a value of another type, written by another process. Redis would reject every command on
 * it. Such a value is deleted: one key must not fail the scripts that read it together with keys of other channels.
 */
const TYPED = `
local function typed(command, key, ...)
  local answer = redis.pcall(command, key, ...)
  if type(answer) ~= 'table' or not answer.err then return answer, false end
  local foreign = string.find(answer.err, 'WRONGTYPE', 1, true) ~= nil
  if foreign then redis.call('DEL', key) end
  return redis.call(command, key, ...), foreign
end
`;

/**
 * The fence: an epoch belongs to one incarnation of the Redis server, identified by `master_replid`, which changes with every
 * restart and promotion. Offsets continue under a fresh epoch, so that no offset is used twice. The old epoch is kept as a
 * boundary, `<epoch>@<top>`: the end of the log that Redis *kept*. It proves nothing about later events, which may have been
 * acknowledged and lost. So a reader on the other side of a boundary is always notified.
 *
 * No boundary is added for a running master that changes its `master_replid` an hour after its last replica left. It is the same
 * process (`run_id`), has no second replication id, and has received no data from another master since
 * (`total_net_repl_input_bytes`).
 *
 * A channel without events has no key: a client that subscribes to any number of names must not fill Redis. Until its first
 * event, such a channel is at offset 0 of an *initial epoch*, `v<lineage><data set>h<hour>`, which is derived. The log stores it
 * in `o` as `<initial epoch>@<first epoch>`. A reader at an initial epoch is before the first event, if
 * - the lineage is the same (the server was not restarted since),
 * - the data set is the same (a random value in a key, which FLUSHDB deletes too), and
 * - less than a day has passed. A log is kept for a day after its last event, so no older log can have come and gone.
 *
 * A log whose epoch or top offset no instance can have written is ignored.
 *
 * `p` is 1 while no reader knows the epoch: an event without history ends the epoch (see PUBLISH_PLAIN) once for each reader.
 */
export const FENCE = `${TYPED}
local function lineage()
  return string.sub(string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)'), 1, 12)
end
local process
local function incarnation()
  if not process then
    local info = redis.call('INFO', 'server', 'stats', 'replication')
    local run = string.match(info, 'run_id:(%w+)')
    local received = string.match(info, 'total_net_repl_input_bytes:(%d+)')
    local alone = string.match(info, 'master_replid2:0+%s')
    process = { run and received and (run .. ':' .. received) or '-', run and received and alone }
  end
  return process[1], process[2]
end
local function initial(data, fresh, line)
  local set = typed('GET', data)
  if not (set and string.match(set, '^%w+$') and #set <= 12) then
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
  local m, lost = typed('HMGET', meta, 'e', 's', 'l', 'b', 'o', 'r', 'p')
  -- A reader at an initial epoch must detect that a log was lost.
  if lost then redis.call('DEL', data) end
  local e, s, b, o = m[1], tonumber(m[2] or '0'), m[4] or '', m[5] or ''
  if not (e and s and s >= 0 and s < 2 ^ 53 and #e <= 64 and string.match(e, '^%w+$')) then
    local epoch = initial(data, fresh, line)
    if not create then return epoch, 0, '', epoch .. '@' .. epoch end
    o = epoch .. '@' .. fresh
    redis.call('HSET', meta, 'e', fresh, 's', '0', 'l', line, 'b', '', 'o', o, 'r', (incarnation()))
    redis.call('DEL', history)
    return fresh, 0, '', o
  end
  if m[3] ~= line then
    local now, alone = incarnation()
    if alone and m[6] == now then
      redis.call('HSET', meta, 'l', line)
    else
      local kept = { e .. '@' .. string.format('%.0f', s) }
      for boundary in string.gmatch(b, '%S+') do
        if #kept < 4 then kept[#kept + 1] = boundary end
      end
      b = table.concat(kept, ' ')
      e = fresh
      redis.call('HSET', meta, 'e', e, 'l', line, 'b', b, 'r', now)
    end
  end
  if m[7] == '1' then redis.call('HSET', meta, 'p', '0') end
  return e, s, b, o
end
`;

/** Redis's clock, in milliseconds. */
const NOW = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
`;

/**
 * Publishes one or more events of one channel, in order.
 * KEYS meta, history, data set, then the idempotency key of each event that has one
 * ARGV pub/sub channel, history size, history ttl ms, fresh epoch,
 *      floor epoch, floor offset (a position known to be before the first attempt of all events; `-` and 0 without one),
 *      then for each event: body, message id, not after (Redis ms), retry 0|1, idempotency ttl ms (0 without a key)
 * → { epoch, offset of the first published event, then for each event that was not published: its index from 0 and
 *     `late` | `unsure` (the first attempt of a retry may have succeeded) | `<epoch> <offset>` of the earlier event }
 */
export const PUBLISH = script(`${FENCE}${NOW}
local e, s, b = fence(KEYS[1], KEYS[2], KEYS[3], ARGV[4], lineage(), true)
local reply = { e, string.format('%.0f', s + 1) }
local tails, keyed, kept, sure = {}, {}, nil, false
local key, before = 3, s
local function earlier(id)
  if not kept then
    kept = {}
    local entries = typed('LRANGE', KEYS[2], 0, -1)
    for i = 1, #entries do
      local offset, known = string.match(entries[i], '^(%d+) (%S+) ')
      if known then kept[known] = offset end
    end
    local first = entries[1] and tonumber(string.match(entries[1], '^(%d+)')) or before + 1
    local comparable = ARGV[5] == e or string.find(b, ARGV[5] .. '@', 1, true)
    sure = first <= (comparable and tonumber(ARGV[6]) or 0) + 1
  end
  if kept[id] then return e .. ' ' .. kept[id] end
  return not sure and 'unsure'
end
for i = 7, #ARGV, 5 do
  local answer, name = nil, nil
  if ARGV[i + 4] ~= '0' then
    key = key + 1
    name = KEYS[key]
    answer = keyed[name] and keyed[name][1] or typed('GET', name)
  end
  if not answer and ARGV[i + 3] == '1' then answer = earlier(ARGV[i + 1]) end
  -- Checked last, because "late" means that the event was never published.
  if not answer and now > tonumber(ARGV[i + 2]) then answer = 'late' end
  if answer then
    reply[#reply + 1] = string.format('%.0f', (i - 7) / 5)
    reply[#reply + 1] = answer
  else
    s = s + 1
    local offset = string.format('%.0f', s)
    tails[#tails + 1] = offset .. ' ' .. ARGV[i + 1] .. ' ' .. ARGV[i]
    if name then keyed[name] = { e .. ' ' .. offset, ARGV[i + 4] } end
  end
end
-- RPUSH is the first write: Redis checks for free memory only at the first write of a script, if that command needs memory.
if #tails > 0 then typed('RPUSH', KEYS[2], unpack(tails)) end
redis.call('PEXPIRE', KEYS[1], math.max(${META_TTL_MS}, ARGV[3]))
if #tails == 0 then return reply end
redis.call('LTRIM', KEYS[2], -tonumber(ARGV[2]), -1)
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('HSET', KEYS[1], 's', string.format('%.0f', s))
for name, position in pairs(keyed) do redis.call('SET', name, position[1], 'PX', position[2]) end
for i = 1, #tails do redis.call('PUBLISH', ARGV[1], e .. ' ' .. tails[i]) end
return reply
`);

/**
 * Publishes on a channel without history.
 * KEYS meta, then the idempotency key of each event that has one
 * ARGV pub/sub channel, fresh epoch, then for each event: body, message id, not after (Redis ms), idempotency ttl ms (0 without)
 * → the index of each event that was late
 *
 * While a deployment switches a channel's history on or off, some instances still publish in the other mode. An event without
 * history has no offset by which a reader could detect a gap, so it ends the epoch. The script writes only if a reader may know
 * the epoch: on a channel that no instance reads with history, it costs one read. The script needs a key: without one it would
 * run on any node of a Cluster, and there is no order between two nodes.
 */
export const PUBLISH_PLAIN = script(`${TYPED}${NOW}
local late, key = {}, 1
for i = 3, #ARGV, 4 do
  if ARGV[i + 3] ~= '0' then key = key + 1 end
  local known = ARGV[i + 3] ~= '0' and redis.call('EXISTS', KEYS[key]) == 1
  if not known and now > tonumber(ARGV[i + 2]) then
    late[#late + 1] = string.format('%.0f', (i - 3) / 4)
  elseif ARGV[i + 3] == '0' or redis.call('SET', KEYS[key], '1', 'PX', ARGV[i + 3], 'NX') then
    if typed('HMGET', KEYS[1], 'p')[1] ~= '1' then
      redis.call('HSET', KEYS[1], 'e', ARGV[2], 'b', '', 'o', '', 'p', '1')
      redis.call('PEXPIRE', KEYS[1], ${META_TTL_MS})
    end
    redis.call('PUBLISH', ARGV[1], '- 0 ' .. ARGV[i + 1] .. ' ' .. ARGV[i])
  end
end
return late
`);

/**
 * Reads the events after a position: all of them, or none and a reason.
 * KEYS meta, history, data set; ARGV fresh epoch, epoch, offset, max events, max bytes, 1 to also get the entry at the offset
 * → { 'ok', epoch, top, entry … } | { reason, epoch, top }
 */
export const READ = script(`${FENCE}
local e, s, b, o = fence(KEYS[1], KEYS[2], KEYS[3], ARGV[1], lineage(), false)
redis.call('PEXPIRE', KEYS[1], ${META_TTL_MS}, 'GT')
local top = string.format('%.0f', s)
local seen, after = ARGV[2], tonumber(ARGV[3])
if after == 0 and precedes(seen, o) then seen = string.match(o, '@(%w+)$') end
if seen ~= e then
  local boundary
  for epoch, offset in string.gmatch(b, '(%w+)@(%d+)') do
    if epoch == seen then boundary = tonumber(offset) end
  end
  if not boundary then return { 'unknown_epoch', e, top } end
  return { after > boundary and 'rewound' or 'unproven', e, top }
end
if after > s then return { 'rewound', e, top } end
local missed = s - after
local wanted = missed + tonumber(ARGV[6] or '0')
if wanted == 0 then return { 'ok', e, top } end
if missed > tonumber(ARGV[4]) then return { 'too_many', e, top } end
local entries = typed('LRANGE', KEYS[2], -wanted, -1)
local first = #entries - missed + 1
if missed > 0 and (first < 1 or tonumber(string.match(entries[first], '^(%d+)')) ~= after + 1) then
  return { 'expired', e, top }
end
local bytes = 0
for i = first, #entries do
  local head = string.match(entries[i], '^%d+ %S+ ')
  if not head then return { 'expired', e, top } end
  bytes = bytes + #entries[i] - #head
end
if bytes > tonumber(ARGV[5]) then return { 'too_many', e, top } end
table.insert(entries, 1, top)
table.insert(entries, 1, e)
table.insert(entries, 1, 'ok')
return entries
`);

/**
 * Returns the positions of channels.
 * KEYS data set, meta, history, meta, history …; ARGV the beginning of fresh epochs
 * → { epoch, offset, message id, epoch, offset, message id … }, with an empty id if the history has expired
 */
export const POSITIONS = script(`${FENCE}
local line = lineage()
local result = {}
for i = 2, #KEYS, 2 do
  local e, s = fence(KEYS[i], KEYS[i + 1], KEYS[1], ARGV[1] .. 'x' .. i, line, false)
  redis.call('PEXPIRE', KEYS[i], ${META_TTL_MS}, 'GT')
  result[#result + 1] = e
  result[#result + 1] = string.format('%.0f', s)
  local last = s > 0 and typed('LRANGE', KEYS[i + 1], -1, -1)[1]
  result[#result + 1] = last and string.match(last, '^%d+ (%S+)') or ''
end
return result
`);

export function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}
