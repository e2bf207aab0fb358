const Sequencer = require('@jest/test-sequencer').default;

/** Where specs start browsers, platforms and compilers: they begin early, and shorter ones fill the other workers. */
const LONG = ['browser', 'fault', 'package', 'platform', 'react', 'client', 'clients', 'host'];

/** The unit specs beside the sources come first: they are quick, and what they find explains what fails later. */
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
