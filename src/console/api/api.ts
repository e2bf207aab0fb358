import { createContext, useContext } from 'react';

/** An error response of the API. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

interface Refusal {
  readonly message?: string;
  readonly details?: readonly { readonly field: string; readonly message: string }[];
}

/** Client of the operator API, with an admin's token. */
export class Api {
  /** @param onRefused called if the API rejects the token, also when it expires later */
  constructor(
    readonly token: string,
    private readonly onRefused: (why: string) => void = () => undefined,
  ) {}

  get<T>(path: string, query: Readonly<Record<string, string>> = {}, signal?: AbortSignal): Promise<T> {
    const given = Object.entries(query).filter(([, value]) => value !== '');
    const text = given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
    return this.request<T>('GET', path + text, undefined, signal);
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.request<T>('POST', path, body);
  }

  async delete(path: string): Promise<void> {
    await this.request('DELETE', path);
  }

  /** @throws ApiError with a message for the user */
  private async request<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    // The page is /realtime/console: a relative path finds the API behind any prefix.
    const response = await fetch(path, {
      method,
      headers: {
        Authorization: `Bearer ${this.token}`,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    });
    const answer: unknown = await response.json().catch(() => null);
    if (response.ok) return answer as T;
    const { message = `The server responded with status ${response.status}`, details = [] } = (answer ?? {}) as Refusal;
    const text = [message, ...details.map((one) => `${one.field} ${one.message}`)].join(': ');
    if (response.status === 401 || response.status === 403) this.onRefused(text);
    throw new ApiError(response.status, text);
  }
}

/** Formats an error for the user. */
export function describeError(error: unknown): string {
  return error instanceof ApiError ? error.message : 'Cannot reach the server';
}

export const ApiContext = createContext<Api | null>(null);

export function useApi(): Api {
  const api = useContext(ApiContext);
  if (api === null) throw new Error('ApiContext is missing: wrap this component in <ApiContext value={api}>');
  return api;
}
