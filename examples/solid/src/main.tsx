import { RealtimeProvider } from 'nestjs-realtime-client/solid';
import { render } from 'solid-js/web';
import { App } from './app';
import { client } from './realtime';

const Root = () => (
  <RealtimeProvider client={client}>
    <App />
  </RealtimeProvider>
);

render(Root, document.getElementById('app')!);
