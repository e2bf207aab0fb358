import { outputFor } from './follower.js';

const turn = (): Promise<void> => new Promise(setImmediate);

describe('the output to a follower', () => {
  it('passes each message on, and skips those that it cannot handle', async () => {
    const [taken, skipped]: [string[], unknown[]] = [[], []];
    const take = async (body: string): Promise<void> => {
      if (body === 'bad') throw new Error('not JSON');
      taken.push(body);
    };
    const output = outputFor({ take, reset: () => taken.push('reset') }, (error) => void skipped.push(error));
    for (const body of ['one', 'bad', 'two']) output.take(body);
    output.reset('c', 'expired', { epoch: 'e', offset: 1 }, { epoch: 'e', offset: 0 });
    await turn();
    expect(taken).toEqual(['one', 'two', 'reset']);
    expect(skipped).toEqual([new Error('not JSON')]);
  });

  it('skips a message of more than 16,777,216 characters without parsing it', async () => {
    const [lengths, skipped]: [number[], unknown[]] = [[], []];
    const take = ({ length }: string): void => void lengths.push(length);
    const output = outputFor({ take, reset: () => undefined }, (error) => void skipped.push(error));
    const most = 'x'.repeat(16_777_216);
    output.take(most);
    output.take(`${most}x`);
    await turn();
    expect(lengths).toEqual([16_777_216]);
    expect(skipped).toEqual([new Error('it is longer than 16777216 characters')]);
  });
});
