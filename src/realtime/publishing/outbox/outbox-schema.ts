/** `NOTIFY` channel that wakes the relays after a commit. */
export const NOTIFY_CHANNEL = 'realtime_outbox';

/**
 * Statements that create the table of the outbox, for Postgres 14 or later. Add them to your migrations in this order;
 * they can be run again. Rows from other writers (only `channel` and `data` are required, and `tenant` with tenants) are
 * sent like those of `RealtimeOutbox`.
 */
export const OUTBOX_MIGRATION: readonly string[] = [
  `create table if not exists realtime_outbox (
    id bigint generated always as identity primary key,
    key uuid not null default gen_random_uuid(),
    channel text not null,
    data json not null,
    created_at timestamptz not null default now(),
    set_aside_at timestamptz,
    reason text
  )`,
  `alter table realtime_outbox add column if not exists tenant text`,
  `alter table realtime_outbox add column if not exists except_for text`,
  `alter table realtime_outbox add column if not exists cause text`,
  `create index if not exists realtime_outbox_waiting on realtime_outbox (id) where set_aside_at is null`,
  `create or replace function realtime_outbox_notify() returns trigger language plpgsql as
   $$ begin perform pg_notify('${NOTIFY_CHANNEL}', ''); return null; end $$`,
  `create or replace trigger realtime_outbox_notify after insert on realtime_outbox
   for each statement execute function realtime_outbox_notify()`,
];
