const Sequencer = require('@jest/test-sequencer').default;

/**
 * Folders with specs that start browsers, platforms or compilers. They start early, and shorter specs fill the other
 * workers.
 */
const LONG = [
  ...[
    'angular',
    'backends',
    'bindings',
    'browser',
    'client',
    'clients',
    'costs',
    'deploy',
    'fault',
    'hooks',
    'host',
    'package',
    'platform',
    'presence',
    'react',
  ],
  ...['soak', 'tutorial'],
];

/** Unit specs run first: they are fast, and their failures explain later ones. */
module.exports = class UnitFirstSequencer extends Sequencer {
  sort(tests) {
    const rank = ({ path, context }) => {
      const [root, folder] = path.slice(context.config.rootDir.length + 1).split('/');
      if (root === 'src') return 0;
      return LONG.includes(folder) ? 1 : 2;
    };
    return super.sort(tests).toSorted((one, other) => rank(one) - rank(other));
  }
};
