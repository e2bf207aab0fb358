import { useChannel, useConnectionState, useEvents } from 'nestjs-realtime-client/solid';
import { createSignal, For } from 'solid-js';

export function App() {
  const [isLive, setLive] = createSignal(true);
  const [deleted, setDeleted] = createSignal(0);
  const connection = useConnectionState();
  const apps = useEvents('apps:created', () => ({ last: 20, enabled: isLive() }));
  useChannel('apps:deleted', () => void setDeleted((count) => count + 1), { onReset: () => void setDeleted(0) });
  return (
    <>
      <h1>{connection().state}</h1>
      <label>
        <input type="checkbox" checked={isLive()} onInput={(event) => setLive(event.currentTarget.checked)} /> Live
      </label>
      <ol>
        <For each={apps()}>{({ data }) => <li>{data.name}</li>}</For>
      </ol>
      <p>{deleted()} deleted</p>
    </>
  );
}
