const Sequencer = require('@jest/test-sequencer').default;

/** The unit specs beside the sources come first: they are quick, and what they find explains what fails later. */
module.exports = class UnitFirstSequencer extends Sequencer {
  sort(tests) {
    const isUnit = (test) => test.path.startsWith(`${test.context.config.rootDir}/src/`);
    const sorted = super.sort(tests);
    return [...sorted.filter(isUnit), ...sorted.filter((test) => !isUnit(test))];
  }
};
