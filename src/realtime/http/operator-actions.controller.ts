import {
  BadRequestException,
  Delete,
  HttpCode,
  NotFoundException,
  Param,
  Post,
  Query,
  Req,
  ServiceUnavailableException,
  UseGuards,
} from '@nestjs/common';
import { RevocationsFullError } from '../auth/revocation.js';
import type { ControlResult } from '../control/acks.js';
import { RealtimeControl, type Timestamp } from '../control/realtime-control.service.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { RealtimeUnavailableError } from '../publishing/errors.js';
import { TenantError, Tenants } from '../tenants/tenants.js';
import { AdminGuard, type OperatorRequest } from './admin.guard.js';
import { Accepted } from './direct-reply.interceptor.js';
import { DrainingGuard } from './draining.guard.js';
import { readTimestamp, readQuery, type Parameters } from './operator-query.js';
import { RealtimeController } from './realtime-route.js';

/**
 * Number of affected connections on the instances that confirmed, with the ids of the instances that confirmed and that
 * did not.
 */
export type Done<What extends string> = { readonly [W in What]: number } & Pick<ControlResult, 'confirmed' | 'missing'>;

/**
 * Actions on connections and tokens, on all instances. For admins, with the option `operatorApi`. Answers 200 if every
 * instance confirmed, and 202 if some did not: they run the command when it reaches them.
 */
@RealtimeController('realtime', 'operators')
@UseGuards(DrainingGuard, AdminGuard)
export class OperatorActionsController {
  private readonly tenants: Tenants;

  constructor(
    private readonly control: RealtimeControl,
    options: ResolvedRealtimeOptions,
  ) {
    this.tenants = new Tenants(options);
  }

  /** Closes one connection with 4403; its client can reconnect with a valid token. */
  @Delete('connections/:id')
  async disconnectConnection(
    @Param('id') id: string,
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<Done<'disconnected'> | Accepted> {
    readQuery(parameters, []);
    return done('disconnected', found(await runCommand(() => this.control.disconnectConnection(id, actorOf(request)))));
  }

  /** Revokes the token of one connection. The connection is closed with 4403, and no instance accepts the token any more. */
  @Post('connections/:id/revoke')
  @HttpCode(200)
  async revokeConnection(
    @Param('id') id: string,
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<Done<'disconnected'> | Accepted> {
    readQuery(parameters, []);
    return done('disconnected', found(await runCommand(() => this.control.revokeConnection(id, actorOf(request)))));
  }

  /** Closes all connections of a user with 4403; the clients can reconnect with a valid token. */
  @Post('users/:userId/disconnect')
  @HttpCode(200)
  async disconnectUser(
    @Param('userId') userId: string,
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<Done<'disconnected'> | Accepted> {
    const tenant = this.tenantOf(userId, readQuery(parameters, ['tenant']));
    const result = await runCommand(() => this.control.disconnectUser(userId, { tenant, ...actorOf(request) }));
    return done('disconnected', result);
  }

  /** Revokes the tokens of a user that were issued before `issuedBefore`. @default now */
  @Post('users/:userId/revoke')
  @HttpCode(200)
  async revokeUser(
    @Param('userId') userId: string,
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<Done<'disconnected'> | Accepted> {
    const texts = readQuery(parameters, ['tenant', 'issuedBefore']);
    const tenant = this.tenantOf(userId, texts);
    const about = { tenant, ...timestampIn(texts, 'issuedBefore'), ...actorOf(request) };
    return done('disconnected', await runCommand(() => this.control.revokeUser(userId, about)));
  }

  /** Re-authorizes every subscription of a user, and ends those that are no longer allowed. */
  @Post('users/:userId/reauthorize')
  @HttpCode(200)
  async reauthorizeUser(
    @Param('userId') userId: string,
    @Query() parameters: Parameters,
  ): Promise<Done<'reauthorized'> | Accepted> {
    const tenant = this.tenantOf(userId, readQuery(parameters, ['tenant']));
    return done('reauthorized', await runCommand(() => this.control.reauthorizeUser(userId, { tenant })));
  }

  /** Closes all connections whose token has this `jti` with 4403; a client can reconnect with a valid token. */
  @Post('sessions/:jti/disconnect')
  @HttpCode(200)
  async disconnectSession(
    @Param('jti') jti: string,
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<Done<'disconnected'> | Accepted> {
    readQuery(parameters, []);
    return done('disconnected', await runCommand(() => this.control.disconnectSession(jti, actorOf(request))));
  }

  /** Revokes the tokens with this `jti`. `until` is the expiry of the last of them: the revocation is kept until then. */
  @Post('sessions/:jti/revoke')
  @HttpCode(200)
  async revokeSession(
    @Param('jti') jti: string,
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<Done<'disconnected'> | Accepted> {
    const about = { ...timestampIn(readQuery(parameters, ['until']), 'until'), ...actorOf(request) };
    return done('disconnected', await runCommand(() => this.control.revokeSession(jti, about)));
  }

  /** Revokes every token that was issued before a time. Connections are closed with 4401, so clients get a new token. */
  @Post('tokens/revoke')
  @HttpCode(200)
  async revokeAll(
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<Done<'disconnected'> | Accepted> {
    const about = { ...timestampIn(readQuery(parameters, ['issuedBefore']), 'issuedBefore'), ...actorOf(request) };
    return done('disconnected', await runCommand(() => this.control.revokeAll(about)));
  }

  /**
   * Reads the tenant of a user; `null` means a platform user.
   * @throws BadRequestException if the user id and the tenant do not fit the option `tenants`
   */
  private tenantOf(userId: string, { tenant = null }: { readonly tenant?: string | null }): string | null {
    try {
      this.tenants.userKeyOf(userId, tenant);
      return tenant;
    } catch (error) {
      throw error instanceof TenantError ? new BadRequestException(`tenant ${error.message}`) : error;
    }
  }
}

function done<What extends string>(
  what: What,
  { connections, confirmed, missing }: ControlResult,
): Done<What> | Accepted {
  const answer = { [what]: connections, confirmed, missing } as Done<What>;
  return missing.length > 0 ? new Accepted(answer) : answer;
}

/** @throws NotFoundException if no instance has the connection and all have answered */
function found(result: ControlResult): ControlResult {
  if (result.connections > 0 || result.missing.length > 0) return result;
  throw new NotFoundException('Connection not found: it may have been closed');
}

/**
 * @throws ServiceUnavailableException if the command cannot be sent, or the revocation cannot be stored
 * @throws BadRequestException for an invalid time of a revocation
 */
async function runCommand(send: () => Promise<ControlResult>): Promise<ControlResult> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof RangeError) throw new BadRequestException(error.message);
    if (error instanceof RealtimeUnavailableError || error instanceof RevocationsFullError) {
      throw new ServiceUnavailableException(error.message);
    }
    throw error;
  }
}

function timestampIn<Name extends string>(
  texts: { readonly [N in Name]?: string },
  name: Name,
): { [N in Name]?: Timestamp } {
  const text = texts[name];
  return (text === undefined ? {} : { [name]: readTimestamp(text, name) }) as { [N in Name]?: Timestamp };
}

function actorOf({ operator }: OperatorRequest): { readonly by?: string } {
  return operator === undefined ? {} : { by: operator.user.userId };
}
