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
import { RealtimeControl } from '../control/realtime-control.service.js';
import { Inspection } from '../inspection/inspection.service.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { RealtimeUnavailableError } from '../publishing/errors.js';
import { TenantError, Tenants } from '../tenants/tenants.js';
import { AdminGuard, type OperatorRequest } from './admin.guard.js';
import { textsOf, type Parameters } from './operator-query.js';
import { RealtimeController } from './realtime-route.js';

/** What was done to how many connections. Instances that did not answer carry it out when they hear of it. */
export type Done<What extends string> = { readonly [W in What]: number } & { readonly unanswered: readonly string[] };

/** What operators do to connections, on all instances. For administrators, where the option `operatorApi` is on. */
@RealtimeController('realtime', 'operators')
@UseGuards(AdminGuard)
export class OperatorActionsController {
  private readonly tenants: Tenants;

  constructor(
    private readonly control: RealtimeControl,
    private readonly inspection: Inspection,
    options: ResolvedRealtimeOptions,
  ) {
    this.tenants = new Tenants(options);
  }

  /** Closes one connection with 4403; its client may come back with a good token. */
  @Delete('connections/:id')
  async disconnect(
    @Param('id') id: string,
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<Done<'disconnected'>> {
    textsOf(parameters, []);
    const { row, unanswered } = await this.inspection.connection(id);
    if (row === null && unanswered.length === 0) throw new NotFoundException('There is no such connection (any more)');
    await carriedOut(this.control.disconnectConnection(id, byWhom(request)));
    return { disconnected: row === null ? 0 : 1, unanswered };
  }

  /** Closes every connection of a user with 4403; a good token may come back. */
  @Post('users/:userId/disconnect')
  @HttpCode(200)
  async disconnectUser(
    @Param('userId') userId: string,
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<Done<'disconnected'>> {
    const { tenant, userKey } = this.userOf(userId, parameters);
    const { total, unanswered } = await this.inspection.count({ userKey });
    await carriedOut(this.control.disconnectUser(userId, { tenant, ...byWhom(request) }));
    return { disconnected: total, unanswered };
  }

  /** Has every subscription of a user judged anew; those that it may no longer have end. */
  @Post('users/:userId/judge')
  @HttpCode(200)
  async judgeUser(@Param('userId') userId: string, @Query() parameters: Parameters): Promise<Done<'judged'>> {
    const { tenant, userKey } = this.userOf(userId, parameters);
    const { total, unanswered } = await this.inspection.count({ userKey });
    await carriedOut(this.control.judgeUser(userId, { tenant }));
    return { judged: total, unanswered };
  }

  /** Closes every connection whose token has this `jti` with 4403; a good token may come back. */
  @Post('sessions/:jti/disconnect')
  @HttpCode(200)
  async disconnectSession(
    @Param('jti') jti: string,
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<Done<'disconnected'>> {
    textsOf(parameters, []);
    const { total, unanswered } = await this.inspection.count({ session: jti });
    await carriedOut(this.control.disconnectSession(jti, byWhom(request)));
    return { disconnected: total, unanswered };
  }

  /** @throws BadRequestException where it is not clear whose user it is; without a tenant it is one of the platform */
  private userOf(userId: string, parameters: Parameters): { readonly tenant: string | null; readonly userKey: string } {
    const { tenant = null } = textsOf(parameters, ['tenant']);
    try {
      return { tenant, userKey: this.tenants.userKeyOf(userId, tenant) };
    } catch (error) {
      throw error instanceof TenantError ? new BadRequestException(`tenant ${error.message}`) : error;
    }
  }
}

/** @throws ServiceUnavailableException where the order could not be given */
async function carriedOut(order: Promise<void>): Promise<void> {
  try {
    await order;
  } catch (error) {
    if (error instanceof RealtimeUnavailableError) throw new ServiceUnavailableException(error.message);
    throw error;
  }
}

function byWhom({ operator }: OperatorRequest): { readonly by?: string } {
  return operator === undefined ? {} : { by: operator.user.userId };
}
