import { ClusterSeal } from './cluster-seal.js';

const [ONE, TWO] = ['1'.repeat(32), '2'.repeat(32)];

describe('ClusterSeal', () => {
  it('does nothing without a key', () => {
    const seal = new ClusterSeal([]);
    expect([seal.hasKey, seal.seal('p', 'text'), seal.open('p', 'text')]).toEqual([false, 'text', 'text']);
  });

  it('opens what one of the keys has sealed', () => {
    const sealed = new ClusterSeal([ONE]).seal('p', 'text');
    expect(sealed).toMatch(/^[\w-]{43}\.text$/);
    expect([new ClusterSeal([TWO, ONE]).hasKey, new ClusterSeal([TWO, ONE]).open('p', sealed)]).toEqual([true, 'text']);
    expect(() => new ClusterSeal([TWO]).open('p', sealed)).toThrow('not signed with any of `clusterKeys`');
  });

  it('signs with the first key', () => {
    expect(new ClusterSeal([ONE]).open('p', new ClusterSeal([ONE, TWO]).seal('p', 'text'))).toBe('text');
  });

  it.each<[string, (sealed: string) => string]>([
    ['another text', (sealed) => `${sealed}x`],
    ['another separator', (sealed) => sealed.replace('.text', ':text')],
    ['no seal', () => 'text'],
    ['a short seal', (sealed) => sealed.slice(1)],
    ['nothing', () => ''],
    ['characters of several bytes', (sealed) => `ä${sealed.slice(1)}`],
  ])('refuses %s', (_what, change) => {
    const seal = new ClusterSeal([ONE]);
    expect(() => seal.open('p', change(seal.seal('p', 'text')))).toThrow('not signed');
  });

  it('is valid for one purpose only', () => {
    const seal = new ClusterSeal([ONE]);
    expect(() => seal.open('q', seal.seal('p', 'text'))).toThrow('not signed');
    const [mac] = seal.seal('p:1', 'text').split('.');
    expect(() => seal.open('p', `${mac}.1:text`)).toThrow('not signed');
  });
});
