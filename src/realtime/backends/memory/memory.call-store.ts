import { randomUUID } from 'node:crypto';
import {
  CallStore,
  type CallCapacity,
  type CallKey,
  type CallRules,
  type CallState,
} from '../../commands/call-store.js';

interface Entry {
  readonly key: CallKey;
  readonly holder: string;
  readonly endsAt: number;
  leaseEndsAt: number;
  isRunning: boolean;
  outcome: string | null;
}

/** Memory of a call in addition to its outcome, in bytes: two strings, an object, and its place in two maps. */
const BYTES_OF_CALL = 512;

/** Number of expired calls that one `begin` forgets at most. It adds one, so they do not accumulate. */
const FORGOTTEN_AT_ONCE = 1_000;

/** Kept calls of a user or tenant. */
interface Usage {
  calls: number;
  bytes: number;
}

const BEGUN: CallState = { state: 'begun' };
const RUNNING: CallState = { state: 'running' };
const FULL: CallState = { state: 'full' };

/**
 * Call store of a single instance, of bounded size: beyond it the outcomes of the oldest calls become unknown, and later new calls
 * are refused. No call that runs, and none that ended, is forgotten, because it could run again.
 */
export class MemoryCallStore extends CallStore {
  private readonly incarnation = randomUUID();
  // Instances use one `keepMs`, so the order of entries is the order of their ends.
  private readonly entries = new Map<string, Entry>();
  /** Entries with an outcome, in the order of their ends. */
  private readonly withOutcome = new Set<Entry>();
  private bytes = 0;
  private readonly users = new Map<string, Usage>();
  private readonly tenants = new Map<string, Usage>();

  /** @param now monotonic clock, in milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {
    super();
  }

  override async epoch(): Promise<string> {
    return this.incarnation;
  }

  override async begin(key: CallKey, holder: string, rules: CallRules): Promise<CallState> {
    const now = this.now();
    this.forgetExpired(now);
    const text = textOf(key);
    const found = this.entries.get(text);
    if (found !== undefined) return this.stateOf(found, holder, now);
    if (isFull(this.users.get(key.owner), rules.perUser)) return FULL;
    if (key.tenant !== null && isFull(this.tenants.get(key.tenant), rules.perTenant)) return FULL;
    if (!this.makeRoom(BYTES_OF_CALL, rules)) return FULL;
    const [user, tenant] = this.usagesOf(key);
    this.bytes += BYTES_OF_CALL;
    user.calls += 1;
    if (tenant !== null) tenant.calls += 1;
    const times = { endsAt: now + rules.keepMs, leaseEndsAt: now + rules.leaseMs };
    this.entries.set(text, { key, holder, ...times, isRunning: true, outcome: null });
    return BEGUN;
  }

  override async renew(key: CallKey, holder: string, { leaseMs }: CallRules): Promise<boolean> {
    const entry = this.entries.get(textOf(key));
    if (entry?.isRunning !== true || entry.holder !== holder) return false;
    entry.leaseEndsAt = this.now() + leaseMs;
    return true;
  }

  override async finish(key: CallKey, holder: string, outcome: string, rules: CallRules): Promise<boolean> {
    const entry = this.entries.get(textOf(key));
    // It expired while it ran, so no other caller can have received an outcome.
    if (entry === undefined) return true;
    if (!entry.isRunning || entry.holder !== holder) return entry.holder === holder && entry.outcome === outcome;
    entry.isRunning = false;
    const [user, tenant] = this.usagesOf(key);
    const isKept = fits(user, outcome, rules.perUser) && (tenant === null || fits(tenant, outcome, rules.perTenant));
    if (!isKept) return true;
    if (!this.makeRoom(outcome.length, rules)) return true;
    entry.outcome = outcome;
    this.withOutcome.add(entry);
    this.addBytes(entry, outcome.length);
    return true;
  }

  private stateOf(entry: Entry, holder: string, now: number): CallState {
    if (entry.isRunning && entry.holder === holder) return BEGUN;
    if (entry.isRunning && entry.leaseEndsAt > now) return RUNNING;
    entry.isRunning = false;
    return { state: 'ended', outcome: entry.outcome };
  }

  private usagesOf({ owner, tenant }: CallKey): [user: Usage, tenant: Usage | null] {
    return [usageIn(this.users, owner), tenant === null ? null : usageIn(this.tenants, tenant)];
  }

  private addBytes({ key }: Entry, bytes: number): void {
    this.bytes += bytes;
    const [user, tenant] = this.usagesOf(key);
    user.bytes += bytes;
    if (tenant !== null) tenant.bytes += bytes;
  }

  /** Makes room by forgetting the oldest outcomes. @returns false if there is none left to forget */
  private makeRoom(bytes: number, { maxBytes }: CallRules): boolean {
    for (const entry of this.withOutcome) {
      if (this.bytes + bytes <= maxBytes) break;
      this.withOutcome.delete(entry);
      this.addBytes(entry, -entry.outcome!.length);
      entry.outcome = null;
    }
    return this.bytes + bytes <= maxBytes;
  }

  private forgetExpired(now: number): void {
    let left = FORGOTTEN_AT_ONCE;
    for (const [text, entry] of this.entries) {
      const { key, endsAt, outcome } = entry;
      if (endsAt > now || left === 0) return;
      left -= 1;
      this.entries.delete(text);
      this.withOutcome.delete(entry);
      this.bytes -= BYTES_OF_CALL + (outcome?.length ?? 0);
      const bytes = outcome?.length ?? 0;
      release(this.users, key.owner, bytes);
      if (key.tenant !== null) release(this.tenants, key.tenant, bytes);
    }
  }
}

function textOf({ owner, id }: CallKey): string {
  return `${id} ${owner}`; // an id has no space
}

function usageIn(usages: Map<string, Usage>, name: string): Usage {
  let usage = usages.get(name);
  if (usage === undefined) usages.set(name, (usage = { calls: 0, bytes: 0 }));
  return usage;
}

function isFull(usage: Usage | undefined, { calls }: CallCapacity): boolean {
  return (usage?.calls ?? 0) >= calls;
}

function fits({ bytes }: Usage, outcome: string, capacity: CallCapacity): boolean {
  return bytes + outcome.length <= capacity.bytes;
}

function release(usages: Map<string, Usage>, name: string, bytes: number): void {
  const usage = usages.get(name);
  if (usage === undefined) return;
  usage.calls -= 1;
  usage.bytes -= bytes;
  if (usage.calls === 0) usages.delete(name);
}
