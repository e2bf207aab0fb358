import { NamedEffects } from './named-effects.js';

describe('NamedEffects', () => {
  function recorded() {
    const log: string[] = [];
    const effects = new NamedEffects((name) => {
      log.push(`+${name}`);
      return () => void log.push(`-${name}`);
    });
    return { log, effects };
  }

  it('keeps the effect of a name that stays, and begins new ones before it ends others', () => {
    const { log, effects } = recorded();
    effects.run(['a', 'b']);
    effects.run(['c', 'b']);
    effects.run(['b', 'c']);
    expect(log).toEqual(['+a', '+b', '+c', '-a']);
  });

  it('runs one effect for a name that is listed twice, and ends each effect once', () => {
    const { log, effects } = recorded();
    effects.run(['a', 'a']);
    effects.run([]);
    effects.run([]);
    effects.run(['a']);
    expect(log).toEqual(['+a', '-a', '+a']);
  });
});
