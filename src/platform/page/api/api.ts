import { createContext, useContext } from 'react';

/** The API refused; the message is a sentence. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The platform's API, with the token of whoever signed in. */
export class Api {
  constructor(private readonly token: string | null = null) {}

  get<T>(path: string): Promise<T> {
    return this.request('GET', path);
  }

  post<T>(path: string, body: object = {}): Promise<T> {
    return this.request('POST', path, body);
  }

  async request<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await this.fetch(method, path, body);
    return (response.status === 204 ? null : await response.json()) as T;
  }

  /** @returns the answer, whatever it holds; one that is no success is thrown */
  async fetch(method: string, path: string, body?: object): Promise<Response> {
    const headers = {
      ...(this.token !== null && { Authorization: `Bearer ${this.token}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    };
    let response: Response;
    try {
      response = await fetch(`/api${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    } catch {
      throw new ApiError(0, 'The server cannot be reached. Try again in a moment.');
    }
    if (response.ok) return response;
    throw new ApiError(response.status, await refusal(response));
  }
}

async function refusal(response: Response): Promise<string> {
  try {
    const { message } = (await response.json()) as { message: string | string[] };
    return [message].flat().join('; ');
  } catch {
    return response.statusText;
  }
}

export const ApiContext = createContext(new Api());

/** The API, as whoever signed in has it. */
export function useApi(): Api {
  return useContext(ApiContext);
}
