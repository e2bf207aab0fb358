import { IsBoolean, IsOptional, Matches } from 'class-validator';
import { PageDto } from '../http/page.dto.js';

/** `POST /api/apps/:id/deploy`; the body may be left out. */
export class DeployDto {
  /** Whether its last step fails, to see what that looks like. @default false */
  @IsBoolean()
  fail = false;
}

/** `GET /api/deployments` */
export class DeploymentsPageDto extends PageDto {
  /** Only those of this application. */
  @IsOptional()
  @Matches(/^[\w-]{1,64}$/, { message: 'appId must be the id of an application' })
  appId?: string;
}
