import { channelsOf, contentOf } from './channels-of.js';

it('returns the channels of events, without the one of commands', () => {
  const channels = { apps_created: { address: 'apps:created' }, commands: { address: null } };
  expect(channelsOf(channels)).toEqual([['apps_created', { address: 'apps:created' }]]);
});

it('finds the state of a live resource, the content of a stream, and the data of events', () => {
  const all = {
    board: { payload: { properties: { data: { type: 'object' } } } },
    board_state: { payload: { properties: { data: { $ref: 'Board' } } } },
    rows_stream: { payload: { properties: { items: { type: 'array' } } } },
    log_stream: { payload: { properties: { text: { type: 'string' } } } },
  };
  const channel = (names: Record<string, string>) => ({
    messages: Object.fromEntries(
      Object.entries(names).map(([name, id]) => [name, { $ref: `#/components/messages/${id}` }]),
    ),
  });
  expect(contentOf(channel({ event: 'board', state: 'board_state' }), all)).toEqual({ $ref: 'Board' });
  expect(contentOf(channel({ event: 'board' }), all)).toEqual({ type: 'object' });
  expect(contentOf(channel({ stream: 'rows_stream' }), all)).toEqual({ type: 'array' });
  expect(contentOf(channel({ stream: 'log_stream' }), all)).toEqual({ type: 'string' });
  expect(contentOf(channel({}), all)).toEqual({});
});
