/** What the API answers, as the page uses it. */

export interface SignedInUser {
  readonly id: string;
  readonly email: string | null;
  readonly name?: string;
  readonly role: string;
}

/** The answer to a sign-in, kept for as long as the tab is open. */
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
}

export interface Deployment {
  readonly id: string;
  readonly appId: string;
  readonly appName: string;
  /** `started`, `building`, `deploying`, then `completed` or `failed` */
  readonly status: string;
  readonly reason: string | null;
  readonly startedBy: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

export interface Person {
  readonly id: string;
  readonly name: string;
  /** For administrators, and of the user that is signed in. */
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
