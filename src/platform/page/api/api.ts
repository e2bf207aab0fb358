import { createContext, useContext } from 'react';

/** An error response of the API. The message is a full sentence. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Client of the platform's API, with the token of the signed-in user. */
export class Api {
  constructor(readonly token: string | null = null) {}

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

  /**
   * @returns the response, with any content type
   * @throws ApiError if the status is not 2xx
   */
  async fetch(method: string, path: string, body?: object): Promise<Response> {
    const headers = {
      ...(this.token !== null && { Authorization: `Bearer ${this.token}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    };
    let response: Response;
    try {
      response = await fetch(`/api${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    } catch {
      throw new ApiError(0, 'Cannot reach the server. Try again in a moment.');
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

/** Returns the API client of the signed-in user. */
export function useApi(): Api {
  return useContext(ApiContext);
}
