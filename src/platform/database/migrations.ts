import { OUTBOX_MIGRATION } from '../../realtime/index.js';
import type { Database } from './database.js';

/** Each entry migrates the data by one version. Never change a released entry. */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `create table users (
      id text primary key,
      email text not null,
      name text not null,
      role text not null check (role in ('admin', 'user')),
      password_hash text not null,
      demo boolean not null default false,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`,
    `create unique index users_email on users (lower(email))`,
    `create table apps (
      id text primary key,
      name text not null,
      status text not null check (status in ('created', 'deploying', 'running', 'failed')),
      owner_id text not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`,
    `create unique index apps_name on apps (lower(name))`,
    `create table deployments (
      id text primary key,
      app_id text not null references apps (id) on delete cascade,
      status text not null check (status in ('started', 'building', 'deploying', 'completed', 'failed')),
      reason text,
      started_by text not null,
      started_at timestamptz not null default now(),
      touched_at timestamptz not null default now(),
      ended_at timestamptz
    )`,
    `create index deployments_app on deployments (app_id)`,
    `create unique index deployments_running on deployments (app_id) where ended_at is null`,
    // Customer tables are stored as rows, so that customer names never become part of an SQL statement.
    `create table customer_tables (
      name text primary key,
      description text not null default '',
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`,
    `create table customer_rows (
      id text primary key,
      table_name text not null references customer_tables (name) on delete cascade,
      row_values jsonb not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`,
    `create index customer_rows_table on customer_rows (table_name, created_at, id)`,
    `create table files (
      id text primary key,
      name text not null,
      content_type text not null,
      size integer not null,
      content bytea not null,
      uploaded_by text not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`,
  ],
  OUTBOX_MIGRATION,
  [
    `create table ended_sessions (
      kind text not null check (kind in ('user', 'session')),
      subject text not null,
      before timestamptz not null,
      until timestamptz not null,
      primary key (kind, subject)
    )`,
  ],
  // Existing tables get no owner: only admins can change them.
  [`alter table customer_tables add column owner_id text not null default ''`],
];

/** An arbitrary constant lock id: instances that start together migrate one after the other. */
const LOCK = 727_100;

/** Migrates the data to the newest version, in one transaction. */
export async function migrate(database: Database): Promise<void> {
  await database.transaction(async (statements) => {
    await statements.query('select pg_advisory_xact_lock($1)', [LOCK]);
    await statements.query('create table if not exists schema_version (version integer not null)');
    const [row] = await statements.query<{ version: number }>('select version from schema_version');
    if (row === undefined) await statements.query('insert into schema_version values (0)');
    for (const migration of MIGRATIONS.slice(row?.version ?? 0)) {
      for (const statement of migration) await statements.query(statement);
    }
    await statements.query('update schema_version set version = $1', [MIGRATIONS.length]);
  });
}
