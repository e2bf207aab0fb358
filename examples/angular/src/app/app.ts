import { Component, inject, signal } from '@angular/core';
import { injectRealtimeClient } from 'nestjs-realtime-client/angular';
import { Live } from './live';
import { Session } from './session';

@Component({
  selector: 'app-root',
  imports: [Live],
  template: `
    @if (session.token() === null) {
      <form (submit)="signIn($event, email.value, password.value)">
        <label>E-mail <input #email type="email" value="user@example.com" /></label>
        <label>Password <input #password type="password" value="demo1234" /></label>
        <button>Sign in</button>
        <p role="alert">{{ problem() }}</p>
      </form>
    } @else {
      <app-live />
    }
  `,
})
export class App {
  protected readonly session = inject(Session);
  private readonly client = injectRealtimeClient();
  protected readonly problem = signal('');

  protected async signIn(event: Event, email: string, password: string): Promise<void> {
    event.preventDefault();
    try {
      await this.session.signIn(email, password);
      this.client.connect(); // a sign-out has ended the connection
      this.problem.set('');
    } catch (error) {
      this.problem.set((error as Error).message);
    }
  }
}
