/** The longest wait before the next attempt to connect, in milliseconds. */
const MAX_DELAY_MS = 30_000;
/** How often the line is tried, and how long its answer may take, in milliseconds. */
const PING_EVERY_MS = 20_000;
const PONG_WITHIN_MS = 10_000;

/**
 * A connection that stays: it comes back after every loss, with a delay that grows and is never the same for two, and goes
 * on in each channel after the last event that it saw. It stays away where the server says so: 4401 wants a new token first,
 * every other 44xx, and 1009, wants nothing more of this client.
 *
 * `on` holds what to call: `state(state, text)`, `channels(names)`, `subscriptions(names)`, `event(frame)`, `gap(channel,
 * reason)`, `problem(text)`, `signedOut(text)`.
 */
export class RealtimeClient {
  // channel → the id of the last event that was seen of it, or undefined
  #seen = new Map();
  #attempts = 0;
  #comeBackAfterMs = null;
  #refusal = null;
  #timers = new Set();

  constructor(url, token, on) {
    this.url = url;
    this.token = token;
    this.on = on;
    this.connect();
  }

  connect() {
    this.#stopTimers();
    this.on.state('waiting', 'Connecting…');
    const ws = new WebSocket(this.url + '?token=' + encodeURIComponent(this.token));
    this.ws = ws;
    ws.onmessage = (message) => this.#receive(JSON.parse(message.data));
    ws.onclose = ({ code, reason }) => ws === this.ws && this.#closed(code, reason);
  }

  /** Goes on without being asked again. */
  subscribe(channels) {
    for (const channel of channels) if (!this.#seen.has(channel)) this.#seen.set(channel, undefined);
    this.#send({ type: 'subscribe', channels });
  }

  unsubscribe(channels) {
    for (const channel of channels) this.#seen.delete(channel);
    this.#send({ type: 'unsubscribe', channels });
  }

  /** For good. */
  close() {
    const { ws } = this;
    this.ws = null;
    this.#stopTimers();
    ws?.close();
  }

  #send(frame) {
    // What is not sent now is asked for again once it is connected.
    if (this.ws?.readyState === WebSocket.OPEN) this.ws.send(JSON.stringify(frame));
  }

  #receive(frame) {
    this.#watchLine();
    switch (frame.type) {
      case 'connected':
        this.#attempts = 0;
        this.#comeBackAfterMs = null;
        this.on.state('open', 'Connected');
        this.#resume();
        this.on.channels(frame.authorizedChannels);
        break;
      case 'subscribed':
        this.#seen.set(frame.channel, frame.lastEventId);
        if (frame.recovered === false && frame.reason !== 'already_subscribed')
          this.on.gap(frame.channel, frame.reason);
        this.on.subscriptions([...this.#seen.keys()]);
        break;
      case 'unsubscribed':
        this.#seen.delete(frame.channel);
        this.on.subscriptions([...this.#seen.keys()]);
        break;
      case 'event':
        if (frame.id !== undefined && this.#seen.has(frame.channel)) this.#seen.set(frame.channel, frame.id);
        this.on.event(frame);
        break;
      case 'resync':
        this.#seen.set(frame.channel, frame.lastEventId);
        this.on.gap(frame.channel, frame.reason);
        break;
      case 'reconnect':
        this.#comeBackAfterMs = frame.afterMs;
        break;
      case 'error':
        this.#refusal = frame.message;
        if (frame.channel !== undefined) this.#seen.delete(frame.channel);
        this.on.subscriptions([...this.#seen.keys()]);
        this.on.problem(frame.channel === undefined ? frame.message : `${frame.channel}: ${frame.message}`);
        break;
      default: // `pong`, and what later versions may send
    }
  }

  #resume() {
    const channels = [...this.#seen].map(([channel, lastEventId]) =>
      lastEventId === undefined ? channel : { channel, lastEventId },
    );
    if (channels.length > 0) this.#send({ type: 'subscribe', channels });
  }

  #closed(code, reason) {
    this.#stopTimers();
    if (code === 4401) {
      this.on.signedOut(this.#refusal ?? reason);
    } else if (code === 1009 || (code >= 4400 && code < 4500)) {
      this.on.state('stopped', `The server ended the connection: ${reason || code}`);
    } else {
      const wait = this.#comeBackAfterMs ?? Math.min(MAX_DELAY_MS, 500 * 2 ** this.#attempts);
      this.#attempts += 1;
      this.#comeBackAfterMs = null;
      // Between half of it and all of it, so that not everyone comes back at the same moment.
      const delay = wait * (0.5 + Math.random() / 2);
      this.on.state('waiting', `Connection lost, next attempt in ${Math.max(1, Math.round(delay / 1000))} s`);
      this.#after(delay, () => this.connect());
    }
  }

  /** A line can break without a word: whoever hears nothing for a while asks, and gives up on one that does not answer. */
  #watchLine() {
    this.#stopTimers();
    this.#after(PING_EVERY_MS, () => {
      this.#send({ type: 'ping' });
      const { ws } = this;
      this.#after(PONG_WITHIN_MS, () => {
        this.ws = null; // its close would come much later
        ws?.close();
        this.#closed(1006, '');
      });
    });
  }

  #after(milliseconds, callback) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      callback();
    }, milliseconds);
    this.#timers.add(timer);
  }

  #stopTimers() {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
