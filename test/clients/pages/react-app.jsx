// A hook as users write it by hand: it subscribes in onopen, and closes when it is unmounted.
import { StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';

function useChannel(url, token, channel) {
  const [user, setUser] = useState(null);
  const [events, setEvents] = useState([]);

  useEffect(() => {
    const socket = new WebSocket(`${url}?token=${token}`);
    socket.onopen = () => socket.send(JSON.stringify({ type: 'subscribe', channel }));
    socket.onmessage = (message) => {
      const frame = JSON.parse(message.data);
      if (frame.type === 'connected') setUser(frame.user);
      if (frame.type === 'subscribed') document.body.dataset.subscribed = frame.channel;
      if (frame.type === 'event') setEvents((previous) => [...previous, frame.data]);
    };
    return () => {
      socket.close();
      setEvents([]);
    };
  }, [url, token, channel]);

  return { user, events };
}

function Apps({ url, token, channel }) {
  const { user, events } = useChannel(url, token, channel);
  return (
    <main>
      <h1>{user ? user.userId : 'connecting'}</h1>
      <ul>
        {events.map((event) => (
          <li key={event.id}>{event.name}</li>
        ))}
      </ul>
    </main>
  );
}

const root = createRoot(document.body.appendChild(document.createElement('div')));

window.show = (props) =>
  root.render(
    <StrictMode>
      <Apps {...props} />
    </StrictMode>,
  );
window.leave = () => root.unmount();
