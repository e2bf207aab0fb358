import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.js';

/**
 * The fuzzer: `npm run fuzz -- --seconds 60 --seed 1 [--session 17]`. It exits with 1 if it found a problem. Each problem
 * names its session, and `--session` repeats only that one.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: new Date().toISOString() },
    session: { type: 'string' },
  },
});

const seconds = Number(values.seconds);
if (!(seconds > 0)) throw new Error(`--seconds must be a number above 0, not ${values.seconds}`);

const say = (line: string): void => void process.stdout.write(`${line}\n`);
say(`fuzzing for ${seconds} s, seed ${values.seed}`);
const only = values.session === undefined ? {} : { only: Number(values.session) };
const { problems, ...figures } = await fuzz({ seconds, seed: values.seed, onProgress: say, ...only });
say(JSON.stringify(figures, null, 2));
for (const problem of problems) say(problem);
say(problems.length === 0 ? 'Nothing found.' : `FOUND ${problems.length}, seed ${values.seed}`);
process.exitCode = problems.length === 0 ? 0 : 1;
