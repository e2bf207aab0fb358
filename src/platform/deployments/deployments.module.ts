import { Module } from '@nestjs/common';
import { AbandonedDeploymentsService } from './abandoned-deployments.service.js';
import { DeploymentLogPolicy } from './deployment-log.js';
import { DeploymentsCommands } from './deployments.commands.js';
import { DeploymentsController } from './deployments.controller.js';
import { DeploymentsService } from './deployments.service.js';
import { DeploymentsStore } from './deployments.store.js';

@Module({
  controllers: [DeploymentsController],
  providers: [
    DeploymentsStore,
    DeploymentsService,
    DeploymentsCommands,
    DeploymentLogPolicy,
    AbandonedDeploymentsService,
  ],
})
export class DeploymentsModule {}
