// The class from the guide of this service: five attempts, a delay of 1 s doubled each time, the counter reset in onopen.
class RealtimeClient {
  ws = null;
  events = [];
  closes = [];
  opened = 0;
  sockets = 0;
  gaveUp = false;
  reconnectAttempts = 0;
  maxReconnectAttempts = 5;
  reconnectDelay = 1000;

  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  connect() {
    this.sockets += 1;
    this.ws = new WebSocket(`${this.url}?token=${this.token}`);
    this.ws.onopen = () => {
      this.opened += 1;
      this.reconnectAttempts = 0;
    };
    this.ws.onmessage = (message) => this.handleMessage(JSON.parse(message.data));
    this.ws.onclose = ({ code }) => {
      this.closes.push(code);
      this.reconnect();
    };
  }

  subscribe(channel) {
    this.ws.send(JSON.stringify({ type: 'subscribe', channel }));
  }

  handleMessage(message) {
    if (message.type === 'event') this.events.push(message.data);
    if (message.type === 'subscribed') this.subscribed = message.channel;
  }

  reconnect() {
    if (this.reconnectAttempts >= this.maxReconnectAttempts) {
      this.gaveUp = true;
      return;
    }
    const delay = this.reconnectDelay * 2 ** this.reconnectAttempts;
    this.reconnectAttempts += 1;
    setTimeout(() => this.connect(), delay);
  }
}

window.GuideClient = RealtimeClient;
