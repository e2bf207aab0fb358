import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { safely } from '../../realtime/index.js';
import { PlatformConfig } from '../config/platform-config.js';
import { Database } from '../database/database.js';
import { DeploymentsService, INTERRUPTED } from './deployments.service.js';
import { DeploymentsStore } from './deployments.store.js';

/** How long the deployment of another instance may stand still, in milliseconds, on top of two steps. */
const PATIENCE_MS = 30_000;

/** How often is looked, in milliseconds. */
const INTERVAL_MS = 15_000;

/** Fails the deployments that nobody brings to an end, because the process that ran them was killed. */
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
    // Data that is ours alone: whatever goes on was left by the process before us. Data that is shared: it may be another's.
    await this.sweep(this.database.shared ? this.patienceMs : 0);
    if (!this.database.shared) return;
    this.timer = setInterval(
      safely('The look for abandoned deployments', () => this.sweep(this.patienceMs)),
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
