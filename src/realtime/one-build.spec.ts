import { refuseSecondBuild } from './one-build.js';

describe('refuseSecondBuild', () => {
  it('accepts a build that is loaded several times', () => {
    const globals = {};
    refuseSecondBuild(globals, 'CommonJS');
    expect(() => refuseSecondBuild(globals, 'CommonJS')).not.toThrow();
  });

  it.each([
    ['ES modules', 'CommonJS'],
    ['CommonJS', 'ES modules'],
  ])('rejects a second build: %s, then %s', (first, second) => {
    const globals = {};
    refuseSecondBuild(globals, first);
    expect(() => refuseSecondBuild(globals, second)).toThrow(
      `nestjs-realtime is loaded twice: first its build as ${first}, now its build as ${second}.`,
    );
  });
});
