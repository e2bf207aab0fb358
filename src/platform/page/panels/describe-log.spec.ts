import { RealtimeError } from '../../../client/index.js';
import { describeLog } from './describe-log.js';

describe('the description of a log', () => {
  it.each([
    [{ state: 'loading' }, 'Loading the log…'],
    [{ state: 'none' }, 'This log is not kept any more'],
    [{ state: 'open' }, 'Live'],
    [{ state: 'done', result: { exitCode: 0 } }, 'Exit code 0'],
    [{ state: 'done', result: { exitCode: 1 } }, 'Exit code 1'],
    [{ state: 'done' }, 'Exit code unknown'],
    [{ state: 'failed', reason: 'writer_lost' }, 'Failed: writer lost'],
    [{ state: 'failed' }, 'Failed: unknown'],
    [{ state: 'cancelled' }, 'Cancelled'],
    [{ state: 'refused', error: new RealtimeError('forbidden', 'Not authorized') }, 'Not authorized'],
    [{ state: 'refused' }, 'Refused'],
  ] as const)('of %j is %j', (log, text) => expect(describeLog(log)).toBe(text));
});
