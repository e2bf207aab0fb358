import { ConflictException } from '@nestjs/common';
import {
  ChannelPolicy,
  StreamEndedError,
  StreamOpenError,
  type CanSubscribe,
  type ChannelContext,
  type RealtimeStreams,
  type StreamWriter,
} from '../../realtime/index.js';
import { logOf } from './deployment.js';
import { DeploymentsStore } from './deployments.store.js';

/** Every user can read logs. The owner of the application and admins can cancel: then the deployment stops. */
@ChannelPolicy('deployments:{id}:log')
export class DeploymentLogPolicy implements CanSubscribe {
  constructor(private readonly store: DeploymentsStore) {}

  canSubscribe({ principal }: ChannelContext): boolean {
    return principal !== null && principal.guest === undefined;
  }

  async canCancel({ principal, params }: ChannelContext): Promise<boolean> {
    const ownerId = await this.store.ownerOf(params['id']!);
    if (principal === null || ownerId === null) return false;
    return principal.isAdmin || principal.user.userId === ownerId;
  }
}

/**
 * Opens the log of a deployment. Only one instance has it at a time, so only one runs the deployment.
 * @param resume continues the log after its last byte
 * @throws ConflictException if an instance that is alive has it
 * @throws RealtimeUnavailableError
 */
export async function openLog(streams: RealtimeStreams, id: string, resume: boolean): Promise<StreamWriter> {
  try {
    return await streams.open(logOf(id), { resume });
  } catch (error) {
    const isTaken = error instanceof StreamOpenError && error.code === 'conflict';
    throw isTaken ? new ConflictException('The deployment is still running') : error;
  }
}

/** Returns why a log can no longer be written: `cancelled`, `fenced`, `shutdown`…; `null` while it can. */
export function endOf({ signal }: Pick<StreamWriter, 'signal'>): string | null {
  return signal.aborted && signal.reason instanceof StreamEndedError ? signal.reason.reason : null;
}
