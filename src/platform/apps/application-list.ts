import { Type } from 'class-transformer';
import { IsDate, IsIn, IsOptional, IsString, ValidateNested } from 'class-validator';
import { LiveResource, remove, replace, statePatch, type LoadsState, type StatePatch } from '../../realtime/index.js';
import { Database, type Statements } from '../database/database.js';
import type { App } from './app.js';

/** Channel of the list: not one of `apps:*`, whose subscribers receive events. */
export const APPLICATIONS = 'applications';

/** Number of applications that a new subscriber receives: the newest ones. */
const LIMIT = 500;

const DEPLOYMENT_STATUSES = ['started', 'building', 'deploying', 'completed', 'failed'] as const;

/** The last deployment of a listed application. */
class ListedDeployment {
  @IsString()
  id!: string;

  @IsIn(DEPLOYMENT_STATUSES)
  status!: (typeof DEPLOYMENT_STATUSES)[number];

  /** Why it failed; `null` otherwise. */
  @IsOptional()
  @IsString()
  reason!: string | null;

  @IsString()
  startedBy!: string;

  @IsDate()
  startedAt!: Date;

  /** `null` while the deployment is in progress. */
  @IsOptional()
  @IsDate()
  endedAt!: Date | null;
}

/** An application with its last deployment. */
class ListedApp {
  @IsString()
  id!: string;

  @IsString()
  name!: string;

  @IsIn(['created', 'deploying', 'running', 'failed'])
  status!: App['status'];

  @IsString()
  ownerId!: string;

  @IsDate()
  createdAt!: Date;

  @IsOptional()
  @ValidateNested()
  @Type(() => ListedDeployment)
  deployment!: ListedDeployment | null;
}

/** State of the channel. */
class ApplicationListState {
  /** By id. */
  @ValidateNested()
  @Type(() => ListedApp)
  apps!: Map<string, ListedApp>;
}

/** The list of applications, as all pages show it. Each change of an application emits its entry: see {@link emitListed}. */
@LiveResource(APPLICATIONS, { data: ApplicationListState, access: 'authenticated' })
export class ApplicationList implements LoadsState<ApplicationListState> {
  constructor(private readonly database: Database) {}

  async load(): Promise<ApplicationListState> {
    const rows = await this.database.query<ListedRow>(`${LISTED} order by apps.created_at desc, apps.id limit $1`, [
      LIMIT,
    ]);
    return { apps: new Map(rows.map((row) => [row.id, listed(row)])) };
  }
}

/**
 * Emits the entry of an application that the transaction has changed, created or deleted. The transaction must have locked its
 * row first: entries are then emitted in the order of the commits. An entry is whole, so that it also fits clients that did not
 * have it, because the list is limited.
 */
export async function emitListed(
  statements: Statements,
  emit: (channel: typeof APPLICATIONS, patch: StatePatch) => Promise<void>,
  id: string,
): Promise<void> {
  const [row] = await statements.query<ListedRow>(`${LISTED} where apps.id = $1`, [id]);
  await emit(APPLICATIONS, statePatch({ apps: { [id]: row === undefined ? remove() : replace(listed(row)) } }));
}

/** An application, and the columns of its last deployment: `null` without one. */
interface ListedRow extends Omit<ListedApp, 'deployment'> {
  readonly deploymentId: string | null;
  readonly deploymentStatus: ListedDeployment['status'];
  readonly reason: string | null;
  readonly startedBy: string;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}

const LISTED = `
  select apps.id, apps.name, apps.status, apps.owner_id as "ownerId", apps.created_at as "createdAt",
    last.id as "deploymentId", last.status as "deploymentStatus", last.reason, last.started_by as "startedBy",
    last.started_at as "startedAt", last.ended_at as "endedAt"
  from apps left join lateral (
    select * from deployments where app_id = apps.id order by started_at desc, id limit 1
  ) last on true`;

function listed({
  deploymentId,
  deploymentStatus,
  reason,
  startedBy,
  startedAt,
  endedAt,
  ...app
}: ListedRow): ListedApp {
  if (deploymentId === null) return { ...app, deployment: null };
  return { ...app, deployment: { id: deploymentId, status: deploymentStatus, reason, startedBy, startedAt, endedAt } };
}
