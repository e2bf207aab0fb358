import { relatedSpecs } from './related.js';

describe('the specs of a mutant', () => {
  const specs = ['connections/frame-queue', 'connections/send-buffer', 'timing/token-bucket'].map(
    (name) => `src/realtime/${name}.spec.ts`,
  );

  it('are those that load its file, directly or through other files, its own spec first', () => {
    expect(relatedSpecs('src/realtime/connections/send-buffer.ts', specs)).toEqual([
      'src/realtime/connections/send-buffer.spec.ts',
      'src/realtime/connections/frame-queue.spec.ts',
    ]);
  });
});
