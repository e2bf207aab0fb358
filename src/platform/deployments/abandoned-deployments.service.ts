import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { safely } from '../../realtime/index.js';
import { PlatformConfig } from '../config/platform-config.js';
import { Database } from '../database/database.js';
import { INTERRUPTED } from './deployment.js';
import { DeploymentsService } from './deployments.service.js';
import { DeploymentsStore } from './deployments.store.js';

/**
 * Time without progress after which another instance's deployment counts as abandoned, in milliseconds, in addition to
 * two steps.
 */
const PATIENCE_MS = 30_000;

/** Interval between two checks, in milliseconds. */
const INTERVAL_MS = 15_000;

/** Fails deployments that were abandoned because the process that ran them was killed. */
@Injectable()
export class AbandonedDeploymentsService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Deployments');
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly store: DeploymentsStore,
    private readonly deployments: DeploymentsService,
    private readonly config: PlatformConfig,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    // No other instance uses an unshared database, so an earlier process left every open deployment. In a shared one,
    // another instance can still be running it.
    await this.sweep(this.database.shared ? this.patienceMs : 0);
    if (!this.database.shared) return;
    this.timer = setInterval(
      safely('The check for abandoned deployments', () => this.sweep(this.patienceMs)),
      INTERVAL_MS,
    );
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private get patienceMs(): number {
    return PATIENCE_MS + 2 * this.config.deployStepMs;
  }

  private async sweep(forMs: number): Promise<void> {
    for (const id of await this.store.abandoned(forMs)) {
      this.logger.warn(`Deployment ${id} was abandoned`);
      await this.deployments.fail(id, INTERRUPTED);
    }
  }
}
