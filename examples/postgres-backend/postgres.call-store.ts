import { CallStore, type CallKey, type CallRules, type CallState } from 'nestjs-realtime';
import type { Link } from './link.js';

/** A row for each call. Calls of one tenant, or without tenants of one user, begin and end one after the other. */
export class PostgresCallStore extends CallStore {
  constructor(private readonly link: Link) {
    super();
  }

  override async epoch(): Promise<string> {
    return (await this.link.query<{ id: string }>('SELECT id FROM rt_installation'))[0]!.id;
  }

  override async begin({ tenant, owner, id }: CallKey, holder: string, rules: CallRules): Promise<CallState> {
    const [row] = await this.link.query<{ found: readonly [string, (string | null)?] }>(
      'SELECT rt_begin_call($1, $2, $3, $4, $5, $6, $7, $8) AS found',
      [tenant, owner, id, holder, rules.leaseMs, rules.keepMs, rules.perUser.calls, rules.perTenant.calls],
    );
    const [state, outcome = null] = row!.found;
    return state === 'begun' || state === 'running' || state === 'full' ? { state } : { state: 'ended', outcome };
  }

  override async renew({ owner, id }: CallKey, holder: string, { leaseMs }: CallRules): Promise<boolean> {
    const rows = await this.link.query(
      `UPDATE rt_calls SET lease_until = clock_timestamp() + $4 * interval '1 ms'
       WHERE owner = $1 AND id = $2 AND holder = $3 RETURNING id`,
      [owner, id, holder, leaseMs],
    );
    return rows.length === 1;
  }

  override async finish(
    ...[{ tenant, owner, id }, holder, outcome, { perUser, perTenant }]: Parameters<CallStore['finish']>
  ): Promise<boolean> {
    const [row] = await this.link.query<{ finished: boolean }>(
      'SELECT rt_finish_call($1, $2, $3, $4, $5, $6, $7) AS finished',
      [tenant, owner, id, holder, outcome, perUser.bytes, perTenant.bytes],
    );
    return row!.finished;
  }
}
