/** A user as the API tells of one. */
export interface UserRecord {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: 'admin' | 'user';
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** The columns of a {@link UserRecord}. */
export const USER_COLUMNS = 'id, email, name, role, created_at as "createdAt", updated_at as "updatedAt"';
