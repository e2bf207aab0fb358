import { Leadership, type Locks } from './leadership.js';

/** One request of a lock, which the test grants and takes back. */
interface Request {
  readonly isRobbery: boolean;
  grant(): void;
  takeBack(): void;
}

describe('a place in the line of leaders', () => {
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

  it('leads once the lock is granted, until it is over', async () => {
    leadership.stand();
    expect(log).toEqual([]);
    requests.at(0)!.grant();
    expect(log).toEqual(['won']);
    over.abort();
    await settle();
    expect(log).toEqual(['won', 'let go']);
  });

  it('gets in line again when it is robbed, once', async () => {
    leadership.stand();
    leadership.steal();
    requests.at(1)!.grant();
    requests.at(1)!.takeBack();
    await settle();
    expect(log).toEqual(['won', 'lost']);
    expect(requests.map(({ isRobbery }) => isRobbery)).toEqual([false, true]);
  });

  it('goes on leading when it has robbed itself: its turn came while it lost its patience', async () => {
    leadership.stand();
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

  it('asks once of a browser that refuses', async () => {
    leadership.stand();
    requests.at(0)!.takeBack();
    await settle();
    expect([requests.length, log]).toEqual([1, []]);
  });

  it('leaves a lock that comes when it is over', async () => {
    leadership.stand();
    over.abort();
    requests.at(0)!.grant();
    await settle();
    expect(log).toEqual(['let go']);
  });
});
