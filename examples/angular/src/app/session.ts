import { Injectable, signal } from '@angular/core';
import { RealtimeError } from 'nestjs-realtime-client';

/** The session of the user at the API, which the connection uses too. */
@Injectable({ providedIn: 'root' })
export class Session {
  readonly token = signal<string | null>(null);

  async signIn(email: string, password: string): Promise<void> {
    const { token } = await this.post<{ readonly token: string }>('/api/auth/login', { email, password });
    this.token.set(token);
  }

  signOut(): void {
    this.token.set(null);
  }

  /** Gets the token for the client. */
  readonly getToken = (): string => {
    const token = this.token();
    if (token === null) throw new RealtimeError('signed_out', 'Signed out');
    return token;
  };

  async post<T>(path: string, body: object): Promise<T> {
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${this.token() ?? ''}` };
    const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return (await response.json()) as T;
  }
}
