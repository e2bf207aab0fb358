import {
  Call,
  Caller,
  Command,
  Input,
  RealtimeCommands,
  type CommandCall,
  type Principal,
} from '../../realtime/index.js';
import { DeployAppDto } from './deployment.dto.js';
import type { Deployment } from './deployment.js';
import { DeploymentsService } from './deployments.service.js';

/** Commands of the live page. They do the same as the REST routes, with the same rules. */
@RealtimeCommands()
export class DeploymentsCommands {
  constructor(private readonly deployments: DeploymentsService) {}

  /** Deploys until the end: the progress is the deployment after each step. The caller can cancel it. */
  @Command('apps.deploy', { timeoutMs: 600_000 })
  deploy(
    @Input() { id, fail }: DeployAppDto,
    @Caller() caller: Principal,
    @Call() { signal }: CommandCall,
  ): AsyncGenerator<Deployment, Deployment> {
    return this.deployments.deployWithProgress(id, caller, fail, signal);
  }
}
