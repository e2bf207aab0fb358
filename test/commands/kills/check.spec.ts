import { checkCalls, type Answer, type CallLog } from './check.js';

const result = (callId: string, position = `e-${callId}`, effects = [position]): Answer => ({
  ...{ callId, outcome: 'result', position, effects },
});
const failed = (callId: string, outcome: string): Answer => ({ callId, outcome, effects: [] });
const good: CallLog = {
  sent: ['1', '2', '3'],
  ran: ['1', '2', '3'],
  answers: [result('1'), result('1'), result('2'), failed('3', 'interrupted')],
  events: [{ callId: '1', position: 'e-1' }],
  kills: 1,
};
const classes = (log: Partial<CallLog>): string[] => checkCalls({ ...good, ...log }).map((one) => one.class);

describe('the checker of calls', () => {
  it('accepts one run and one outcome for each call, also if its answer came twice', () => {
    expect(checkCalls(good)).toEqual([]);
  });

  it.each<[string, Partial<CallLog>, string]>([
    ['a second run', { ran: [...good.ran, '1'] }, 'ran-twice'],
    ['a call without an outcome', { sent: [...good.sent, '4'] }, 'no-outcome'],
    ['two outcomes', { answers: [...good.answers, failed('1', 'interrupted')] }, 'two-outcomes'],
    ['two results', { answers: [...good.answers, result('1', 'e-9')] }, 'two-outcomes'],
    ['a result of no handler', { ran: ['1', '3'] }, 'result-without-run'],
    ['a missing effect', { answers: [result('1', 'e-1', []), ...good.answers.slice(2)] }, 'wrong-effect'],
    ['an effect with another position', { events: [{ callId: '1', position: 'e-5' }] }, 'wrong-effect'],
    ['an event that was emitted twice', { events: [...good.events, { callId: '1', position: 'e-6' }] }, 'event-twice'],
    ['an interruption without a kill', { kills: 0 }, 'interrupted-without-kill'],
    ['another error', { answers: [...good.answers.slice(0, 3), failed('3', 'internal')] }, 'unexpected-outcome'],
  ])('finds %s', (_what, log, expected) => {
    expect(classes(log)).toContain(expected);
  });
});
