import { FENCE, META_TTL_MS, script } from './scripts.js';

/** Number of entries that PAGE reads at once: entries are large, and few of them may fit. */
const PAGE_STEP = 32;

/**
 * Reads the events before a position, newest first.
 * KEYS meta, history, data set; ARGV fresh epoch, epoch (empty: from the end), offset, max events, max bytes
 * → { epoch, top, 1 if older events are stored, entry … } | {} if it is unknown which events came before the position
 *
 * After a restart of Redis the log still has the events of an earlier epoch up to its boundary.
 */
export const PAGE = script(`${FENCE}
local e, s, b = fence(KEYS[1], KEYS[2], KEYS[3], ARGV[1], lineage(), false)
redis.call('PEXPIRE', KEYS[1], ${META_TTL_MS}, 'GT')
local before, known = s + 1, s + 1
if ARGV[2] ~= '' then
  before = tonumber(ARGV[3])
  if ARGV[2] ~= e then
    known = 0
    for epoch, offset in string.gmatch(b, '(%w+)@(%d+)') do
      if epoch == ARGV[2] then known = tonumber(offset) end
    end
  end
  if before > known then return {} end
end
local page = { e, string.format('%.0f', s), '0' }
local last, bytes = before - s - 2, 0
repeat
  local entries = last < 0 and typed('LRANGE', KEYS[2], last - ${PAGE_STEP - 1}, last) or {}
  for i = #entries, 1, -1 do
    local offset, body = string.match(entries[i], '^(%d+) %S+ ()')
    if not offset or tonumber(offset) ~= before - 1 then return page end
    bytes = bytes + #entries[i] - body + 1
    if #page - 3 == tonumber(ARGV[4]) or (#page > 3 and bytes > tonumber(ARGV[5])) then
      page[3] = '1'
      return page
    end
    page[#page + 1] = entries[i]
    before = before - 1
  end
  last = last - ${PAGE_STEP}
until #entries < ${PAGE_STEP}
return page
`);
