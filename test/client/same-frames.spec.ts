import { fakeHost, realHost, type TalkHost } from './support/talk-hosts.js';
import type { Talk } from './support/talk.js';

type Conversation = (host: TalkHost, talk: Talk, id: string) => Promise<unknown>;

const STATES: Readonly<Record<string, Conversation>> = {
  'the state, its patches, and the state again on request': async (host, talk, id) => {
    const channel = `notes:${id}`;
    await host.begin(channel, { name: 'one' });
    await talk.ask({ type: 'subscribe', channel, state: true }, 'state');
    await talk.after(() => host.patch(channel, { name: 'two' }), 'event');
    await talk.after(() => host.set(channel, { name: 'three' }), 'event');
    await talk.ask({ type: 'subscribe', channel, state: true }, 'state');
    await talk.ask({ type: 'list_channels' }, 'channels');
    await talk.ask({ type: 'history', channel, limit: 1 }, 'history');
    await talk.ask({ type: 'unsubscribe', channel }, 'unsubscribed');
    await talk.ask({ type: 'unsubscribe', channel }, 'error');
  },

  'a state and then its event without `state`, and with it': async (host, talk, id) => {
    const channel = `notes:${id}`;
    await host.begin(channel, { name: 'one' });
    await talk.ask({ type: 'subscribe', channel }, 'subscribed');
    await talk.after(() => host.patch(channel, { name: 'two' }), 'event');
    await talk.after(() => host.reload(channel), 'event');
    talk.isExact = false;
    await talk.ask({ type: 'subscribe', channel, state: true }, 'state');
    await talk.after(() => host.reload(channel), 'state');
    await talk.ask({ type: 'subscribe', channel }, 'subscribed');
    await talk.after(() => host.patch(channel, { name: 'three' }), 'event');
  },

  'a resume with the patches that were missed': async (host, talk, id) => {
    const channel = `notes:${id}`;
    await host.begin(channel, { name: 'one' });
    await talk.ask({ type: 'subscribe', channel, state: true }, 'state');
    const { id: lastEventId } = await talk.after(() => host.patch(channel, { name: 'two' }), 'event');
    await talk.ask({ type: 'unsubscribe', channel }, 'unsubscribed');
    await talk.ask({ type: 'subscribe', channel, state: true, lastEventId }, 'subscribed');
    await talk.ask({ type: 'unsubscribe', channel }, 'unsubscribed');
    await host.patch(channel, { name: 'three' });
    await host.patch(channel, { name: 'four' });
    await talk.ask({ type: 'subscribe', channel, state: true, lastEventId }, 'event', 2);
    await talk.ask({ type: 'subscribe', channel, state: true, lastEventId }, 'state');
    await talk.ask({ type: 'unsubscribe', channel }, 'unsubscribed');
    talk.isExact = false;
    await host.reload(channel);
    await host.patch(channel, { name: 'five' });
    await talk.ask({ type: 'subscribe', channel, state: true, lastEventId }, 'state');
    await talk.after(() => host.patch(channel, { name: 'six' }), 'event');
  },

  'a resume that is not possible': async (host, talk, id) => {
    const channel = `notes:${id}`;
    await host.begin(channel, { name: 'one' });
    await talk.ask({ type: 'subscribe', channel, state: true }, 'state');
    const { id: lastEventId } = await talk.after(() => host.patch(channel, { name: 'two' }), 'event');
    await talk.ask({ type: 'unsubscribe', channel }, 'unsubscribed');
    for (let at = 0; at < 130; at += 1) await host.patch(channel, { name: `n${at}` });
    await talk.ask({ type: 'subscribe', channel, state: true, lastEventId }, 'state');
    for (const wrong of ['another-7', 'nonsense', `${lastEventId!.slice(0, lastEventId!.lastIndexOf('-'))}-999`]) {
      await talk.ask({ type: 'unsubscribe', channel }, 'unsubscribed');
      await talk.ask({ type: 'subscribe', channel, state: true, lastEventId: wrong }, 'state');
    }
  },

  'a large state in parts, and a patch that is larger than an event': async (host, talk, id) => {
    const channel = `notes:${id}`;
    await host.begin(channel, { name: 'ä"\\💥x'.repeat(20_000) });
    await talk.ask({ type: 'subscribe', channel, state: true }, 'state', 4);
    talk.isExact = false;
    await talk.after(() => host.patch(channel, { name: 'ü'.repeat(40_000) }), 'state', 2);
    await talk.ask({ type: 'unsubscribe', channel }, 'unsubscribed');
    await talk.ask({ type: 'subscribe', channel }, 'subscribed');
    await talk.after(() => host.patch(channel, { name: 'é'.repeat(40_000) }), 'event');
  },

  'a state that cannot be loaded': async (host, talk, id) => {
    const channel = `notes:${id}`;
    host.fail(channel);
    await talk.ask({ type: 'subscribe', channel, state: true }, 'state_error');
    await talk.after(() => host.recover(channel, { name: 'one' }), 'state');
    await talk.after(() => host.patch(channel, { name: 'two' }), 'event');
  },

  'a state that a server subscription has, and that the client asks for': async (host, talk, id) => {
    const channel = `notes:${id}`;
    await host.begin(channel, { name: 'one' });
    const eve = await host.connect('eve');
    await eve.ask({ type: 'ping' }, 'pong');
    await eve.after(() => host.subscribe('eve', channel), 'subscribed');
    await eve.ask({ type: 'subscribe', channel, state: true }, 'state');
    await eve.after(() => host.patch(channel, { name: 'two' }), 'event');
    await eve.ask({ type: 'unsubscribe', channel }, 'unsubscribed');
    talk.include(eve);
  },

  'a state of channels that have none, or are refused': async (host, talk, id) => {
    await talk.ask({ type: 'subscribe', channel: `plain:${id}`, state: true }, 'error');
    await talk.ask({ type: 'subscribe', channel: `logs:${id}`, state: true }, 'error');
    await talk.ask({ type: 'subscribe', channel: `logs:${id}`, state: true, stream: {} }, 'error');
    await talk.ask({ type: 'subscribe', channel: `secret:${id}`, state: true }, 'error');
    await host.begin(`notes:${id}`, { name: 'one' });
    await talk.ask({ type: 'subscribe', channel: `notes:${id}`, state: true, last: 2 }, 'state');
    await talk.ask({ type: 'subscribe', channel: `notes:${id}`, state: true, stream: {} }, 'error');
    await talk.ask({ type: 'subscribe', channel: `notes:${id}`, stream: {} }, 'error');
    await talk.ask({ type: 'subscribe', channel: `notes:${id}`, state: 'yes' }, 'error');
    await talk.ask({ type: 'list_channels' }, 'channels');
  },
};

const STREAMS: Readonly<Record<string, Conversation>> = {
  'a text from before its beginning to its end, and again': async (host, talk, id) => {
    const channel = `logs:${id}`;
    await talk.ask({ type: 'subscribe', channel, stream: {} }, 'subscribed');
    const writer = await talk.during(() => host.open(channel), 'stream');
    await talk.after(() => writer.write('größe '), 'stream');
    await talk.after(() => writer.write('💥'), 'stream');
    await talk.ask({ type: 'subscribe', channel, stream: {} }, 'stream');
    await talk.after(() => writer.end({ exitCode: 0 }), 'stream');
    await talk.ask({ type: 'subscribe', channel, stream: {} }, 'stream');
    await talk.ask({ type: 'unsubscribe', channel }, 'unsubscribed');
    await talk.ask({ type: 'subscribe', channel, stream: {} }, 'stream');
    const next = await talk.during(() => host.open(channel), 'stream');
    await talk.after(() => next.write('new'), 'stream');
    await talk.after(() => next.end(), 'stream');
  },

  'a text that failed, and was continued': async (host, talk, id) => {
    const channel = `logs:${id}`;
    const writer = await host.open(channel);
    await writer.write('one ');
    await talk.ask({ type: 'subscribe', channel, stream: {} }, 'stream');
    await talk.after(() => writer.fail('wind'), 'stream');
    const again = await talk.during(() => host.open(channel, { resume: true }), 'stream');
    await talk.after(() => again.write('two'), 'stream');
    await talk.after(() => again.end(), 'stream');
  },

  'a text from a place in it': async (host, talk, id) => {
    const channel = `logs:${id}`;
    const writer = await host.open(channel);
    await talk.ask({ type: 'subscribe', channel, stream: {} }, 'subscribed');
    const name = talk.streamId;
    await talk.after(() => writer.write('größe 💥'), 'stream');
    for (const stream of [{ id: name, at: 4 }, { id: name, at: 3 }, { id: name, at: 9 }, { at: 4 }, { id: name }]) {
      await talk.ask({ type: 'subscribe', channel, stream }, 'stream');
    }
    for (const stream of [
      { id: name, at: 99 },
      { id: 'another', at: 4 },
    ]) {
      await talk.ask({ type: 'subscribe', channel, stream }, 'stream');
    }
    await talk.ask({ type: 'subscribe', channel, stream: { id: name, at: 12 } }, 'subscribed');
    await talk.after(() => writer.end(), 'stream');
    await talk.ask({ type: 'subscribe', channel, stream: { id: name, at: 12 } }, 'stream');
  },

  'a text in frames of 64 KB': async (host, talk, id) => {
    const channel = `logs:${id}`;
    const writer = await host.open(channel);
    await writer.write('é'.repeat(10));
    for (let at = 0; at < 5; at += 1) await writer.write('x€'.repeat(10_000));
    await writer.end();
    await talk.ask({ type: 'subscribe', channel, stream: {} }, 'stream', 4);
  },

  'values of JSON lines': async (host, talk, id) => {
    const channel = `rows:${id}`;
    await talk.ask({ type: 'subscribe', channel, stream: {} }, 'subscribed');
    const writer = await talk.during(() => host.open(channel), 'stream');
    await talk.after(() => writer.write({ row: 1 }), 'stream');
    await talk.after(() => writer.write({ row: 'zwei\nü' }), 'stream');
    for (const at of [0, 10, 5, 15]) await talk.ask({ type: 'subscribe', channel, stream: { at } }, 'stream');
    await talk.after(() => writer.end(2), 'stream');
    await talk.ask({ type: 'subscribe', channel, stream: {} }, 'stream');
  },

  'a request to cancel, and a second one': async (host, talk, id) => {
    const channel = `logs:${id}`;
    await talk.ask({ type: 'stream_cancel', channel }, 'error');
    const writer = await host.open(channel);
    await writer.write('one');
    await talk.ask({ type: 'subscribe', channel, stream: {} }, 'stream');
    const other = await host.connect('ada');
    await other.ask({ type: 'stream_cancel', channel }, 'error');
    talk.include(other);
    const canceller = await host.connect();
    await talk.after(() => canceller.ask({ type: 'stream_cancel', channel }, 'stream_cancelled'), 'stream');
    talk.include(canceller);
    await talk.ask({ type: 'stream_cancel', channel }, 'error');
    await talk.ask({ type: 'subscribe', channel, stream: {} }, 'stream');
    await host.open(`rows:${id}`);
    await talk.ask({ type: 'stream_cancel', channel: `rows:${id}` }, 'error');
    await talk.ask({ type: 'stream_cancel', channel: `plain:${id}` }, 'error');
    await talk.ask({ type: 'stream_cancel', channel: `secret:${id}` }, 'error');
    await talk.ask({ type: 'stream_cancel' }, 'error');
  },

  'requests that do not fit a stream': async (_host, talk, id) => {
    const channel = `logs:${id}`;
    await talk.ask({ type: 'subscribe', channel }, 'error');
    await talk.ask({ type: 'subscribe', channel: `plain:${id}`, stream: {} }, 'error');
    await talk.ask({ type: 'subscribe', channel: `secret:${id}`, stream: {} }, 'error');
    await talk.ask({ type: 'subscribe', channel, stream: { at: -1 } }, 'error');
    await talk.ask({ type: 'subscribe', channel, stream: { at: 1.5 } }, 'error');
    await talk.ask({ type: 'subscribe', channel, stream: { id: '' } }, 'error');
    await talk.ask({ type: 'subscribe', channel, stream: true }, 'error');
    await talk.ask({ type: 'subscribe', channel, stream: {}, last: 1 }, 'subscribed');
    await talk.ask({ type: 'subscribe', channel, stream: {}, lastEventId: 'e-1' }, 'subscribed');
    await talk.ask({ type: 'history', channel }, 'history');
    await talk.ask({ type: 'list_channels' }, 'channels');
  },
};

describe('the fake server answers like the module', () => {
  let hosts: readonly TalkHost[];
  let count = 0;

  beforeAll(async () => {
    hosts = [await fakeHost(), await realHost()];
  });
  afterAll(async () => {
    for (const host of hosts) await host.close();
  });

  const transcripts = async (conversation: Conversation) => {
    count += 1;
    const both: unknown[] = [];
    for (const host of hosts) {
      const talk = await host.connect();
      await conversation(host, talk, `${count}`);
      both.push(talk.transcript.filter(({ type }) => type !== 'connected'));
      talk.close();
    }
    return both;
  };

  it.each(Object.entries({ ...STATES, ...STREAMS }))('with %s', async (_name, conversation) => {
    const [fake, real] = await transcripts(conversation);
    expect(fake).toEqual(real);
  });
});
