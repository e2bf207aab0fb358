import {
  Call,
  Caller,
  Command,
  Input,
  RealtimeCommands,
  type CommandCall,
  type Principal,
} from '../../realtime/index.js';
import { ContinueDeploymentDto, DeployAppDto } from './deployment.dto.js';
import type { Deployment } from './deployment.js';
import { DeploymentsService } from './deployments.service.js';

/** Commands of the live page. They have the same rules as the REST routes. */
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

  /** Continues a deployment whose instance was killed, like {@link deploy}. */
  @Command('deployments.continue', { timeoutMs: 600_000 })
  continue(
    @Input() { id }: ContinueDeploymentDto,
    @Caller() caller: Principal,
    @Call() { signal }: CommandCall,
  ): AsyncGenerator<Deployment, Deployment> {
    return this.deployments.continueWithProgress(id, caller, signal);
  }
}
