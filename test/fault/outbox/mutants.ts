import type { Patch } from '../build.js';

const RELAY = 'realtime/publishing/outbox/outbox-relay.service.js';

/** Deliberate bugs in the product that the comparison must find. */
export const OUTBOX_MUTANTS: Readonly<Record<string, Patch>> = {
  'no-key': { file: RELAY, find: 'idempotencyKey: key,', replace: 'idempotencyKey: key + Math.random(),' },
  'no-channel-lock': {
    file: 'realtime/publishing/outbox/outbox-table.js',
    find: 'pg_try_advisory_xact_lock(${LOCK}, hashtext(channel)) as ours',
    replace: 'true as ours',
  },
  'removed-before-it-is-sent': {
    file: RELAY,
    find: 'const outcomes = await sendInOrder(',
    replace: `await table.statements.query('commit');
      await this.options.database.query('delete from realtime_outbox where id in (select json_array_elements_text($1::text::json)::bigint)', [JSON.stringify(rows.map(({ id }) => id))]);
      await table.statements.query('begin');
      const outcomes = await sendInOrder(`,
  },
  'not-in-the-transaction': {
    file: 'realtime/publishing/outbox/realtime-outbox.service.js',
    find: 'await statements.query(sql,',
    replace: 'await this.table.statements.query(sql,',
  },
};

/** Mutants for the run with a frozen relay. */
export const FROZEN_MUTANTS: Readonly<Record<string, Patch>> = {
  'limit-before-locks': {
    file: 'realtime/publishing/outbox/outbox-table.js',
    find: 'without.push(...candidates.map(({ channel }) => channel));',
    replace: 'return [];',
  },
};
