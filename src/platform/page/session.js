import { Api } from './api.js';
import { AppsPanel } from './apps-panel.js';
import { Channels } from './channels.js';
import { DatabasePanel } from './database-panel.js';
import { byId } from './dom.js';
import { Feed } from './feed.js';
import { RealtimeClient } from './realtime-client.js';
import { StoragePanel } from './storage-panel.js';

/** What one who signed in sees: it ends when they sign out, or when the token does. */
export class Session {
  /**
   * @param signedIn `{ token, user }`
   * @param end is called once, with a sentence where it was not wanted
   */
  constructor({ token, user }, end) {
    this.end = end;
    this.api = new Api(token);
    const act = (work) => this.#act(work);
    this.panels = {
      apps: new AppsPanel(this.api, act),
      database: new DatabasePanel(this.api, act),
      storage: new StoragePanel(this.api, act),
    };
    byId('announcement-form').onsubmit = act(async (form) => {
      await this.api.post('/announcements', { message: form.elements.message.value.trim() });
      form.reset();
    });
    byId('admin').hidden = user.role !== 'admin';
    byId('who').textContent = `${user.email ?? user.id} (${user.role})`;
    this.feed = new Feed();
    this.feed.clear();
    const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`;
    this.client = new RealtimeClient(url, token, this.#listeners());
    this.channels = new Channels(this.client);
    for (const panel of Object.keys(this.panels)) this.#load(panel);
  }

  close() {
    this.client.close();
  }

  #listeners() {
    return {
      state: showState,
      channels: (names) => {
        const first = this.channels.show(names);
        if (first.length > 0) this.client.subscribe(first);
      },
      subscriptions: (names) => this.channels.mark(names),
      event: (frame) => {
        this.feed.add(frame);
        this.#load(frame.channel.split(':', 1)[0]);
      },
      gap: (channel, reason) => {
        this.feed.gap(channel, reason);
        this.#load(channel.split(':', 1)[0]);
      },
      problem: (text) => notice(text),
      signedOut: (text) => this.end(text),
    };
  }

  /** Loads a list again; while it is being loaded, once more after it. */
  #load(name) {
    const panel = this.panels[name];
    if (panel === undefined) return;
    if (panel.loading) {
      panel.again = true;
      return;
    }
    panel.loading = true;
    panel.again = false;
    panel
      .load()
      .catch((error) => this.#failed(error))
      .finally(() => {
        panel.loading = false;
        if (panel.again) this.#load(name);
      });
  }

  /** Wraps what a form or a button asks for: no second click while it goes on, and a sentence when it fails. */
  #act(work) {
    return async (event) => {
      event.preventDefault();
      const { currentTarget } = event;
      const buttons = currentTarget.querySelectorAll?.('button[type=submit]') ?? [];
      for (const button of buttons) button.disabled = true;
      try {
        await work(currentTarget);
        notice(null);
      } catch (error) {
        this.#failed(error);
      } finally {
        for (const button of buttons) button.disabled = false;
      }
      // What was changed is shown even where its channel is not subscribed to.
      for (const panel of Object.keys(this.panels)) this.#load(panel);
    };
  }

  #failed(error) {
    if (error.status === 401) this.end('Your sign-in has ended. Sign in again.');
    else notice(error.message);
  }
}

function showState(state, text) {
  const shown = byId('connection');
  shown.dataset.state = state;
  if (shown.textContent !== text) shown.textContent = text;
}

/** Shows a sentence on top; `null` takes it away. */
export function notice(text) {
  byId('notice').hidden = text === null;
  byId('notice').textContent = text ?? '';
}
