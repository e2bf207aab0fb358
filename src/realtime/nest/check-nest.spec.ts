import { checkNest, LOWEST_NEST } from './check-nest.js';
import { installedVersion } from './installed-version.js';

const all = (version: string) => () => version;
const except = (versions: Readonly<Record<string, string>>, others: string) => (name: string) =>
  versions[name] ?? others;

describe('checkNest', () => {
  it('accepts the installed release', () => {
    expect(installedVersion('@nestjs/core')).toMatch(/^\d+\.\d+\.\d+/);
    expect(installedVersion('@nestjs/websockets')).toMatch(/^\d+\.\d+\.\d+/);
    expect(() => checkNest()).not.toThrow();
  });

  it.each([LOWEST_NEST, '11.2.10', '12.0.0', '12.5.1'])('accepts %s', (version) => {
    expect(() => checkNest(all(version))).not.toThrow();
  });

  it.each(['10.4.22', '11.1.3', '11.0.0-next.2'])('rejects %s, which is too old', (version) => {
    expect(() => checkNest(all(version))).toThrow(
      `@nestjs/core ${version} is too old. Install Nest ${LOWEST_NEST} or later`,
    );
  });

  it('rejects a package of another major release, and names the one to install', () => {
    expect(() => checkNest(except({ '@nestjs/websockets': '12.1.1' }, '11.2.10'))).toThrow(
      '@nestjs/websockets 12.1.1 does not belong to @nestjs/core 11.2.10. Run npm install @nestjs/websockets@11',
    );
  });

  it('accepts packages whose minor releases differ', () => {
    expect(() => checkNest(except({ '@nestjs/platform-ws': '11.1.5' }, '11.2.10'))).not.toThrow();
  });

  it('checks nothing in a bundle, where packages have no files', () => {
    expect(installedVersion('@nestjs/absent')).toBeNull();
    expect(() => checkNest(() => null)).not.toThrow();
  });
});
