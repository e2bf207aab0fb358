import {
  ConflictException,
  Injectable,
  Logger,
  NotFoundException,
  ServiceUnavailableException,
  type OnModuleDestroy,
} from '@nestjs/common';
import { RealtimeStreams, type Principal, type StreamWriter } from '../../realtime/index.js';
import { assertOwner } from '../auth/access.js';
import { PlatformConfig } from '../config/platform-config.js';
import { openLog } from './deployment-log.js';
import { logOf, type Deployment, type OpenStatus } from './deployment.js';
import { DeploymentsStore } from './deployments.store.js';
import { runDeployment, type RunHost, type RunOptions } from './run-deployment.js';

/** Deploys applications in the background, a few steps each. Every deployment writes a log, which is a stream. */
@Injectable()
export class DeploymentsService implements OnModuleDestroy {
  private readonly logger = new Logger('Deployments');
  private readonly stopping = new AbortController();
  private readonly running = new Set<Promise<void>>();
  private readonly host: RunHost;

  constructor(
    private readonly store: DeploymentsStore,
    private readonly streams: RealtimeStreams,
    config: PlatformConfig,
  ) {
    this.host = {
      ...{ store, stepMs: config.deployStepMs, stopping: this.stopping.signal },
      cancelLog: async ({ channel }) => void (await streams.cancel(channel)),
    };
  }

  /**
   * Starts a deployment, which continues in the background. Resolves once the deployment and its events are stored.
   * @param fail simulates a failure in the last step
   */
  async deploy(appId: string, startedBy: Principal, fail: boolean): Promise<Deployment> {
    const deployment = await this.start(appId, startedBy);
    this.drain(this.begin(deployment, { fail })).catch((error: Error) => {
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
    yield* this.begin(deployment, { fail, cancelled });
    return this.store.get(deployment.id);
  }

  /**
   * Continues a deployment whose instance was killed, after its last step and the last byte of its log. Like
   * {@link deployWithProgress}.
   * @throws ConflictException if it has ended, or is still running
   * @throws ForbiddenException for a user who neither owns the application nor is an admin
   */
  async *continueWithProgress(
    id: string,
    by: Principal,
    cancelled: AbortSignal,
  ): AsyncGenerator<Deployment, Deployment> {
    this.assertNotStopping();
    const ownerId = await this.store.ownerOf(id);
    if (ownerId === null) throw new NotFoundException(`Deployment ${id} not found`);
    assertOwner(ownerId, by);
    const { status, endedAt } = await this.store.get(id);
    if (endedAt !== null) throw new ConflictException('The deployment has ended: deploy again');
    const log = await openLog(this.streams, id, true);
    const deployment = log.length === 0 ? null : await this.store.advance(id, status as OpenStatus);
    if (deployment === null) {
      await log.fail('There is nothing to continue');
      throw new ConflictException('The deployment cannot be continued: deploy again');
    }
    yield* this.run(deployment, log, { fail: false, isContinued: true, cancelled });
    return this.store.get(id);
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
    this.assertNotStopping();
    return this.store.start(appId, startedBy);
  }

  private assertNotStopping(): void {
    if (this.stopping.signal.aborted) throw new ServiceUnavailableException('This instance is shutting down');
  }

  private async drain(run: AsyncGenerator<Deployment, void>): Promise<void> {
    for await (const _ of run);
  }

  /** Opens the log of a new deployment, and runs it. */
  private async *begin(deployment: Deployment, options: RunOptions): AsyncGenerator<Deployment, void> {
    let log: StreamWriter;
    try {
      log = await openLog(this.streams, deployment.id, false);
    } catch (error) {
      await this.store.end(deployment.id, `The log ${logOf(deployment.id)} cannot be written`);
      throw error;
    }
    yield* this.run(deployment, log, options);
  }

  private async *run(deployment: Deployment, log: StreamWriter, options: RunOptions): AsyncGenerator<Deployment, void> {
    let ended!: () => void;
    const running = new Promise<void>((resolve) => (ended = resolve));
    this.running.add(running);
    try {
      yield* runDeployment(this.host, deployment, log, options);
    } finally {
      this.running.delete(running);
      ended();
    }
  }
}
