import { OfflineGateway } from '../../../../test/support/offline-gateway.js';
import { AuthService } from '../../auth/auth.service.js';
import type { Principal } from '../../auth/principal.js';
import { Revocations } from '../../auth/revocations.js';
import { RealtimeClock } from '../../timing/realtime-clock.js';
import { GuestTickets } from './guest-tickets.js';

describe('GuestTickets, on instances whose clocks differ', () => {
  let gateway: OfflineGateway;
  let tickets: GuestTickets;
  const LINK = { channels: ['feed'], ttlMs: 60_000 };

  beforeAll(async () => {
    gateway = await OfflineGateway.start({ channels: [{ name: 'feed', access: 'authenticated' }] });
    tickets = gateway.app.get(GuestTickets);
  });
  afterAll(() => gateway.close());

  const guestOf = (ticket: string): Promise<Principal> => gateway.app.get(AuthService).verifyClient(ticket);
  const revokedAt = (name: string, before: number): void =>
    gateway.app.get(Revocations).add({ kind: 'guest', id: name, before, until: Infinity });

  it('revokes a ticket that was just issued, although the clock of the revoking instance is behind', async () => {
    const { ticket } = await tickets.issue({ ...LINK, name: 'just now' });
    expect((await guestOf(ticket)).guest).toBe('just now');
    revokedAt('just now', gateway.app.get(RealtimeClock).wall() - 4_000);
    await expect(guestOf(ticket)).rejects.toMatchObject({ code: 'token_invalid' });
  });

  it('accepts a ticket that is issued after a revocation by a clock that is ahead', async () => {
    revokedAt('again', gateway.app.get(RealtimeClock).wall() + 4_000);
    const { ticket } = await tickets.issue({ ...LINK, name: 'again' });
    expect((await guestOf(ticket)).guest).toBe('again');
  });
});
