import { Component, computed, inject, signal } from '@angular/core';
import {
  channel$,
  injectConnectionState,
  injectIdentity,
  injectPresence,
  injectRealtimeClient,
} from 'nestjs-realtime-client/angular';
import { toSignal } from '@angular/core/rxjs-interop';
import { scan } from 'rxjs';
import { Feed, type FeedChannel } from './feed';
import { Session } from './session';

@Component({
  selector: 'app-live',
  imports: [Feed],
  template: `
    <header>
      <h1 [title]="connection().reason">{{ connection().state }}</h1>
      <p>{{ user() }}, {{ here()?.count ?? 0 }} here, {{ created() }} created</p>
      <button (click)="signOut()">Sign out</button>
    </header>
    <form (submit)="create($event, name)">
      <label>Application <input #name required /></label>
      <button>Create</button>
    </form>
    <select (change)="select($event)">
      @for (name of channels; track name) {
        <option>{{ name }}</option>
      }
    </select>
    <app-feed [channel]="channel()" />
  `,
})
export class Live {
  private readonly client = injectRealtimeClient();
  private readonly session = inject(Session);
  private readonly identity = injectIdentity();
  protected readonly connection = injectConnectionState();
  protected readonly user = computed(() => this.identity()?.user?.userId ?? 'unknown');
  protected readonly here = injectPresence('users:online');
  protected readonly created = toSignal(channel$('apps:created').pipe(scan((count) => count + 1, 0)), {
    initialValue: 0,
  });
  protected readonly channels: readonly FeedChannel[] = ['apps:created', 'apps:updated', 'apps:deleted'];
  protected readonly channel = signal(this.channels[0]);

  protected select(event: Event): void {
    this.channel.set((event.target as HTMLSelectElement).value as FeedChannel);
  }

  protected async create(event: Event, name: HTMLInputElement): Promise<void> {
    event.preventDefault();
    await this.session.post('/api/apps', { name: name.value });
    name.value = '';
  }

  protected signOut(): void {
    this.session.signOut();
    void this.client.reauthenticate(); // `getToken` throws `signed_out`, which ends the connection
  }
}
