import { ConflictException, Injectable, NotFoundException } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { assertAppOwner, missingApp } from '../apps/apps.service.js';
import type { Principal } from '../../realtime/index.js';
import { Changes } from '../database/changes.js';
import { Database, isDuplicate } from '../database/database.js';
import type { PageDto } from '../http/page.dto.js';
import { emitAdvanced, emitCompleted, emitFailed, emitStarted } from './deployment-events.js';
import { DEPLOYMENT_COLUMNS, type Deployment } from './deployment.js';

/** What is stored of deployments; an application's status changes with them, and what tells of it is stored with each change. */
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
    if (deployment === undefined) throw new NotFoundException(`There is no deployment ${id}`);
    return deployment;
  }

  /**
   * Begins a deployment.
   * @throws ConflictException while another one of the application goes on
   * @throws ForbiddenException for a user who neither owns the application nor is an administrator
   */
  async start(appId: string, by: Principal): Promise<Deployment> {
    try {
      return await this.changes.make(async (statements, tell) => {
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
        await emitStarted(tell, deployment!);
        return deployment!;
      });
    } catch (error) {
      throw isDuplicate(error) ? new ConflictException('This application is being deployed already') : error;
    }
  }

  /** @returns `null` when it had ended before */
  async advance(id: string, status: 'building' | 'deploying'): Promise<Deployment | null> {
    return this.changes.make(async (statements, tell) => {
      const [deployment] = await statements.query<Deployment>(
        `update deployments set status = $2, touched_at = now() where id = $1 and ended_at is null
         returning ${DEPLOYMENT_COLUMNS}`,
        [id, status],
      );
      if (deployment !== undefined) await emitAdvanced(tell, deployment);
      return deployment ?? null;
    });
  }

  /**
   * @param reason why it failed; `null` when it did not
   * @returns `null` when it had ended before
   */
  end(id: string, reason: string | null): Promise<Deployment | null> {
    return this.changes.make(async (statements, tell) => {
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
      await (reason === null ? emitCompleted(tell, deployment) : emitFailed(tell, deployment));
      return deployment;
    });
  }

  /** The deployments that go on, but that nobody has brought further for so many milliseconds. */
  async abandoned(forMs: number): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `select id from deployments where ended_at is null and touched_at <= now() - $1 * interval '1 millisecond'`,
      [forMs],
    );
    return rows.map(({ id }) => id);
  }
}
