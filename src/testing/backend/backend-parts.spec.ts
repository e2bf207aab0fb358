import { ForeignData, Lease, memoryBackend, RealtimeClock } from '../../realtime/index.js';
import { missingParts } from './backend-parts.js';

describe('missingParts', () => {
  const createBackend = async (): Promise<object> =>
    memoryBackend()({
      clock: new RealtimeClock(),
      lease: new Lease(),
      foreign: new ForeignData({ foreignMessages: 0 }),
    });

  it('returns nothing for a whole backend', async () => {
    expect(missingParts(await createBackend())).toEqual([]);
  });

  it('names the ports and the methods that a backend lacks', async () => {
    const backend = {
      ...(await createBackend()),
      presence: undefined,
      tickets: { put: () => undefined, get: () => null },
    };
    expect(missingParts(backend)).toEqual(['tickets.take', 'presence']);
  });
});
