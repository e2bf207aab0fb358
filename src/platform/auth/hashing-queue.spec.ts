import { BusyError, HashingQueue } from './hashing-queue.js';

describe('HashingQueue', () => {
  it('runs a few jobs at a time, in order, queues a few more and rejects the rest', async () => {
    const queue = new HashingQueue(2, 2);
    const started: number[] = [];
    const finish: (() => void)[] = [];
    const run = (n: number): Promise<number> =>
      queue.run(() => {
        started.push(n);
        return new Promise((resolve) => finish.push(() => resolve(n)));
      });
    const jobs = [0, 1, 2, 3].map(run);
    await expect(run(4)).rejects.toBeInstanceOf(BusyError);
    expect(started).toEqual([0, 1]);
    finish[1]?.();
    await expect(jobs[1]).resolves.toBe(1);
    expect(started).toEqual([0, 1, 2]);
    for (const at of [0, 2]) finish[at]?.();
    await jobs[2];
    finish[3]?.();
    await expect(Promise.all(jobs)).resolves.toEqual([0, 1, 2, 3]);
    expect(started).toEqual([0, 1, 2, 3]);
  });

  it('continues after a job fails', async () => {
    const queue = new HashingQueue(1, 1);
    const failing = queue.run(() => Promise.reject(new Error('failed')));
    const next = queue.run(() => Promise.resolve('done'));
    await expect(failing).rejects.toThrow('failed');
    await expect(next).resolves.toBe('done');
    await expect(queue.run(() => Promise.resolve('again'))).resolves.toBe('again');
  });
});
