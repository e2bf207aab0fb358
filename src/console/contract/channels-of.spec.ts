import { channelsOf } from './channels-of.js';

it('returns the channels of events, without the one of commands', () => {
  const channels = { apps_created: { address: 'apps:created' }, commands: { address: null } };
  expect(channelsOf(channels)).toEqual([['apps_created', { address: 'apps:created' }]]);
});
