import { readConsoleCookie } from './console-cookie.js';

it.each([
  [undefined, null],
  ['', null],
  ['other=1', null],
  ['platform_console=', null],
  ['platform_console', null],
  ['not_platform_console=abc', null],
  ['platform_console=a.b-c_d', 'a.b-c_d'],
  ['other=1; platform_console=abc; last=2', 'abc'],
])('reads %j as %j', (cookie, token) => {
  expect(readConsoleCookie({ headers: { ...(cookie !== undefined && { cookie }) } })).toBe(token);
});
