import { LocalCrowd, type Crowd } from './crowd.js';
import type { Answer, Call } from './remote-crowd.js';

/** A crowd of clients in this process, driven by the one that forked it. */
const [url, name, count, patienceMs] = process.argv.slice(2);
const crowd: Crowd = new LocalCrowd(url!, name!, Number(count), Number(patienceMs));

process.on('message', ({ id, method, argument }: Call) => {
  const send = (answer: Omit<Answer, 'id'>): void => void process.send!({ id, ...answer });
  const call: (value: number) => Promise<unknown> = crowd[method].bind(crowd);
  call(argument).then(
    (result) => send({ result }),
    (error: Error) => send({ problem: error.message }),
  );
});
process.once('disconnect', () => process.exit());
