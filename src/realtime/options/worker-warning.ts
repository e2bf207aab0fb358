import cluster from 'node:cluster';

/** Signs that this process is one of several workers. */
export interface WorkerSigns {
  /** `cluster.isWorker` of node:cluster. It is also true in pm2's cluster mode. */
  readonly isWorker: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Returns a warning for a worker without Redis, or `null` for a single process. An event would reach only the clients of
 * the worker that publishes it, and no error would show that.
 */
export function workerWarning({ isWorker, env }: WorkerSigns = { isWorker: cluster.isWorker, env: process.env }) {
  const manager = managerOf(isWorker, env);
  if (manager === null) return null;
  return (
    `This process is a worker of ${manager}, and there is no Redis: an event reaches only the clients of the worker ` +
    'that publishes it. Set redis.url (REDIS_URL), or run one worker. See docs/application.md'
  );
}

/**
 * Returns the process manager of this worker. pm2 numbers the processes of an application from 0, and passes their number
 * to each.
 */
function managerOf(isWorker: boolean, { NODE_APP_INSTANCE, instances, pm_id }: WorkerSigns['env']): string | null {
  const isPm2 = pm_id !== undefined || NODE_APP_INSTANCE !== undefined;
  if (!isPm2) return isWorker ? 'node:cluster' : null;
  const isAlone = instances === '1' || (instances === undefined && !isWorker);
  return isAlone && Number(NODE_APP_INSTANCE ?? 0) === 0 ? null : 'pm2';
}
