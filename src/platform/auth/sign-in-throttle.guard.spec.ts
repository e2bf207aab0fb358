import { networkOf } from './sign-in-throttle.guard.js';

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['192.0.2.1:4711', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8::6', '2001:db8:0:0'],
  ['[2001:db8::6]', '2001:db8:0:0'],
  ['[2001:db8::6]:4711', '2001:db8:0:0'],
  ['2001:db8:1:2::', '2001:db8:1:2'],
  ['::1', '0:0:0:0'],
  ['unknown', 'unknown'],
  ['', ''],
])('sign-ins from %j are counted for %j', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
