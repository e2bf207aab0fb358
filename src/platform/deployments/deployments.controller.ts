import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import type { Principal } from '../../realtime/index.js';
import { CurrentPrincipal, SignedIn } from '../auth/access.js';
import { IdPipe } from '../http/id.pipe.js';
import { DeployDto, DeploymentsPageDto } from './deployment.dto.js';
import type { Deployment } from './deployment.js';
import { DeploymentsService } from './deployments.service.js';
import { DeploymentsStore } from './deployments.store.js';

@Controller('api')
@SignedIn()
export class DeploymentsController {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly store: DeploymentsStore,
  ) {}

  /** Responds once the deployment has started. Its progress is published on `deployments:*`. */
  @Post('apps/:id/deploy')
  @HttpCode(202)
  deploy(
    @Param('id', IdPipe) appId: string,
    @Body() { fail }: DeployDto,
    @CurrentPrincipal() user: Principal,
  ): Promise<Deployment> {
    return this.deployments.deploy(appId, user, fail);
  }

  @Get('deployments')
  list(@Query() { appId, ...page }: DeploymentsPageDto): Promise<Deployment[]> {
    return this.store.list(appId ?? null, page);
  }

  @Get('deployments/:id')
  get(@Param('id', IdPipe) id: string): Promise<Deployment> {
    return this.store.get(id);
  }
}
