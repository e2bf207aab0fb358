// react-use-websocket as its users have it: options, lastJsonMessage, sendJsonMessage.
import { StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import library from 'react-use-websocket';

// It is CommonJS: what is its default export to TypeScript is this to an ES module.
const { default: useWebSocket, ReadyState } = library;

function Apps({ url }) {
  const [names, setNames] = useState([]);
  const { sendJsonMessage, lastJsonMessage, readyState } = useWebSocket(url, {
    shouldReconnect: () => true,
    reconnectInterval: 50,
    heartbeat: { message: '{"type":"ping"}', interval: 25_000 },
  });
  useEffect(() => {
    if (readyState === ReadyState.OPEN) sendJsonMessage({ type: 'subscribe', channel: 'apps:created' });
  }, [readyState, sendJsonMessage]);
  useEffect(() => {
    if (lastJsonMessage?.type === 'event') setNames((before) => [...before, lastJsonMessage.data.name]);
  }, [lastJsonMessage]);
  return (
    <ol title={lastJsonMessage?.type}>
      {names.map((name, index) => (
        <li key={index}>{name}</li>
      ))}
    </ol>
  );
}

window.showApps = (url) =>
  createRoot(document.body.appendChild(document.createElement('main'))).render(
    <StrictMode>
      <Apps url={url} />
    </StrictMode>,
  );
