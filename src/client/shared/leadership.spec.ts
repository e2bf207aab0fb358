import { Leadership, type Locks } from './leadership.js';

/** A lock request that the test grants and revokes. */
interface Request {
  readonly isRobbery: boolean;
  grant(): void;
  takeBack(): void;
}

describe('leadership', () => {
  let requests: Request[];
  let log: string[];
  let over: AbortController;
  let leadership: Leadership;

  beforeEach(() => {
    requests = [];
    log = [];
    over = new AbortController();
    const locks: Locks = {
      request: (_name, { steal = false }, held) =>
        new Promise((resolve, reject) => {
          requests.push({
            isRobbery: steal,
            grant: () => void held().then(() => resolve(log.push('let go'))),
            takeBack: () => reject(new Error('stolen')),
          });
        }),
    };
    leadership = new Leadership(
      'lock',
      locks,
      over.signal,
      () => log.push('won'),
      () => log.push('lost'),
    );
  });
  const settle = (): Promise<void> => new Promise(setImmediate);

  it('starts when the lock is granted, and lasts until the end', async () => {
    leadership.queue();
    expect(log).toEqual([]);
    requests.at(0)!.grant();
    expect(log).toEqual(['won']);
    over.abort();
    await settle();
    expect(log).toEqual(['won', 'let go']);
  });

  it('queues again once when the lock is stolen', async () => {
    leadership.queue();
    leadership.steal();
    requests.at(1)!.grant();
    requests.at(1)!.takeBack();
    await settle();
    expect(log).toEqual(['won', 'lost']);
    expect(requests.map(({ isRobbery }) => isRobbery)).toEqual([false, true]);
  });

  it('continues if the tab stole from itself, because the lock was granted just before', async () => {
    leadership.queue();
    leadership.steal();
    requests.at(0)!.grant();
    requests.at(1)!.grant();
    requests.at(0)!.takeBack();
    await settle();
    expect(log).toEqual(['won', 'won']);
    requests.at(1)!.takeBack();
    await settle();
    expect(log).toEqual(['won', 'won', 'lost']);
    expect(requests.map(({ isRobbery }) => isRobbery)).toEqual([false, true, false]);
  });

  it('requests once if the browser refuses', async () => {
    leadership.queue();
    requests.at(0)!.takeBack();
    await settle();
    expect([requests.length, log]).toEqual([1, []]);
  });

  it('releases a lock that is granted after the end', async () => {
    leadership.queue();
    over.abort();
    requests.at(0)!.grant();
    await settle();
    expect(log).toEqual(['let go']);
  });
});
