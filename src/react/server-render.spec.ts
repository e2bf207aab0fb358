import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { createRealtimeClient } from '../client/index.js';
import { RealtimeProvider, useConnectionState } from './index.js';
import { Greeting } from '../../test/react/pages/greeting.js';

it('renders as not connected on a server, and does not connect', () => {
  const client = createRealtimeClient({ url: 'ws://127.0.0.1:1/ws' });
  const html = renderToString(createElement(RealtimeProvider, { client }, createElement(Greeting)));
  expect(html).toContain('idle, unsubscribed, 0 events, nobody, stranger, loading, loading, idle');
  const used = ['announcements', 'boards:one', 'logs:one'].map((name) => client.channel<string>(name).users);
  expect([client.state, ...used]).toEqual(['idle', 0, 0, 0]);
});

it('reports a missing provider', () => {
  const Alone = () => createElement('p', null, useConnectionState().state);
  expect(() => renderToString(createElement(Alone))).toThrow('wrap this component in <RealtimeProvider client={…}>');
});
