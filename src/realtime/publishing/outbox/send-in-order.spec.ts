import { sendInOrder, type Outcome } from './send-in-order.js';

const row = (id: number, channel = 'a', tenant: string | null = null) => ({ id, channel, tenant });

describe('the order of the outbox', () => {
  const send = async (
    rows: readonly ReturnType<typeof row>[],
    outcomes: Readonly<Record<number, Outcome>>,
    most = 99,
  ) => {
    const sent: number[] = [];
    const answers = await sendInOrder(
      rows,
      async ({ id }) => {
        sent.push(id);
        await new Promise<void>((resolve) => void setImmediate(resolve));
        return outcomes[id] ?? 'sent';
      },
      () => sent.length < most,
    );
    return { sent, answers };
  };

  it('sends no later row of a channel after one that waits, and continues with other channels', async () => {
    const rows = [row(1), row(2), row(3), row(4, 'b'), row(5), row(6, 'b')];
    const { sent, answers } = await send(rows, { 2: 'waits' });
    expect(sent).toEqual([1, 4, 2, 6]);
    expect(answers).toEqual(['sent', 'waits', 'waits', 'sent', 'waits', 'sent']);
  });

  it('continues after a row that was set aside', async () => {
    expect((await send([row(1), row(2)], { 1: 'set aside' })).answers).toEqual(['set aside', 'sent']);
  });

  it('orders each tenant of a channel separately', async () => {
    const rows = [row(1, 'a', 'one'), row(2, 'a', 'two'), row(3, 'a', 'one')];
    expect((await send(rows, { 1: 'waits' })).answers).toEqual(['waits', 'sent', 'waits']);
  });

  it('starts no row after its time is over', async () => {
    const { sent, answers } = await send([row(1), row(2), row(3)], {}, 2);
    expect(sent).toEqual([1, 2]);
    expect(answers).toEqual(['sent', 'sent', 'waits']);
  });
});
