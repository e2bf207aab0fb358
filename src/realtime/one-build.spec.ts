import { refuseSecondBuild } from './one-build.js';

describe('refuseSecondBuild', () => {
  it('accepts one build, however often it is loaded', () => {
    const globals = {};
    refuseSecondBuild(globals, 'CommonJS');
    expect(() => refuseSecondBuild(globals, 'CommonJS')).not.toThrow();
  });

  it.each([
    ['ES modules', 'CommonJS'],
    ['CommonJS', 'ES modules'],
  ])('refuses a second build: %s, then %s', (first, second) => {
    const globals = {};
    refuseSecondBuild(globals, first);
    expect(() => refuseSecondBuild(globals, second)).toThrow(
      `nestjs-realtime is loaded twice: first its build as ${first}, now its build as ${second}.`,
    );
  });
});
