// A hook as the guide shows it, and a page that passes an inline array to it, as the guide's example does; beside it the
// same page with an array that stays the same.
import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';

globalThis.sockets = 0;

function useWebSocket(url, token, channels) {
  const [connected, setConnected] = useState(false);
  const [events, setEvents] = useState([]);

  useEffect(() => {
    globalThis.sockets += 1;
    const ws = new WebSocket(`${url}?token=${token}`);
    ws.onopen = () => {
      setConnected(true);
      for (const channel of channels) ws.send(JSON.stringify({ type: 'subscribe', channel }));
    };
    ws.onmessage = (message) => {
      const frame = JSON.parse(message.data);
      if (frame.type === 'subscribed') document.body.dataset.subscribed = frame.channel;
      if (frame.type === 'event') setEvents((previous) => [...previous, frame]);
    };
    ws.onclose = () => {
      document.body.dataset.closed = 'true';
      setConnected(false);
    };
    return () => ws.close();
  }, [url, token, channels]);

  return { connected, events };
}

const CHANNELS = ['apps:created'];

function Apps({ url, token, inline }) {
  const { events } = useWebSocket(url, token, inline ? ['apps:created'] : CHANNELS);
  return (
    <ul>
      {events.map(({ id, data }) => (
        <li key={id}>{data.name}</li>
      ))}
    </ul>
  );
}

const root = createRoot(document.body.appendChild(document.createElement('div')));
globalThis.showGuide = (props) => root.render(<Apps {...props} />);
