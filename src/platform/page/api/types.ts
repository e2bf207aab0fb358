/** Responses of the API, with the fields that the page uses. */

export interface SignedInUser {
  readonly id: string;
  readonly email: string | null;
  readonly name?: string;
  readonly role: string;
}

/** Response to a sign-in. It is kept until the tab closes. */
export interface SignedIn {
  readonly token: string;
  readonly user: SignedInUser;
}

export interface DemoUser {
  readonly email: string;
  readonly password: string;
  readonly role: string;
}

export interface App {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly ownerId: string;
  readonly createdAt: string;
}

export interface Deployment {
  readonly id: string;
  /** `started`, `building`, `deploying`, then `completed` or `failed` */
  readonly status: string;
  readonly reason: string | null;
  readonly startedBy: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

/** An application in the list, with its last deployment. */
export interface ListedApp extends App {
  readonly deployment: Deployment | null;
}

export interface Person {
  readonly id: string;
  readonly name: string;
  /** Set for admins, and for the signed-in user itself. */
  readonly email?: string;
}

export interface Table {
  readonly name: string;
}

export interface Row {
  readonly id: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface StoredFile {
  readonly id: string;
  readonly name: string;
  /** In bytes. */
  readonly size: number;
}
