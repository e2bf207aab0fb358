import { setTimeout as delay } from 'node:timers/promises';
import { StreamEndedError, type StreamWriter } from '../../realtime/index.js';
import { endOf } from './deployment-log.js';
import { stepsAfter } from './deployment-steps.js';
import { CANCELLED, INTERRUPTED, type Deployment } from './deployment.js';
import type { DeploymentsStore } from './deployments.store.js';

/** The part of a writer that a run uses. */
export type LogWriter = Pick<StreamWriter, 'channel' | 'signal' | 'write' | 'flush' | 'end' | 'fail'>;

/** The part of its instance that a run uses. */
export interface RunHost {
  readonly store: Pick<DeploymentsStore, 'advance' | 'end'>;
  /** Duration of a step, in milliseconds. */
  readonly stepMs: number;
  /** Aborted when the instance shuts down. */
  readonly stopping: AbortSignal;
  /** Ends a log as cancelled. */
  cancelLog(log: LogWriter): Promise<void>;
}

/** Options of {@link runDeployment}. */
export interface RunOptions {
  /** Simulates a failure in the last step. */
  readonly fail: boolean;
  /** True if another instance has begun the deployment. @default false */
  readonly isContinued?: boolean;
  /** Aborted when the caller cancels the deployment. */
  readonly cancelled?: AbortSignal | undefined;
}

/** Failure reason of a deployment whose new version does not work. */
const UNHEALTHY = 'The health check of the new version did not answer';

/** Failure reason of a deployment whose log can no longer be written. */
const LOG_LOST = 'The log of the deployment was lost';

/** Reason of a log whose deployment was ended by another instance, or cannot be stored. */
const STUCK = 'The deployment could not be continued';

/**
 * Makes the steps that a deployment has left, and writes its log. Yields the deployment at the beginning and after each step. It
 * stops if the caller or the log is cancelled, and when the iteration stops early: then the deployment has failed. If another
 * instance has taken over the log, the deployment is left to it.
 */
export async function* runDeployment(
  host: RunHost,
  deployment: Deployment,
  log: LogWriter,
  { fail, isContinued = false, cancelled }: RunOptions,
): AsyncGenerator<Deployment, void> {
  const { store, stepMs, stopping } = host;
  const signal = AbortSignal.any([stopping, log.signal, ...(cancelled === undefined ? [] : [cancelled])]);
  let failure: string | null = CANCELLED; // if the iteration stops early
  try {
    yield deployment;
    if (isContinued) await log.write('⟳ The server that ran this deployment was stopped. Another one continues.\n');
    for (const { lines, next } of stepsAfter(deployment)) {
      await write(log, lines, stepMs, signal);
      if (next === null) break;
      const changed = await store.advance(deployment.id, next);
      if (changed === null) {
        failure = STUCK;
        return;
      }
      yield changed;
    }
    failure = fail ? UNHEALTHY : null;
  } catch (error) {
    failure = STUCK;
    if (!signal.aborted && !(error instanceof StreamEndedError)) throw error;
    failure = stopping.aborted ? INTERRUPTED : cancelled?.aborted === true ? CANCELLED : failureOf(log);
  } finally {
    const reason = await endLog(host, log, deployment.appName, failure);
    if (reason !== STUCK && endOf(log) !== 'fenced') await store.end(deployment.id, reason);
  }
}

/** Writes the lines, spread over the time of a step, and waits until they are stored. Fails if another instance has the log. */
async function write(log: LogWriter, lines: readonly string[], stepMs: number, signal: AbortSignal): Promise<void> {
  for (const line of lines) {
    await log.write(`${line}\n`);
    await delay(stepMs / lines.length, undefined, { signal });
  }
  await log.flush();
}

/** Ends the log. @returns why the deployment failed: a client can cancel it until the end; `null` if it succeeded */
async function endLog(host: RunHost, log: LogWriter, appName: string, failure: string | null): Promise<string | null> {
  switch (failure) {
    case null:
      await writeLast(log, `✓ ${appName} is running\n`);
      return (await log.end({ exitCode: 0 })) === 'done' ? null : failureOf(log);
    case UNHEALTHY:
      await writeLast(log, `✗ ${UNHEALTHY}\n`);
      return (await log.end({ exitCode: 1 })) === 'cancelled' ? CANCELLED : UNHEALTHY;
    case CANCELLED:
      await host.cancelLog(log);
      return CANCELLED;
    case INTERRUPTED:
      await writeLast(log, `✗ ${INTERRUPTED}\n`); // the shutdown ends the stream
      return INTERRUPTED;
    default:
      await log.fail(failure); // unless it has ended
      return failure;
  }
}

/** Writes a line, unless the log has ended. */
async function writeLast(log: LogWriter, line: string): Promise<void> {
  await log.write(line).catch(() => undefined);
}

function failureOf(log: LogWriter): string {
  const reason = endOf(log);
  return reason === 'cancelled' ? CANCELLED : reason === 'shutdown' ? INTERRUPTED : LOG_LOST;
}
