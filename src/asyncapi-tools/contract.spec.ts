import { readContract } from './contract.js';

const channel = {
  address: 'games:{gameId}:score',
  messages: { event: { $ref: '#/components/messages/score' } },
  'x-realtime': { access: 'public', history: { size: 1, ttlMs: 1 }, presence: false },
};
const message = { payload: { properties: { data: { $ref: '#/components/schemas/Score' } } } };
const document = {
  asyncapi: '3.0.0',
  info: { title: 'Games', version: '1.0.0' },
  channels: { score: channel },
  components: { messages: { score: message }, schemas: { Score: { type: 'object' } } },
};
const read = (changed: object) => readContract(JSON.stringify({ ...document, ...changed }));

describe('reading a document', () => {
  it('returns its channels and schemas', () => {
    expect(read({})).toEqual({
      title: 'Games',
      version: '1.0.0',
      channels: [
        {
          address: 'games:{gameId}:score',
          description: '',
          access: 'public',
          history: true,
          presence: false,
          presenceState: false,
          data: { kind: 'ref', name: 'Score' },
          state: null,
          stream: null,
        },
      ],
      commands: [],
      schemas: new Map([['Score', { kind: 'object', fields: new Map(), others: null }]]),
    });
  });

  it('returns the state of a live resource, and the items of a stream', () => {
    const about = { access: 'public', history: null, presence: false };
    const payload = (properties: object) => ({ payload: { properties } });
    const text = { type: 'string' };
    const { channels } = read({
      channels: {
        board: {
          ...{ address: 'board', 'x-realtime': { ...about, state: true } },
          messages: { event: payload({ data: { type: 'object' } }), state: payload({ data: text }) },
        },
        rows: {
          ...{ address: 'rows', 'x-realtime': { ...about, stream: { lines: true, cancel: 'admin' } } },
          messages: { stream: payload({ items: { type: 'array', items: text }, result: text }) },
        },
        log: {
          ...{ address: 'log', 'x-realtime': { ...about, stream: { lines: false, cancel: null } } },
          messages: { stream: payload({ text }) },
        },
      },
    });
    const string = { kind: 'simple', type: 'string', format: null };
    const any = { kind: 'any' };
    expect(channels).toMatchObject([
      { data: { kind: 'object' }, state: string, stream: null },
      { data: null, state: null, stream: { lines: true, item: string, result: string, cancel: 'admin' } },
      { data: null, state: null, stream: { lines: false, item: any, result: any, cancel: null } },
    ]);
  });

  it.each([
    ['{', /it is not JSON: /],
    ['[]', 'the document must be an object'],
    ['{}', 'it is not an AsyncAPI 3 document: it has no field `asyncapi`'],
    ['{"asyncapi":"2.6.0"}', 'it is not an AsyncAPI 3 document: `asyncapi` is "2.6.0"'],
    ['{"asyncapi":"3.0.0","channels":[]}', 'channels must be an object'],
  ])('rejects %s', (text, problem) => {
    expect(() => readContract(text)).toThrow(problem);
  });

  it.each([
    [{ channels: { score: { ...channel, address: null } } }, 'channels.score has no address; this command reads'],
    [{ channels: { score: { ...channel, 'x-realtime': undefined } } }, 'channels.score has no x-realtime'],
    [{ channels: { score: { ...channel, messages: {} } } }, 'channels.score has no message `event`'],
    [
      { channels: { score: { ...channel, 'x-realtime': { access: { moon: 'full' } } } } },
      'channels.score.x-realtime.access is not an access rule of nestjs-realtime: {"moon":"full"}',
    ],
    [
      { channels: { score: { ...channel, 'x-realtime': { ...channel['x-realtime'], state: true } } } },
      'channels.score has no message `state`',
    ],
    [
      { channels: { score: { ...channel, 'x-realtime': { ...channel['x-realtime'], stream: {} } } } },
      'channels.score has no message `stream`',
    ],
    [{ components: { schemas: {} } }, 'refers to "#/components/messages/score", which does not exist'],
    [
      { components: { messages: { score: message } } },
      '#/components/schemas/Score does not exist, but a $ref names it',
    ],
  ])('explains why a document of another tool is rejected: %j', (changed, problem) => {
    expect(() => read(changed)).toThrow(problem);
  });
});
