import { eventBody } from '../../protocol/index.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { EventFrame } from '../connections/event-frame.js';
import { RequestBudget, type Payer } from '../timing/request-budget.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { ChannelStream } from './channel-stream.js';
import { ReplayAdmission } from './replay-admission.js';

const PER_SECOND = 10_000;
const LIMITS = { maxEvents: 100, maxBytes: 100_000 };

describe('ReplayAdmission', () => {
  const clock = Object.assign(new RealtimeClock(), { now: () => 0 });
  let budget: RequestBudget;
  let admission: ReplayAdmission;
  let payer: Payer;
  let stream: ChannelStream;

  beforeEach(() => {
    const options = new ResolvedRealtimeOptions();
    options.requestBytesPerSecond = PER_SECOND;
    budget = new RequestBudget(options, clock);
    admission = new ReplayAdmission(budget);
    payer = { id: 'c', principal: null, address: '192.0.2.1', countedAs: '192.0.2.1', unpaidBytes: 0 };
    const read = () => Promise.reject(new Error('never read'));
    stream = new ChannelStream('apps:created', { read }, LIMITS, { deliver: () => undefined, reset: () => undefined });
    stream.opened({ epoch: 'e', offset: 200 });
  });

  /** Leaves this many bytes of the budget. A negative number is a debt. */
  const leave = (bytes: number): void => budget.chargeUnconditionally(payer, 32 * PER_SECOND - bytes);

  it('rejects a new channel beyond the budget, and names the channel', async () => {
    leave(-60 * PER_SECOND);
    await expect(admission.newChannel(payer, 'rooms:1')).rejects.toMatchObject({
      code: 'rate_limited',
      channel: 'rooms:1',
    });
    budget.chargeUnconditionally(payer, -60 * PER_SECOND - 4_096);
    await admission.newChannel(payer, 'rooms:1');
  });

  it('rejects a replay beyond the budget before it is read', async () => {
    leave(-60 * PER_SECOND);
    expect(await admission.replay(payer, stream, 'e-150')).toMatchObject({ after: null, refusal: 'replay_limit' });
    expect(await admission.replay(payer, stream, 'nonsense')).toMatchObject({ refusal: 'unknown_epoch' });
  });

  it('charges the estimated size first, then corrects it to the actual size', async () => {
    leave(60_000);
    const resume = await admission.replay(payer, stream, 'e-150'); // 50 events, 512 bytes each by default
    expect(resume.after).toEqual({ epoch: 'e', offset: 150 });
    expect(budget.charge(payer, 40_000)).toBeGreaterThan(0);
    budget.chargeUnconditionally(payer, -40_000);
    resume.settle([new EventFrame({ epoch: 'e', offset: 151 }, eventBody('apps:created', '1', 't'))]);
    expect(budget.charge(payer, 40_000)).toBe(0);
  });

  it.each([
    ['nothing for a client that missed nothing', 'e-200', 0],
    ['512 bytes for each event that is not cached', 'e-150', 50 * 512],
    ['nothing if more events are missing than can be replayed', 'e-50', 0],
    ['a small replay from another epoch', 'f-50', LIMITS.maxBytes / 64],
  ])('estimates %s', (_what, id, bytes) => {
    const [epoch, offset] = id.split('-') as [string, string];
    expect(stream.bytesAfter({ epoch, offset: Number(offset) })).toBe(bytes);
  });
});
