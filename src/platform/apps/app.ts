/** A customer's application. */
export interface App {
  readonly id: string;
  readonly name: string;
  readonly status: 'created' | 'deploying' | 'running' | 'failed';
  readonly ownerId: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** The columns of an {@link App}. */
export const APP_COLUMNS =
  'id, name, status, owner_id as "ownerId", created_at as "createdAt", updated_at as "updatedAt"';
