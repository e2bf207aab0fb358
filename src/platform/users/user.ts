/** A user, as the API returns it. */
export interface UserRecord {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: 'admin' | 'user';
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A user in a list. The email address is visible to admins and to the user itself. */
export type ListedUser = Omit<UserRecord, 'email'> & Partial<Pick<UserRecord, 'email'>>;

/** The columns of a {@link UserRecord}. */
export const USER_COLUMNS = 'id, email, name, role, created_at as "createdAt", updated_at as "updatedAt"';
