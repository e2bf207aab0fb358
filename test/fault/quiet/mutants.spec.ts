import { patchedText } from '../build.js';
import { ONE_READ_A_SECOND } from './mutants.js';
import { MUTE } from './run-quiet.js';

/** A short run of `npm run test:fault:quiet` and its mutant takes 30 s of CPU. The audit itself has unit specs. */
describe('lost messages of quiet channels', () => {
  it.each([MUTE, ONE_READ_A_SECOND])('can still be made in $file', async (patch) => {
    await expect(patchedText(patch)).resolves.toContain(patch.replace);
  });
});
