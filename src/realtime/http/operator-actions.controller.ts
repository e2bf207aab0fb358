import {
  BadRequestException,
  Delete,
  HttpCode,
  NotFoundException,
  Param,
  Post,
  Query,
  Req,
  UseGuards,
} from '@nestjs/common';
import type { ControlResult } from '../cluster/control/control-bus.js';
import type { Timestamp } from '../cluster/control/control-arguments.js';
import { RealtimeControl } from '../cluster/control/realtime-control.service.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { TenantError, Tenants } from '../tenants/tenants.js';
import { AdminGuard, type OperatorRequest } from './admin.guard.js';
import type { Accepted } from './direct-reply.interceptor.js';
import { DrainingGuard } from './draining.guard.js';
import { Audited } from './documented.js';
import { done, runCommand } from './operator-command.js';
import { readTimestamp, readQuery, TENANT, type Parameters } from './operator-query.js';
import {
  disconnectedShape,
  reauthorizedShape,
  subscribedShape,
  unsubscribedShape,
  type Disconnected,
  type Reauthorized,
  type Subscribed,
  type Unsubscribed,
} from './operator-shapes.js';
import { RealtimeController } from './realtime-route.js';

const ISSUED_BEFORE = {
  issuedBefore: 'Only tokens that were issued before this time (ISO 8601 or milliseconds); default now',
};
const UNTIL = {
  until: 'When the last of these tokens ends (ISO 8601 or milliseconds): the revocation is kept until then',
};
const CONNECTION = { path: { id: 'The id of a connection' }, refusals: [404, 503] } as const;
const USER = { path: { userId: 'The id of a user' }, refusals: [400, 503] } as const;
const CHANNEL = { ...TENANT, channel: 'The full name of a channel' };
const SUBSCRIPTION = { ...USER, query: CHANNEL, required: ['channel'] } as const;
const SESSION = { path: { jti: 'The `jti` of a token' } };
const COMMAND = {
  answer: disconnectedShape,
  incomplete: 'Some instances did not confirm; they run the command when it reaches them',
};

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
  @Audited({
    summary: 'Closes one connection (4403); the client can reconnect with a valid token',
    ...COMMAND,
    ...CONNECTION,
  })
  async disconnectConnection(
    @Param('id') id: string,
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<Disconnected | Accepted> {
    readQuery(parameters, {});
    return disconnected(found(await runCommand(() => this.control.disconnectConnection(id, actorOf(request)))));
  }

  /** Revokes the token of one connection. The connection is closed with 4403, and no instance accepts the token any more. */
  @Post('connections/:id/revoke')
  @HttpCode(200)
  @Audited({ summary: 'Revokes the token of one connection, and closes it (4403)', ...COMMAND, ...CONNECTION })
  async revokeConnection(
    @Param('id') id: string,
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<Disconnected | Accepted> {
    readQuery(parameters, {});
    return disconnected(found(await runCommand(() => this.control.revokeConnection(id, actorOf(request)))));
  }

  /** Closes all connections of a user with 4403; the clients can reconnect with a valid token. */
  @Post('users/:userId/disconnect')
  @HttpCode(200)
  @Audited({ summary: 'Closes every connection of a user (4403)', ...COMMAND, ...USER, query: TENANT })
  async disconnectUser(
    @Param('userId') userId: string,
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<Disconnected | Accepted> {
    const tenant = this.tenantOf(userId, readQuery(parameters, TENANT));
    const result = await runCommand(() => this.control.disconnectUser(userId, { tenant, ...actorOf(request) }));
    return disconnected(result);
  }

  /** Revokes the tokens of a user that were issued before `issuedBefore`. @default now */
  @Post('users/:userId/revoke')
  @HttpCode(200)
  @Audited({
    summary: 'Revokes the tokens of a user, and closes its connections (4403)',
    ...COMMAND,
    ...USER,
    query: { ...TENANT, ...ISSUED_BEFORE },
  })
  async revokeUser(
    @Param('userId') userId: string,
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<Disconnected | Accepted> {
    const texts = readQuery(parameters, { ...TENANT, ...ISSUED_BEFORE });
    const tenant = this.tenantOf(userId, texts);
    const about = { tenant, ...timestampIn(texts, 'issuedBefore'), ...actorOf(request) };
    return disconnected(await runCommand(() => this.control.revokeUser(userId, about)));
  }

  /** Re-authorizes every subscription of a user, and ends those that are no longer allowed. */
  @Post('users/:userId/reauthorize')
  @HttpCode(200)
  @Audited({
    summary: 'Re-authorizes every subscription of a user',
    ...COMMAND,
    ...USER,
    query: TENANT,
    answer: reauthorizedShape,
  })
  async reauthorizeUser(
    @Param('userId') userId: string,
    @Query() parameters: Parameters,
  ): Promise<Reauthorized | Accepted> {
    const tenant = this.tenantOf(userId, readQuery(parameters, TENANT));
    const { connections, ...instances } = await runCommand(() => this.control.reauthorizeUser(userId, { tenant }));
    return done({ reauthorized: connections, ...instances });
  }

  /** Subscribes all connections of a user to a channel, also those that open later. */
  @Post('users/:userId/subscribe')
  @HttpCode(200)
  @Audited({
    summary: 'Subscribes every connection of a user to a channel, also those that open later',
    ...COMMAND,
    ...SUBSCRIPTION,
    refusals: [400, 409, 503],
    answer: subscribedShape,
  })
  async subscribeUser(
    @Param('userId') userId: string,
    @Query() parameters: Parameters,
  ): Promise<Subscribed | Accepted> {
    const { tenant, channel } = this.subscriptionOf(userId, parameters);
    const { connections, refusals, ...instances } = await runCommand(() =>
      this.control.subscribe(userId, channel, { tenant }),
    );
    return done({ subscribed: connections, refusals: [...refusals], ...instances });
  }

  /** Ends a channel on all connections of a user. */
  @Post('users/:userId/unsubscribe')
  @HttpCode(200)
  @Audited({
    summary: 'Ends a channel on every connection of a user',
    ...COMMAND,
    ...SUBSCRIPTION,
    answer: unsubscribedShape,
  })
  async unsubscribeUser(
    @Param('userId') userId: string,
    @Query() parameters: Parameters,
  ): Promise<Unsubscribed | Accepted> {
    const { tenant, channel } = this.subscriptionOf(userId, parameters);
    const { connections, ...instances } = await runCommand(() => this.control.unsubscribe(userId, channel, { tenant }));
    return done({ unsubscribed: connections, ...instances });
  }

  /** Closes all connections whose token has this `jti` with 4403; a client can reconnect with a valid token. */
  @Post('sessions/:jti/disconnect')
  @HttpCode(200)
  @Audited({
    summary: 'Closes every connection whose token has this `jti` (4403)',
    ...COMMAND,
    ...SESSION,
    refusals: [503],
  })
  async disconnectSession(
    @Param('jti') jti: string,
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<Disconnected | Accepted> {
    readQuery(parameters, {});
    return disconnected(await runCommand(() => this.control.disconnectSession(jti, actorOf(request))));
  }

  /** Revokes the tokens with this `jti`. `until` is the expiry of the last of them: the revocation is kept until then. */
  @Post('sessions/:jti/revoke')
  @HttpCode(200)
  @Audited({
    summary: 'Revokes the tokens with this `jti`, and closes their connections (4403)',
    ...COMMAND,
    ...SESSION,
    query: UNTIL,
    refusals: [400, 503],
  })
  async revokeSession(
    @Param('jti') jti: string,
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<Disconnected | Accepted> {
    const about = { ...timestampIn(readQuery(parameters, UNTIL), 'until'), ...actorOf(request) };
    return disconnected(await runCommand(() => this.control.revokeSession(jti, about)));
  }

  /** Revokes every token that was issued before a time. Connections are closed with 4401, so clients get a new token. */
  @Post('tokens/revoke')
  @HttpCode(200)
  @Audited({
    summary: 'Revokes every token that was issued before a time, and closes the connections (4401)',
    ...COMMAND,
    query: ISSUED_BEFORE,
    refusals: [400, 503],
  })
  async revokeAll(@Query() parameters: Parameters, @Req() request: OperatorRequest): Promise<Disconnected | Accepted> {
    const about = { ...timestampIn(readQuery(parameters, ISSUED_BEFORE), 'issuedBefore'), ...actorOf(request) };
    return disconnected(await runCommand(() => this.control.revokeAll(about)));
  }

  private subscriptionOf(userId: string, parameters: Parameters): { tenant: string | null; channel: string } {
    const { channel, ...texts } = readQuery(parameters, CHANNEL);
    if (channel === undefined) throw new BadRequestException('channel is missing');
    return { tenant: this.tenantOf(userId, texts), channel };
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

function disconnected({ connections, ...instances }: ControlResult): Disconnected | Accepted {
  return done({ disconnected: connections, ...instances });
}

/** @throws NotFoundException if no instance has the connection and all have answered */
function found(result: ControlResult): ControlResult {
  if (result.connections > 0 || result.missing.length > 0) return result;
  throw new NotFoundException('Connection not found: it may have been closed');
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
