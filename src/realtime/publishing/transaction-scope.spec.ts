import { setImmediate as turn } from 'node:timers/promises';
import { afterCommit, inTransaction } from './transaction-scope.js';

describe('a transaction', () => {
  let told: string[];
  const tell = (what: string): void => afterCommit(() => told.push(what));
  const changedMyMind = new Error('changed my mind');
  const fails = (work: () => unknown) => async (): Promise<never> => {
    await work();
    throw changedMyMind;
  };

  beforeEach(() => {
    told = [];
  });

  it('tells at once where there is none', () => {
    tell('a');
    expect(told).toEqual(['a']);
  });

  it('tells in order once it is committed, however deep it was said', async () => {
    const deep = async (): Promise<void> => {
      await turn();
      tell('b');
    };
    const result = await inTransaction(async () => {
      tell('a');
      await Promise.all([deep()]);
      expect(told).toEqual([]);
      return 'result';
    }, false);
    expect([result, told]).toEqual(['result', ['a', 'b']]);
  });

  it('tells nothing of one that is rolled back', async () => {
    await expect(
      inTransaction(
        fails(() => tell('a')),
        false,
      ),
    ).rejects.toBe(changedMyMind);
    await inTransaction(async (rollBack) => {
      tell('b');
      rollBack();
    }, false);
    expect(told).toEqual([]);
  });

  it('keeps those of the same moment apart', async () => {
    const one = async (name: string, commits: boolean) => {
      await turn();
      tell(name);
      await turn();
      if (!commits) throw changedMyMind;
    };
    await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map((name, index) => inTransaction(() => one(name, index % 2 === 0), false)),
    );
    expect(told.toSorted()).toEqual(['a', 'c']);
  });

  it('gives what a savepoint keeps to the transaction around it', async () => {
    await inTransaction(async () => {
      tell('a');
      await inTransaction(async () => tell('b'), false);
      await inTransaction(
        fails(() => tell('never')),
        false,
      ).catch(() => undefined);
      expect(told).toEqual([]);
      tell('c');
    }, false);
    expect(told).toEqual(['a', 'b', 'c']);
    await inTransaction(
      fails(() => inTransaction(async () => tell('never'), false)),
      false,
    ).catch(() => undefined);
    expect(told).toEqual(['a', 'b', 'c']);
  });

  it('that is independent is told by its own commit', async () => {
    const outer = inTransaction(
      fails(async () => {
        tell('never');
        await inTransaction(async () => tell('a'), true);
        expect(told).toEqual(['a']);
      }),
      false,
    );
    await expect(outer).rejects.toBe(changedMyMind);
    expect(told).toEqual(['a']);
  });

  it('tells at once what is said after its commit, and refuses it after a rollback', async () => {
    let late: () => void = () => undefined;
    const begin = () => {
      // What is bound here goes on in the context of the transaction.
      let go = (): void => undefined;
      const gate = new Promise<void>((resolve) => (go = resolve));
      const result = gate.then(() => tell('late'));
      late = go;
      return result;
    };
    let after: Promise<void> | undefined;
    await inTransaction(async () => {
      after = begin();
    }, false);
    late();
    await after;
    expect(told).toEqual(['late']);

    await inTransaction(
      fails(() => {
        after = begin();
      }),
      false,
    ).catch(() => undefined);
    late();
    await expect(after).rejects.toThrow('was rolled back');
    expect(told).toEqual(['late']);
  });
});
