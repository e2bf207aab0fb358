import { IsBoolean, IsOptional, Matches } from 'class-validator';
import { PageDto } from '../http/page.dto.js';

/** `POST /api/apps/:id/deploy`; the body is optional. */
export class DeployDto {
  /** Simulates a failure in the last step. @default false */
  @IsBoolean()
  fail = false;
}

/** The command `apps.deploy` */
export class DeployAppDto extends DeployDto {
  @Matches(/^[\w.@-]{1,64}$/)
  id!: string;
}

/** The command `deployments.continue` */
export class ContinueDeploymentDto {
  @Matches(/^[\w-]{1,64}$/)
  id!: string;
}

/** `GET /api/deployments` */
export class DeploymentsPageDto extends PageDto {
  /** Filters by application. */
  @IsOptional()
  @Matches(/^[\w-]{1,64}$/, { message: 'appId must be the id of an application' })
  appId?: string;
}
