import { Injectable, Logger, ServiceUnavailableException, type OnModuleDestroy } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import type { Principal } from '../../realtime/index.js';
import { PlatformConfig } from '../config/platform-config.js';
import type { Deployment } from './deployment.js';
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
   * Starts a deployment. Resolves once the deployment and its events are stored.
   * @param fail simulates a failure in the last step
   */
  async deploy(appId: string, startedBy: Principal, fail: boolean): Promise<Deployment> {
    if (this.stopping.signal.aborted) throw new ServiceUnavailableException('This instance is shutting down');
    const deployment = await this.store.start(appId, startedBy);
    const run = this.run(deployment.id, fail).finally(() => this.running.delete(run));
    this.running.add(run);
    return deployment;
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

  /** Never rejects. */
  private async run(id: string, fail: boolean): Promise<void> {
    try {
      const failure = (await this.steps(id)) ?? (fail ? 'The health check of the new version did not answer' : null);
      if (failure !== null) return await this.fail(id, failure);
      await this.store.end(id, null);
    } catch (error) {
      // Most likely the database is down. The deployment then counts as abandoned and fails later.
      this.logger.error(`Deployment ${id} got stuck: ${(error as Error).message}`);
    }
  }

  /** @returns the reason why the deployment cannot continue; `null` when all steps are done */
  private async steps(id: string): Promise<string | null> {
    for (const status of ['building', 'deploying'] as const) {
      if (!(await this.step())) return INTERRUPTED;
      const deployment = await this.store.advance(id, status);
      if (deployment === null) return INTERRUPTED;
    }
    return (await this.step()) ? null : INTERRUPTED;
  }

  /** @returns false if the shutdown interrupted the step */
  private async step(): Promise<boolean> {
    try {
      await delay(this.config.deployStepMs, undefined, { signal: this.stopping.signal });
      return true;
    } catch {
      return false;
    }
  }
}

/** Failure reason of a deployment that a shutdown interrupted. */
export const INTERRUPTED = 'The server that ran the deployment was stopped';
