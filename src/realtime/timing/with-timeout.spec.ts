import { withTimeout } from './with-timeout.js';

const never = new Promise<never>(() => undefined);

describe('withTimeout', () => {
  it('settles like work that is in time, and leaves no timer', async () => {
    const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    await expect(withTimeout(Promise.resolve(7), 60_000, () => 'late')).resolves.toBe(7);
    await expect(withTimeout(Promise.reject(new Error('it failed')), 60_000, () => 'late')).rejects.toThrow(
      'it failed',
    );
    expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout')).toHaveLength(before);
  });

  it('settles like `onTimeout` if the work takes longer', async () => {
    await expect(withTimeout(never, 1, () => 'late')).resolves.toBe('late');
    const refuse = (): never => {
      throw new Error('it took too long');
    };
    await expect(withTimeout(never, 1, refuse)).rejects.toThrow('it took too long');
  });

  it('ignores a rejection after the time limit', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', note);
    let fail = (_error: Error): void => undefined;
    const work = new Promise<never>((_resolve, reject) => (fail = reject));
    await expect(withTimeout(work, 1, () => 'late')).resolves.toBe('late');
    fail(new Error('too late to matter'));
    await new Promise((resolve) => void setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
});
