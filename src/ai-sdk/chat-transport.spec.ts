import { AbstractChat, type ChatState, type UIMessage, type UIMessageChunk } from 'ai';
import { createRealtimeClient, type RealtimeClient } from '../client/index.js';
import { openStream } from '../client/streams/index.js';
import { FakeRealtimeServer, type FakeStreamWriter } from '../testing/index.js';
import { realtimeChatTransport } from './index.js';

const CHANNEL = 'chats:one:answer';

/** A chat as `useChat` has it, without a framework. */
class TestChat extends AbstractChat<UIMessage> {
  readonly errors: Error[] = [];

  constructor(client: RealtimeClient, send: () => Promise<unknown>, messages: UIMessage[] = []) {
    const state: ChatState<UIMessage> = {
      status: 'ready',
      error: undefined,
      messages,
      pushMessage: (message) => void (state.messages = [...state.messages, message]),
      popMessage: () => void (state.messages = state.messages.slice(0, -1)),
      replaceMessage: (index, message) => void (state.messages = state.messages.with(index, message)),
      snapshot: (thing) => structuredClone(thing),
    };
    const channel = (chatId: string) => `chats:${chatId}:answer`;
    const transport = realtimeChatTransport(client, { channel, send });
    super({ id: 'one', state, transport, onError: (error) => void this.errors.push(error) });
  }

  get text(): string {
    return this.messages
      .filter(({ role }) => role === 'assistant')
      .flatMap(({ parts }) => parts.map((part) => (part.type === 'text' ? part.text : '')))
      .join('');
  }
}

describe('the transport for the AI SDK', () => {
  let server: FakeRealtimeServer;
  let writer: FakeStreamWriter;
  let refusal: 'forbidden' | null;
  const clients: RealtimeClient[] = [];

  beforeEach(() => {
    refusal = null;
    server = new FakeRealtimeServer({ streams: ['chats:{id}:answer'], refuse: () => refusal });
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  function newClient(): RealtimeClient {
    const client = createRealtimeClient({ url: 'ws://fake/ws', WebSocket: server.WebSocket, minDelayMs: 1 });
    clients.push(client);
    client.connect();
    return client;
  }
  const open = async (): Promise<void> => {
    writer = server.openStream(CHANNEL, { lines: true });
    write({ type: 'start' }, { type: 'text-start', id: '1' });
  };
  const write = (...chunks: UIMessageChunk[]): void => chunks.forEach((chunk) => writer.write(chunk));
  const say = (delta: string): void => write({ type: 'text-delta', id: '1', delta });
  const finish = (): void => {
    write({ type: 'text-end', id: '1' }, { type: 'finish' });
    writer.end();
  };
  /** Waits until the condition holds: chunks arrive in a few turns. */
  const until = async (isTrue: () => boolean): Promise<void> => {
    while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
  };

  it('shows an answer while it is written, also over a break', async () => {
    const chat = new TestChat(newClient(), open);
    const sent = chat.sendMessage({ text: 'hello' });
    await until(() => chat.status === 'streaming');
    say('Good ');
    await until(() => chat.text === 'Good ');
    server.cut();
    say('morning');
    finish();
    await sent;
    expect([chat.text, chat.status, chat.errors]).toEqual(['Good morning', 'ready', []]);
  });

  it('shows the whole answer after a reload, and nothing if there is none to resume', async () => {
    const first = new TestChat(newClient(), open);
    const sent = first.sendMessage({ text: 'hello' });
    await until(() => first.status === 'streaming');
    say('Good ');
    const reloaded = new TestChat(newClient(), open, first.messages.slice(0, 1));
    const resumed = reloaded.resumeStream();
    await until(() => reloaded.text === 'Good ');
    say('morning');
    finish();
    await Promise.all([sent, resumed]);
    expect([first.text, reloaded.text, reloaded.status]).toEqual(['Good morning', 'Good morning', 'ready']);
    const late = new TestChat(newClient(), open);
    await late.resumeStream();
    expect([late.status, late.messages]).toEqual(['ready', []]);
    server.forgetStream(CHANNEL);
    await late.resumeStream();
    expect(late.status).toBe('ready');
  });

  it('cancels the answer on the server, also after a reload', async () => {
    const client = newClient();
    const chat = new TestChat(client, open);
    const sent = chat.sendMessage({ text: 'hello' });
    await until(() => chat.status === 'streaming');
    say('Good ');
    await until(() => chat.text === 'Good ');
    const reloaded = new TestChat(newClient(), open);
    const resumed = reloaded.resumeStream();
    await until(() => reloaded.text === 'Good ');
    await reloaded.stop();
    await until(() => writer.signal.aborted);
    await Promise.all([sent, resumed]);
    expect([chat.status, reloaded.status, chat.text, chat.errors]).toEqual(['ready', 'ready', 'Good ', []]);
    await until(() => client.channel<string>(CHANNEL).state === 'unsubscribed');
  });

  it('does not cancel an answer that is resumed twice, as in strict mode of React', async () => {
    await open();
    const chat = new TestChat(newClient(), open);
    const [first, second] = [chat.resumeStream(), chat.resumeStream()];
    await until(() => chat.status === 'streaming');
    const third = chat.resumeStream();
    say('still here');
    await until(() => chat.text === 'still here');
    expect(writer.signal.aborted).toBe(false);
    finish();
    await Promise.all([first, second, third]);
    expect([chat.text, chat.status]).toEqual(['still here', 'ready']);
  });

  it('reads the second answer of a chat from its beginning', async () => {
    const chat = new TestChat(newClient(), open);
    for (const answer of ['one', 'two']) {
      const sent = chat.sendMessage({ text: 'hello' });
      await until(() => chat.status === 'streaming');
      say(answer);
      finish();
      await sent;
    }
    expect(chat.text).toBe('onetwo');
  });

  it('shows no answer twice, if the page still shows the one before it elsewhere', async () => {
    const client = newClient();
    const view = openStream(client, CHANNEL);
    let isAsked = false;
    const chat = new TestChat(client, async () => {
      server.pauseStream(CHANNEL, true); // the notice of the stream arrives later than the answer to the request
      await open();
      isAsked = true;
    });
    for (const answer of ['one', 'two']) {
      isAsked = false;
      const sent = chat.sendMessage({ text: 'hello' });
      await until(() => isAsked);
      say(answer);
      finish();
      server.pauseStream(CHANNEL, false);
      await sent;
    }
    expect([chat.text, chat.status, chat.errors]).toEqual(['onetwo', 'ready', []]);
    view.close();
  });

  it('asks again only once a stopped answer has ended', async () => {
    let asked = 0;
    const chat = new TestChat(newClient(), () => {
      asked += 1;
      return open();
    });
    const sent = chat.sendMessage({ text: 'hello' });
    await until(() => chat.status === 'streaming');
    server.pauseStream(CHANNEL, true); // the end arrives later
    await chat.stop();
    const again = chat.sendMessage({ text: 'again' });
    await until(() => writer.signal.aborted);
    expect(asked).toBe(1);
    server.pauseStream(CHANNEL, false);
    await until(() => chat.status === 'streaming');
    finish();
    await Promise.all([sent, again]);
    expect([asked, chat.status, chat.errors]).toEqual([2, 'ready', []]);
  });

  it('cancels the answer of a request that was stopped before it returned', async () => {
    const chat = new TestChat(newClient(), async () => {
      await open();
      const stopped = new Promise((resolve) => writer.signal.addEventListener('abort', resolve));
      void chat.stop();
      return Promise.race([stopped, Promise.reject(new Error('The request was aborted'))]);
    });
    await chat.sendMessage({ text: 'hello' });
    await until(() => writer.signal.aborted);
    expect([chat.status, chat.errors]).toEqual(['ready', []]);
  });

  it('reports a refused channel instead of an answer that could be resumed', async () => {
    refusal = 'forbidden';
    const chat = new TestChat(newClient(), open);
    await chat.resumeStream();
    expect([chat.status, chat.errors]).toEqual(['error', [expect.objectContaining({ code: 'forbidden' })]]);
  });

  it.each<[string, () => void, string]>([
    ['the writer failed', () => writer.fail('no more tokens'), 'no more tokens'],
    ['the client was closed', () => clients[0]!.close(), 'The client was closed'],
    [
      'another answer has replaced it',
      () => {
        server.forgetStream(CHANNEL);
        void open();
      },
      'A part of the answer is missing',
    ],
  ])('reports that %s', async (_, happens, message) => {
    const chat = new TestChat(newClient(), open);
    const sent = chat.sendMessage({ text: 'hello' });
    await until(() => chat.status === 'streaming');
    happens();
    await sent;
    expect([chat.status, chat.errors.map((error) => error.message)]).toEqual([
      'error',
      [expect.stringContaining(message) as string],
    ]);
  });

  it('reports that the server refuses the request', async () => {
    const chat = new TestChat(newClient(), () => Promise.reject(new Error('too many requests')));
    await chat.sendMessage({ text: 'hello' });
    expect([chat.status, chat.errors.map(({ message }) => message)]).toEqual(['error', ['too many requests']]);
  });
});
