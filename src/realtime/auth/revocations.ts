import { Injectable } from '@nestjs/common';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { guestKeyOf } from './guest.js';
import type { Principal } from './principal.js';
import { capacityFor, RevocationsFullError, subjectOf, type Revocation } from './revocation.js';

/** The revocations known to this instance, in memory. Every token is checked against them. */
@Injectable()
export class Revocations implements Iterable<Revocation> {
  private readonly bySubject = new Map<string, Revocation>();

  constructor(private readonly clock: RealtimeClock) {}

  /**
   * Adds a revocation, merged with a known one of the same subject: the later times win.
   * @throws RevocationsFullError
   */
  add(revocation: Revocation, now = this.clock.wall()): void {
    const subject = subjectOf(revocation);
    const known = this.bySubject.get(subject);
    const capacity = capacityFor(revocation);
    if (known === undefined && this.bySubject.size >= capacity) {
      this.forget(now);
      if (this.bySubject.size >= capacity) throw new RevocationsFullError();
    }
    this.bySubject.set(subject, known === undefined ? revocation : merge(known, revocation));
  }

  /** Returns true if the known revocations already include this one. */
  covers(revocation: Revocation): boolean {
    const known = this.ofSameSubject(revocation);
    return known !== undefined && isWithin(revocation, known);
  }

  /** Returns the known revocation of the same subject. */
  ofSameSubject(revocation: Revocation): Revocation | undefined {
    return this.bySubject.get(subjectOf(revocation));
  }

  /** Returns true if the token of this principal is revoked. A token without `iat` counts as the oldest. */
  revokes(principal: Principal, now = this.clock.wall()): boolean {
    if (this.bySubject.size === 0) return false;
    const { session } = principal;
    const all = this.bySubject.get('all');
    const ofUser = this.bySubject.get(`${kindOf(principal)} ${keyOf(principal)}`);
    const ofSession = this.bySubject.get(`session ${session}`);
    return [all, ofUser, ofSession].some((found) => found !== undefined && concerns(found, principal, now));
  }

  /** Iterates over the revocations that have not expired. */
  *[Symbol.iterator](): Iterator<Revocation> {
    this.forget(this.clock.wall());
    yield* this.bySubject.values();
  }

  private forget(now: number): void {
    for (const [subject, { until }] of this.bySubject) if (until <= now) this.bySubject.delete(subject);
  }
}

function merge(known: Revocation, news: Revocation): Revocation {
  const until = Math.max(known.until, news.until);
  if (known.kind === 'session' || news.kind === 'session') return { ...news, until };
  return { ...news, before: Math.max(known.before, news.before), until };
}

/** Returns true if `other`, of the same subject, revokes at least the same tokens for as long. */
export function isWithin(revocation: Revocation, other: Revocation): boolean {
  if (revocation.until > other.until) return false;
  return revocation.kind === 'session' || other.kind === 'session' || revocation.before <= other.before;
}

/** Returns true if the revocation is in effect and covers the token of this principal. */
export function concerns(revocation: Revocation, principal: Principal, now: number): boolean {
  if (revocation.until <= now) return false;
  if (revocation.kind === 'session') return revocation.id === principal.session;
  if (principal.issuedAt >= revocation.before) return false;
  return revocation.kind === 'all' || (revocation.kind === kindOf(principal) && revocation.id === keyOf(principal));
}

function kindOf({ guest }: Principal): 'guest' | 'user' {
  return guest === undefined ? 'user' : 'guest';
}

function keyOf({ guest, homeTenant, userKey }: Principal): string {
  return guest === undefined ? userKey : guestKeyOf(homeTenant, guest);
}
