import { Semaphore } from './semaphore.js';

const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));

describe('Semaphore', () => {
  it('runs a limited number of tasks at once, the others in order, and continues after a failure', async () => {
    const slots = new Semaphore(2);
    const begun: number[] = [];
    const ends: ((error?: Error) => void)[] = [];
    const task = (number: number) =>
      slots.run(
        () =>
          new Promise<number>((resolve, reject) => {
            begun.push(number);
            ends.push((error) => (error === undefined ? resolve(number) : reject(error)));
          }),
      );
    const answers = [1, 2, 3, 4].map(task);
    await turn();
    expect(begun).toEqual([1, 2]);
    ends.at(1)?.(new Error('no answer'));
    await expect(answers[1]).rejects.toThrow('no answer');
    await turn();
    expect(begun).toEqual([1, 2, 3]);
    ends.at(0)?.();
    ends.at(2)?.();
    await turn();
    ends.at(3)?.();
    expect(await Promise.all([answers[0], answers[2], answers[3]])).toEqual([1, 3, 4]);
    expect(begun).toEqual([1, 2, 3, 4]);
    const last = task(5);
    await turn();
    ends.at(4)?.();
    expect(await last).toBe(5);
  });
});
