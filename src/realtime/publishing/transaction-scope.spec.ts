import { setImmediate as turn } from 'node:timers/promises';
import { afterCommit, inTransaction } from './transaction-scope.js';

describe('a transaction', () => {
  let published: string[];
  const emitLater = (what: string): void => afterCommit(() => published.push(what));
  const changedMyMind = new Error('changed my mind');
  const fails = (work: () => unknown) => async (): Promise<never> => {
    await work();
    throw changedMyMind;
  };

  beforeEach(() => {
    published = [];
  });

  it('calls back at once without a transaction', () => {
    emitLater('a');
    expect(published).toEqual(['a']);
  });

  it('calls back in order after the commit, also from nested async code', async () => {
    const deep = async (): Promise<void> => {
      await turn();
      emitLater('b');
    };
    const result = await inTransaction(async () => {
      emitLater('a');
      await Promise.all([deep()]);
      expect(published).toEqual([]);
      return 'result';
    }, false);
    expect([result, published]).toEqual(['result', ['a', 'b']]);
  });

  it('does not call back after a rollback', async () => {
    await expect(
      inTransaction(
        fails(() => emitLater('a')),
        false,
      ),
    ).rejects.toBe(changedMyMind);
    await inTransaction(async (rollBack) => {
      emitLater('b');
      rollBack();
    }, false);
    expect(published).toEqual([]);
  });

  it('separates concurrent transactions', async () => {
    const one = async (name: string, commits: boolean) => {
      await turn();
      emitLater(name);
      await turn();
      if (!commits) throw changedMyMind;
    };
    await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map((name, index) => inTransaction(() => one(name, index % 2 === 0), false)),
    );
    expect(published.toSorted()).toEqual(['a', 'c']);
  });

  it('moves the callbacks of a savepoint to the outer transaction', async () => {
    await inTransaction(async () => {
      emitLater('a');
      await inTransaction(async () => emitLater('b'), false);
      await inTransaction(
        fails(() => emitLater('never')),
        false,
      ).catch(() => undefined);
      expect(published).toEqual([]);
      emitLater('c');
    }, false);
    expect(published).toEqual(['a', 'b', 'c']);
    await inTransaction(
      fails(() => inTransaction(async () => emitLater('never'), false)),
      false,
    ).catch(() => undefined);
    expect(published).toEqual(['a', 'b', 'c']);
  });

  it('calls back after its own commit if it is independent', async () => {
    const outer = inTransaction(
      fails(async () => {
        emitLater('never');
        await inTransaction(async () => emitLater('a'), true);
        expect(published).toEqual(['a']);
      }),
      false,
    );
    await expect(outer).rejects.toBe(changedMyMind);
    expect(published).toEqual(['a']);
  });

  it('calls back at once after its commit, and throws after a rollback', async () => {
    let late: () => void = () => undefined;
    const begin = () => {
      // Callbacks bound here continue in the context of the transaction.
      let go = (): void => undefined;
      const gate = new Promise<void>((resolve) => (go = resolve));
      const result = gate.then(() => emitLater('late'));
      late = go;
      return result;
    };
    let after: Promise<void> | undefined;
    await inTransaction(async () => {
      after = begin();
    }, false);
    late();
    await after;
    expect(published).toEqual(['late']);

    await inTransaction(
      fails(() => {
        after = begin();
      }),
      false,
    ).catch(() => undefined);
    late();
    await expect(after).rejects.toThrow('was rolled back');
    expect(published).toEqual(['late']);
  });
});
