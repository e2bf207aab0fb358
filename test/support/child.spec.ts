import { Child } from './child.js';

const node = (script: string): Child => new Child(process.execPath, ['-e', script]);

describe('Child', () => {
  it('collects both outputs and the exit code', async () => {
    const child = node('process.stdout.write("out"); process.stderr.write("err"); process.exitCode = 3');
    await expect(child.exited).resolves.toEqual({ code: 3, signal: null });
    expect([child.stdout, child.stderr]).toEqual(['out', 'err']);
  });

  it('waits for output, also if it was written before', async () => {
    const child = node('console.log("ready"); setInterval(() => {}, 1000)');
    await child.said('ready');
    await child.said(/^rea/);
    await expect(child.stop('SIGKILL')).resolves.toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('rejects with the output if the process ends without the text', async () => {
    await expect(node('console.log("good", "bye")').said('ready')).rejects.toThrow('good bye');
  });

  it('reports a program that does not exist', async () => {
    const child = new Child('no-such-program-anywhere', []);
    await expect(child.said('ready')).rejects.toThrow('ENOENT');
    await expect(child.exited).resolves.toEqual({ code: null, signal: null });
  });
});
