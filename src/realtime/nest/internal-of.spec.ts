import { internalOf } from './internal-of.js';

describe('internalOf', () => {
  it('returns the value of the module', () => {
    expect(internalOf({ PATH_METADATA: 'path' }, 'PATH_METADATA', '@nestjs/common/constants.js')).toBe('path');
  });

  it('throws an error with the file and the value that this release of Nest lacks', () => {
    const moved: { readonly PATH_METADATA?: string } = {};
    expect(() => internalOf(moved, 'PATH_METADATA', '@nestjs/common/constants.js')).toThrow(
      '@nestjs/common/constants.js has no PATH_METADATA, which Nest 11 and 12 have',
    );
  });
});
