// A handwritten client: one class, a switch, and an increasing delay.
class Realtime {
  user = null;
  channels = [];
  events = [];
  errors = [];
  closes = [];
  delays = [];
  delay = 100;

  constructor(url, token) {
    this.url = url;
    this.token = token;
    this.connect();
  }

  connect() {
    this.socket = new WebSocket(this.url + '?token=' + this.token);
    this.socket.onmessage = ({ data }) => this.handle(JSON.parse(data));
    this.socket.onclose = ({ code }) => {
      this.closes.push(code);
      if (code === 4401) return; // a new token is needed first
      this.delays.push(this.delay);
      setTimeout(() => this.connect(), this.delay);
      this.delay = Math.min(this.delay * 2, 2000);
    };
  }

  handle(message) {
    switch (message.type) {
      case 'connected':
        this.user = message.user;
        this.delay = 100;
        for (const channel of this.channels) this.send({ type: 'subscribe', channel });
        break;
      case 'subscribed':
        this.subscribed = message.channel;
        break;
      case 'event':
        this.events.push(message.data);
        break;
      case 'pong':
        this.pongs = (this.pongs ?? 0) + 1;
        break;
      case 'error':
        this.errors.push(message.message);
        break;
    }
  }

  subscribe(channel) {
    this.channels.push(channel);
    if (this.user) this.send({ type: 'subscribe', channel });
  }

  send(message) {
    this.socket.send(JSON.stringify(message));
  }
}

window.Realtime = Realtime;
