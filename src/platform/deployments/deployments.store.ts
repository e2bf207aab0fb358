import { ConflictException, Injectable, NotFoundException } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { emitListed } from '../apps/application-list.js';
import { assertAppOwner, missingApp } from '../apps/apps.service.js';
import type { Principal } from '../../realtime/index.js';
import { Changes } from '../database/changes.js';
import { Database, isDuplicate, type Statements } from '../database/database.js';
import type { PageDto } from '../http/page.dto.js';
import { emitAdvanced, emitCompleted, emitFailed, emitStarted } from './deployment-events.js';
import { DEPLOYMENT_COLUMNS, type Deployment, type OpenStatus } from './deployment.js';

/**
 * Stores deployments. Each change is committed in one transaction with the status of its application, the events, and the
 * entry in the list of applications.
 */
@Injectable()
export class DeploymentsStore {
  constructor(
    private readonly database: Database,
    private readonly changes: Changes,
  ) {}

  list(appId: string | null, { limit, offset }: PageDto): Promise<Deployment[]> {
    return this.database.query(
      `select ${DEPLOYMENT_COLUMNS} from deployments where $1::text is null or app_id = $1
       order by started_at desc, id limit $2 offset $3`,
      [appId, limit, offset],
    );
  }

  async get(id: string): Promise<Deployment> {
    const [deployment] = await this.database.query<Deployment>(
      `select ${DEPLOYMENT_COLUMNS} from deployments where id = $1`,
      [id],
    );
    if (deployment === undefined) throw new NotFoundException(`Deployment ${id} not found`);
    return deployment;
  }

  /**
   * Creates a deployment.
   * @throws ConflictException if another deployment of the application is in progress
   * @throws ForbiddenException for a user who neither owns the application nor is an admin
   */
  async start(appId: string, by: Principal): Promise<Deployment> {
    try {
      return await this.changes.make(async (statements, emit) => {
        await assertAppOwner(statements, appId, by);
        const [app] = await statements.query(
          `update apps set status = 'deploying', updated_at = now() where id = $1 returning id`,
          [appId],
        );
        if (app === undefined) throw missingApp(appId);
        const [deployment] = await statements.query<Deployment>(
          `insert into deployments (id, app_id, status, started_by) values ($1, $2, 'started', $3)
           returning ${DEPLOYMENT_COLUMNS}`,
          [randomUUID(), appId, by.user.userId],
        );
        await emitStarted(emit, deployment!);
        await emitListed(statements, emit, appId);
        return deployment!;
      });
    } catch (error) {
      throw isDuplicate(error) ? new ConflictException('The application is already being deployed') : error;
    }
  }

  /** Returns the owner of the application that a deployment is of; `null` if the deployment does not exist. */
  async ownerOf(id: string): Promise<string | null> {
    const [app] = await this.database.query<{ ownerId: string }>(
      'select owner_id as "ownerId" from apps where id = (select app_id from deployments where id = $1)',
      [id],
    );
    return app?.ownerId ?? null;
  }

  /** @returns `null` if the deployment has ended */
  async advance(id: string, status: OpenStatus): Promise<Deployment | null> {
    return this.changes.make(async (statements, emit) => {
      await lockApp(statements, id);
      const [deployment] = await statements.query<Deployment>(
        `update deployments set status = $2, touched_at = now() where id = $1 and ended_at is null
         returning ${DEPLOYMENT_COLUMNS}`,
        [id, status],
      );
      if (deployment === undefined) return null;
      await emitAdvanced(emit, deployment);
      await emitListed(statements, emit, deployment.appId);
      return deployment;
    });
  }

  /**
   * @param reason why the deployment failed; `null` if it succeeded
   * @returns `null` if the deployment has ended
   */
  end(id: string, reason: string | null): Promise<Deployment | null> {
    return this.changes.make(async (statements, emit) => {
      await lockApp(statements, id);
      const [deployment] = await statements.query<Deployment>(
        `update deployments set status = $2, reason = $3, touched_at = now(), ended_at = now()
         where id = $1 and ended_at is null returning ${DEPLOYMENT_COLUMNS}`,
        [id, reason === null ? 'completed' : 'failed', reason],
      );
      if (deployment === undefined) return null;
      await statements.query('update apps set status = $2, updated_at = now() where id = $1', [
        deployment.appId,
        reason === null ? 'running' : 'failed',
      ]);
      await (reason === null ? emitCompleted(emit, deployment) : emitFailed(emit, deployment));
      await emitListed(statements, emit, deployment.appId);
      return deployment;
    });
  }

  /** Returns the ids of open deployments without progress for `forMs` milliseconds. */
  async abandoned(forMs: number): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `select id from deployments where ended_at is null and touched_at <= now() - $1 * interval '1 millisecond'`,
      [forMs],
    );
    return rows.map(({ id }) => id);
  }
}

/** Locks the row of a deployment's application before that of the deployment, as every transaction does. */
async function lockApp(statements: Statements, id: string): Promise<void> {
  await statements.query('select 1 from apps where id = (select app_id from deployments where id = $1) for update', [
    id,
  ]);
}
