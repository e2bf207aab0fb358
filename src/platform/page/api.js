/** The API refused; the message is a sentence. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The platform's API, with the token of whoever signed in. */
export class Api {
  constructor(token = null) {
    this.token = token;
  }

  get(path) {
    return this.request('GET', path);
  }

  post(path, body = {}) {
    return this.request('POST', path, body);
  }

  async request(method, path, body) {
    const response = await this.fetch(method, path, body);
    return response.status === 204 ? null : response.json();
  }

  /** @returns the answer, whatever it holds; one that is no success is thrown */
  async fetch(method, path, body) {
    const headers = {};
    if (this.token !== null) headers.Authorization = `Bearer ${this.token}`;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    let response;
    try {
      response = await fetch(`/api${path}`, { method, headers, body: body && JSON.stringify(body) });
    } catch {
      throw new ApiError(0, 'The server cannot be reached. Try again in a moment.');
    }
    if (response.ok) return response;
    const { message } = await response.json().catch(() => ({ message: response.statusText }));
    throw new ApiError(response.status, [message].flat().join('; '));
  }
}
