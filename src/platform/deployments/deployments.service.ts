import { Injectable, Logger, ServiceUnavailableException, type OnModuleDestroy } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import type { Principal } from '../../realtime/index.js';
import { PlatformConfig } from '../config/platform-config.js';
import { CANCELLED, type Deployment } from './deployment.js';
import { DeploymentsStore } from './deployments.store.js';

/** Deploys applications in the background, a few steps each. */
@Injectable()
export class DeploymentsService implements OnModuleDestroy {
  private readonly logger = new Logger('Deployments');
  private readonly stopping = new AbortController();
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly store: DeploymentsStore,
    private readonly config: PlatformConfig,
  ) {}

  /**
   * Starts a deployment, which continues in the background. Resolves once the deployment and its events are stored.
   * @param fail simulates a failure in the last step
   */
  async deploy(appId: string, startedBy: Principal, fail: boolean): Promise<Deployment> {
    const deployment = await this.start(appId, startedBy);
    this.drain(this.run(deployment.id, fail)).catch((error: Error) => {
      // Most likely the database is down. The deployment then counts as abandoned and fails later.
      this.logger.error(`Deployment ${deployment.id} got stuck: ${error.message}`);
    });
    return deployment;
  }

  /**
   * Deploys, and yields the deployment at its start and after each step.
   * @param cancelled aborted when the user cancels the deployment, which then fails
   * @returns the deployment that has completed or failed
   */
  async *deployWithProgress(
    appId: string,
    startedBy: Principal,
    fail: boolean,
    cancelled: AbortSignal,
  ): AsyncGenerator<Deployment, Deployment> {
    const deployment = await this.start(appId, startedBy);
    yield deployment;
    yield* this.run(deployment.id, fail, cancelled);
    return this.store.get(deployment.id);
  }

  /** Marks a deployment as failed, unless it has ended. */
  async fail(id: string, reason: string): Promise<void> {
    await this.store.end(id, reason);
  }

  /** Fails the running deployments on shutdown, while subscribers are still connected. */
  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.running);
  }

  private async start(appId: string, startedBy: Principal): Promise<Deployment> {
    if (this.stopping.signal.aborted) throw new ServiceUnavailableException('This instance is shutting down');
    return this.store.start(appId, startedBy);
  }

  private async drain(run: AsyncGenerator<Deployment, void>): Promise<void> {
    for await (const _ of run);
  }

  /** Runs the steps, and yields the deployment after each. If the iteration stops early, the deployment is cancelled. */
  private async *run(id: string, fail: boolean, cancelled?: AbortSignal): AsyncGenerator<Deployment, void> {
    let failure: string | null = CANCELLED;
    let isStuck = false;
    let ended!: () => void;
    const running = new Promise<void>((resolve) => (ended = resolve));
    this.running.add(running);
    try {
      for (const status of ['building', 'deploying'] as const) {
        failure = await this.step(cancelled);
        if (failure !== null) return;
        const deployment = await this.store.advance(id, status);
        if (deployment === null) return;
        failure = CANCELLED;
        yield deployment;
      }
      failure = (await this.step(cancelled)) ?? (fail ? UNHEALTHY : null);
    } catch (error) {
      isStuck = true;
      throw error;
    } finally {
      if (!isStuck) await this.store.end(id, failure);
      this.running.delete(running);
      ended();
    }
  }

  /** @returns the reason why the deployment cannot continue; `null` if it can */
  private async step(cancelled: AbortSignal | undefined): Promise<string | null> {
    const { signal } = this.stopping;
    try {
      await delay(this.config.deployStepMs, undefined, {
        signal: cancelled ? AbortSignal.any([signal, cancelled]) : signal,
      });
      return null;
    } catch {
      return signal.aborted ? INTERRUPTED : CANCELLED;
    }
  }
}

/** Failure reason of a deployment whose new version does not work. */
const UNHEALTHY = 'The health check of the new version did not answer';

/** Failure reason of a deployment that a shutdown interrupted. */
export const INTERRUPTED = 'The server that ran the deployment was stopped';
