// Runs entry points of the build, one after the other. Only the entry points are loaded again; they share all modules.
import { pathToFileURL } from 'node:url';

class Exit extends Error {
  constructor(code) {
    super(`exit with code ${code}`);
    this.code = code;
  }
}

let stdout = '';
let stderr = '';
process.stdout.write = (text) => (stdout += text) !== '';
process.stderr.write = (text) => (stderr += text) !== '';
process.exit = (code) => {
  throw new Exit(code);
};

let runs = 0;

async function run({ file, args, env }) {
  [stdout, stderr] = ['', ''];
  process.env = env;
  process.argv.splice(1, Infinity, file, ...args);
  process.exitCode = undefined;
  runs += 1;
  try {
    await import(`${pathToFileURL(file).href}?run=${runs}`);
    return { code: process.exitCode ?? 0, stdout, stderr };
  } catch (error) {
    if (error instanceof Exit) return { code: error.code, stdout, stderr };
    return { code: 1, stdout, stderr: `${stderr}${error.stack}` };
  } finally {
    process.exitCode = 0;
  }
}

process.on('message', (request) => void run(request).then((answer) => process.send(answer)));
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
