import { MAX_REVOCATIONS, readRevocation, RevocationsFullError, type Revocation } from '../auth/revocation.js';
import type { RedisBroker } from '../broker/redis.broker.js';
import { RevocationStore } from './revocation-store.js';

/** Entries that one answer of Redis holds, more or less. */
const PAGE = 1_000;

/**
 * KEYS sorted set; ARGV until, entry, most entries, entry that it stands for or ''
 * → 1, or 0 where there are too many. Redis's own clock: those of instances may differ.
 */
const ADD = `
local time = redis.call('TIME')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', tonumber(time[1]) * 1000)
if ARGV[4] ~= '' then redis.call('ZREM', KEYS[1], ARGV[4]) end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) and not redis.call('ZSCORE', KEYS[1], ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], 'GT', ARGV[1], ARGV[2])
return 1
`;

/** The store in Redis: one sorted set, by when each entry ends. */
export class RedisRevocationStore extends RevocationStore {
  private readonly key: string;

  constructor(private readonly redis: RedisBroker) {
    super();
    this.key = redis.keys.revocations();
  }

  override onReachable(callback: () => void): void {
    this.redis.onUp(callback);
  }

  override async add(revocation: Revocation, superseded?: Revocation): Promise<void> {
    const until = revocation.until === Infinity ? '+inf' : String(revocation.until);
    const most = revocation.kind === 'all' ? '+inf' : String(MAX_REVOCATIONS);
    const before = superseded === undefined ? '' : entryOf(superseded);
    const added = await this.redis.command((client) =>
      client.eval(ADD, 1, this.key, until, entryOf(revocation), most.replace('+inf', '9007199254740991'), before),
    );
    if (added !== 1) throw new RevocationsFullError();
  }

  override async all(): Promise<Revocation[]> {
    const found: Revocation[] = [];
    let cursor = '0';
    do {
      const from = cursor;
      const [next, flat] = await this.redis.command((client) => client.zscan(this.key, from, 'COUNT', PAGE));
      for (let index = 0; index < flat.length; index += 2) {
        const revocation = parseEntry(flat[index]!, flat[index + 1]!);
        if (revocation !== null && revocation.until > Date.now()) found.push(revocation);
      }
      cursor = next;
    } while (cursor !== '0');
    return found;
  }
}

/** An entry without its end, which is its score. What users chose stands in it as JSON, never in a key. */
function entryOf({ until: _until, ...subject }: Revocation): string {
  return JSON.stringify(subject);
}

function parseEntry(entry: string, score: string): Revocation | null {
  try {
    const until = score === 'inf' ? Infinity : Number(score);
    return readRevocation({ ...(JSON.parse(entry) as object), until });
  } catch {
    return null; // somebody else wrote it
  }
}
