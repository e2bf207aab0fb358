import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { createRealtimeClient } from '../client/index.js';
import { RealtimeProvider, useConnectionState, useStream } from './index.js';
import { Greeting } from '../../test/react/pages/greeting.js';

it('renders as not connected on a server, and does not connect', () => {
  const client = createRealtimeClient({ url: 'ws://127.0.0.1:1/ws' });
  const html = renderToString(createElement(RealtimeProvider, { client }, createElement(Greeting)));
  expect(html).toContain('idle, unsubscribed, 0 events, nobody, stranger');
  expect([client.state, client.channel('announcements').users]).toEqual(['idle', 0]);
});

it('renders a stream as loading on a server, and does not read it', () => {
  const client = createRealtimeClient({ url: 'ws://127.0.0.1:1/ws' });
  const Log = () => createElement('pre', null, useStream('deployments:7:log').state);
  const html = renderToString(createElement(RealtimeProvider, { client }, createElement(Log)));
  expect(html).toBe('<pre>loading</pre>');
  expect([client.state, client.channel<string>('deployments:7:log').users]).toEqual(['idle', 0]);
});

it('reports a missing provider', () => {
  const Alone = () => createElement('p', null, useConnectionState().state);
  expect(() => renderToString(createElement(Alone))).toThrow('wrap this component in <RealtimeProvider client={…}>');
});
