import { configurationWarnings } from './configuration-warnings.js';

const OPTIONS = { origins: ['https://app.example.com'], hosts: [], trustedProxies: ['10.0.0.0/8'] };

describe('configurationWarnings', () => {
  it.each<[string, object, boolean, string[]]>([
    ['a proxy and origins that are named', {}, true, []],
    ['no proxy, in production', { trustedProxies: [] }, true, ['`trustedProxies` is empty']],
    ['no proxy, in development', { trustedProxies: [] }, false, []],
    ['a range of everything', { trustedProxies: ['0.0.0.0/0'] }, false, ['`trustedProxies` contains every address']],
    ['a range of everything in IPv6', { trustedProxies: ['::/0'] }, true, ['`trustedProxies` contains every address']],
    ['self without hosts, in production', { origins: ['self'] }, true, ['`origins` contains self']],
    ['self with hosts', { origins: ['self'], hosts: ['app.example.com'] }, true, []],
    ['self without hosts, in development', { origins: ['self'] }, false, []],
  ])('of %s', (_what, options, isProduction, expected) => {
    expect(configurationWarnings({ ...OPTIONS, ...options }, isProduction)).toEqual(
      expected.map((start) => expect.stringContaining(start)),
    );
  });
});
