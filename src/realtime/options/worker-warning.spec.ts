import { workerWarning, type WorkerSigns } from './worker-warning.js';

describe('workerWarning', () => {
  it.each<[string, WorkerSigns, string | null]>([
    ['a single process', { isWorker: false, env: {} }, null],
    ['a worker of node:cluster', { isWorker: true, env: {} }, 'node:cluster'],
    ['one process in pm2', { isWorker: false, env: { pm_id: '0', NODE_APP_INSTANCE: '0', instances: '1' } }, null],
    [
      'one process in cluster mode',
      { isWorker: true, env: { pm_id: '3', NODE_APP_INSTANCE: '0', instances: '1' } },
      null,
    ],
    ['the first of several', { isWorker: true, env: { pm_id: '0', NODE_APP_INSTANCE: '0', instances: '4' } }, 'pm2'],
    ['one per core', { isWorker: true, env: { pm_id: '0', NODE_APP_INSTANCE: '0', instances: 'max' } }, 'pm2'],
    ['the second in fork mode', { isWorker: false, env: { pm_id: '1', NODE_APP_INSTANCE: '1' } }, 'pm2'],
    ['a worker that was added later', { isWorker: true, env: { NODE_APP_INSTANCE: '1', instances: '1' } }, 'pm2'],
  ])('%s', (_what, signs, manager) => {
    const expected = manager === null ? null : (expect.stringContaining(`a worker of ${manager}, and`) as string);
    expect(workerWarning(signs)).toEqual(expected);
  });
});
