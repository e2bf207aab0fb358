import type { PlatformProcess } from '../../support/platform-process.js';

/** A response of the API. */
export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly body: T;
}

/** The demo users of a platform in development. */
export const ADMIN = 'admin@example.com';
export const USER = 'user@example.com';
export const OTHER = 'other@example.com';
export const DEMO_PASSWORD = 'demo1234';

/** Client of the platform's API for one user. */
export class Api {
  constructor(
    private readonly base: string,
    readonly token: string | null = null,
  ) {}

  /** Signs in. Throws if the sign-in is refused. */
  static async signIn(platform: Pick<PlatformProcess, 'url'>, email: string, password = DEMO_PASSWORD): Promise<Api> {
    const { status, body } = await new Api(platform.url).post<{ token: string }>('/api/auth/login', {
      email,
      password,
    });
    if (status !== 200) throw new Error(`Signing in as ${email} was answered by ${status} ${JSON.stringify(body)}`);
    return new Api(platform.url, body.token);
  }

  get<T = Record<string, unknown>>(path: string): Promise<Answer<T>> {
    return this.request('GET', path);
  }

  post<T = Record<string, unknown>>(path: string, body?: unknown): Promise<Answer<T>> {
    return this.request('POST', path, body);
  }

  patch<T = Record<string, unknown>>(path: string, body: unknown): Promise<Answer<T>> {
    return this.request('PATCH', path, body);
  }

  put<T = Record<string, unknown>>(path: string, body: unknown): Promise<Answer<T>> {
    return this.request('PUT', path, body);
  }

  delete(path: string): Promise<Answer> {
    return this.request('DELETE', path);
  }

  /** @param body a string is sent as is, everything else as JSON */
  private async request<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    const response = await fetch(this.base + path, {
      method,
      headers: {
        ...(this.token === null ? {} : { Authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    return { status: response.status, body: (isJson ? JSON.parse(text) : text) as T };
  }
}
