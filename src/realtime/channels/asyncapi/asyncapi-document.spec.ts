import { resolveOptions } from '../../options/resolve-options.js';
import { ChannelCatalogue } from '../channel-catalogue.js';
import { asyncApiDocument } from './asyncapi-document.js';

describe('the AsyncAPI document', () => {
  const channels = [
    { name: 'a:b', access: 'public', history: false },
    { name: 'a_b', access: { roles: ['sales', 'billing'] } },
    { name: 'a-b:{id}', access: { owner: 'id' } },
  ];
  const options = resolveOptions({ jwt: { secret: 'x'.repeat(32) }, builtInChannels: false, channels } as never);
  const document = asyncApiDocument(new ChannelCatalogue(options), '/ws') as unknown as {
    channels: Record<string, { address: string; description: string; parameters?: object }>;
    components: { messages: Record<string, { payload: { properties: { channel: object; id?: object } } }> };
  };
  const find = (address: string) => Object.entries(document.channels).find(([, one]) => one.address === address)!;

  it('says who can use a channel', () => {
    const descriptions = channels.map(({ name }) => find(name)[1].description);
    expect(descriptions).toEqual([
      'For everyone. No history: events have no id.',
      'For the roles sales, billing, and administrators.',
      'For the user whose id is id, and administrators.',
    ]);
  });

  it('gives each channel an id', () => {
    const ids = Object.keys(document.channels);
    expect(ids).toEqual(expect.arrayContaining(['a_b', 'a_b_2']));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('lists the parameters of a family', () => {
    expect([find('a:b')[1].parameters, find('a-b:{id}')[1].parameters]).toEqual([
      undefined,
      { id: { description: 'The id' } },
    ]);
  });
});
