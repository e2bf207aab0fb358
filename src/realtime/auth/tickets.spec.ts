import { jest } from '@jest/globals';
import { MemoryTicketStore } from '../backends/memory/memory.ticket-store.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { ClusterSeal } from './cluster-seal.js';
import { makePrincipal, type PrincipalParts } from './principal.js';
import { isGuestTicket, Tickets } from './tickets.js';

const KEY = 'a key of the cluster with 32 characters';
const options = new ResolvedRealtimeOptions();

class FixedClock extends RealtimeClock {
  at = 1_000_000;
  override now = (): number => this.at;
  override wall = (): number => this.at;
}

function begin() {
  const clock = new FixedClock();
  const store = new MemoryTicketStore(clock.now);
  const ticketsWith = (...keys: string[]): Tickets => new Tickets(store, options, clock, new ClusterSeal(keys));
  return { clock, store, ticketsWith, tickets: ticketsWith(KEY) };
}

const parts: PrincipalParts = {
  ...{ userId: 'u1', email: 'a@b.example', roles: ['dev', 'user'], homeTenant: null },
  ...{ session: 's', claimsDigest: 'd', issuedAt: -Infinity, expiresAt: Infinity },
};
const principal = makePrincipal(parts, options, 1_000_000);
const guest = { name: 'link', channels: ['boards:1'], homeTenant: null, issuedAt: 1_000_000, expiresAt: 1_060_000 };

describe('a one-time ticket', () => {
  it('has the rights of the token that requested it, once', async () => {
    const { tickets } = begin();
    const { ticket } = await tickets.issue(principal);
    expect(await tickets.redeem(ticket)).toEqual(principal);
    expect(await tickets.redeem(ticket)).toBeNull();
  });

  it('keeps the `jti` and the limit of the token', async () => {
    const { tickets } = begin();
    const limited = makePrincipal({ ...parts, jti: 'j', channels: ['a', 'b:*'] }, options, 1_000_000);
    expect(await tickets.redeem((await tickets.issue(limited)).ticket)).toEqual(limited);
  });

  it('is valid for 30 seconds', async () => {
    const { clock, tickets } = begin();
    const { ticket, expiresAt } = await tickets.issue(principal);
    expect(expiresAt).toBe(new Date(1_030_000).toISOString());
    clock.at += 30_000;
    expect(await tickets.redeem(ticket)).toBeNull();
    const other = await tickets.issue(principal);
    clock.at += 29_999;
    expect(await tickets.redeem(other.ticket)).not.toBeNull();
  });

  it('is stored as a digest', async () => {
    const { store, tickets } = begin();
    const put = jest.spyOn(store, 'put');
    const { ticket } = await tickets.issue(principal);
    expect(JSON.stringify(put.mock.calls)).not.toContain(ticket);
  });

  it.each(['', 'a.b.c', 'x'.repeat(42), 'x'.repeat(44), `${'x'.repeat(42)}+`, `guest-${'x'.repeat(42)}`])(
    'is not %j, for which the store is not asked',
    async (ticket) => {
      const { store, tickets } = begin();
      const reads = [jest.spyOn(store, 'take'), jest.spyOn(store, 'get')];
      expect(await tickets.redeem(ticket)).toBeNull();
      for (const read of reads) expect(read).not.toHaveBeenCalled();
    },
  );

  it('is refused if none of the keys sealed it, or if it is stored under another ticket', async () => {
    const { store, tickets, ticketsWith } = begin();
    const { ticket } = await ticketsWith('another key of 32 characters or so').issue(principal);
    expect(await tickets.redeem(ticket)).toBeNull();
    const put = jest.spyOn(store, 'put');
    await tickets.issue(principal);
    const [, sealed] = put.mock.calls[0]!;
    const { ticket: other } = await tickets.issue(principal);
    jest.spyOn(store, 'take').mockResolvedValueOnce(sealed);
    expect(await tickets.redeem(other)).toBeNull();
  });
});

describe('a ticket of guests', () => {
  it('is valid any number of times, until it expires', async () => {
    const { clock, tickets } = begin();
    const { ticket, expiresAt } = await tickets.issueToGuests(guest);
    expect(expiresAt).toBe(new Date(guest.expiresAt).toISOString());
    for (const _ of [1, 2]) {
      expect(await tickets.redeem(ticket)).toMatchObject({
        guest: 'link',
        channels: ['boards:1'],
        expiresAt: 1_060_000,
      });
    }
    clock.at = guest.expiresAt;
    expect(await tickets.redeem(ticket)).toBeNull();
  });

  it('has a prefix, and no dot', () => {
    expect(isGuestTicket('guest-x')).toBe(true);
    expect(isGuestTicket('guest-x.y.z')).toBe(false);
    expect(isGuestTicket('x')).toBe(false);
  });

  it('needs a name of 1 to 200 characters', async () => {
    const { tickets } = begin();
    for (const name of ['', 'x'.repeat(201)])
      await expect(tickets.issueToGuests({ ...guest, name })).rejects.toThrow('a string of 1 to 200 characters');
    await expect(tickets.issueToGuests({ ...guest, name: 'x'.repeat(200) })).resolves.toBeDefined();
  });
});
