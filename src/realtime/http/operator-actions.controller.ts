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
import { readTimestamp, readQuery, type Parameters } from './operator-query.js';
import { RealtimeController } from './realtime-route.js';

/** How many connections were concerned on the instances that confirmed, and which instances did and did not. */
export type Done<What extends string> = { readonly [W in What]: number } & Pick<ControlResult, 'confirmed' | 'missing'>;

/**
 * Actions on connections and tokens, on all instances. For administrators, with the option `operatorApi`. Answers 200
 * if every instance confirmed, and 202 if some did not: they run the command when it reaches them.
 */
@RealtimeController('realtime', 'operators')
@UseGuards(AdminGuard)
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
    return done('disconnected', found(await carriedOut(() => this.control.disconnectConnection(id, actorOf(request)))));
  }

  /** Revokes the token of one connection: it is closed with 4403, and no instance accepts the token any more. */
  @Post('connections/:id/revoke')
  @HttpCode(200)
  async revokeConnection(
    @Param('id') id: string,
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<Done<'disconnected'> | Accepted> {
    readQuery(parameters, []);
    return done('disconnected', found(await carriedOut(() => this.control.revokeConnection(id, actorOf(request)))));
  }

  /** Closes all connections of a user with 4403; its clients can reconnect with a valid token. */
  @Post('users/:userId/disconnect')
  @HttpCode(200)
  async disconnectUser(
    @Param('userId') userId: string,
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<Done<'disconnected'> | Accepted> {
    const tenant = this.tenantOf(userId, readQuery(parameters, ['tenant']));
    const result = await carriedOut(() => this.control.disconnectUser(userId, { tenant, ...actorOf(request) }));
    return done('disconnected', result);
  }

  /** Revokes the tokens of a user that were issued before a moment, which is now unless `issuedBefore` says otherwise. */
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
    return done('disconnected', await carriedOut(() => this.control.revokeUser(userId, about)));
  }

  /** Re-authorizes every subscription of a user; those that the user is no longer allowed end. */
  @Post('users/:userId/reauthorize')
  @HttpCode(200)
  async reauthorizeUser(
    @Param('userId') userId: string,
    @Query() parameters: Parameters,
  ): Promise<Done<'reauthorized'> | Accepted> {
    const tenant = this.tenantOf(userId, readQuery(parameters, ['tenant']));
    return done('reauthorized', await carriedOut(() => this.control.reauthorizeUser(userId, { tenant })));
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
    return done('disconnected', await carriedOut(() => this.control.disconnectSession(jti, actorOf(request))));
  }

  /** Revokes the tokens with this `jti`, until the moment `until`, when the last of them has ended. */
  @Post('sessions/:jti/revoke')
  @HttpCode(200)
  async revokeSession(
    @Param('jti') jti: string,
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<Done<'disconnected'> | Accepted> {
    const about = { ...timestampIn(readQuery(parameters, ['until']), 'until'), ...actorOf(request) };
    return done('disconnected', await carriedOut(() => this.control.revokeSession(jti, about)));
  }

  /** Revokes every token that was issued before a moment: connections are closed with 4401, and clients get a new token. */
  @Post('tokens/revoke')
  @HttpCode(200)
  async revokeAll(
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<Done<'disconnected'> | Accepted> {
    const about = { ...timestampIn(readQuery(parameters, ['issuedBefore']), 'issuedBefore'), ...actorOf(request) };
    return done('disconnected', await carriedOut(() => this.control.revokeAll(about)));
  }

  /** @throws BadRequestException where it is not clear whose user it is; without a tenant it is one of the platform */
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

/** @throws NotFoundException if no instance has the connection, and none can have it */
function found(result: ControlResult): ControlResult {
  if (result.connections > 0 || result.missing.length > 0) return result;
  throw new NotFoundException('Connection not found: it may have been closed');
}

/**
 * @throws ServiceUnavailableException where the command could not be sent, or the revocation not be stored
 * @throws BadRequestException for a moment that a revocation cannot have
 */
async function carriedOut(send: () => Promise<ControlResult>): Promise<ControlResult> {
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
