// An instance of the built module that writes the streams of each request: POST /write { channel, text }.
import { NestFactory } from '@nestjs/core';
import { pathToFileURL } from 'node:url';

const { dist, options, mutant, pauseMs } = JSON.parse(process.argv[2]);
const load = (file) => import(pathToFileURL(`${dist}/realtime/${file}`).href);
const { RealtimeModule, RealtimeStreams } = await load('index.js');
const { RedisStreamStore } = await load('backends/redis/redis.stream-store.js');
const { StreamReader } = await load('streams/stream-reader.js');
const { StreamReaders } = await load('streams/stream-readers.js');

const MUTANTS = {
  /** Text that Redis lost is not appended again: the writer continues after what is stored. */
  'skip-lost': () => {
    for (const name of ['append', 'end']) {
      const original = RedisStreamStore.prototype[name];
      RedisStreamStore.prototype[name] = async function (topic, token, at, ...rest) {
        const written = await original.call(this, topic, token, at, ...rest);
        return written.state === 'behind' ? original.call(this, topic, token, written.next, ...rest) : written;
      };
    }
  },
  /** A stream of which nothing is heard is not checked. */
  'no-check': () => void (StreamReaders.prototype.check = () => undefined),
  /** A reader keeps its place when the text begins anew. */
  'keep-place': () => void (StreamReader.prototype.restart = () => undefined),
};
MUTANTS[mutant]?.();

class RootModule {}

const pause = (ms) => new Promise((resolve) => void setTimeout(resolve, ms));
const root = { module: RootModule, imports: [RealtimeModule.forRoot(options)] };
const app = await NestFactory.create(root, { logger: ['error'] });
const streams = app.get(RealtimeStreams);

/** Writes a text to its end. A stream that failed is opened again, and continues after its last byte. */
async function write({ channel, text }) {
  const bytes = Buffer.from(text);
  for (;;) {
    try {
      const writer = await streams.open(channel, { resume: true, joinMs: 5 });
      while (writer.length < bytes.length) {
        const piece = [...bytes.subarray(writer.length, writer.length + 200).toString()].slice(0, 20).join('');
        await writer.write(piece);
        await pause(Math.random() * pauseMs);
      }
      if ((await writer.end()) === 'done') return;
    } catch {
      await pause(50);
    }
  }
}

app.use('/write', (request, response) => {
  request.setEncoding('utf8');
  let body = '';
  request.on('data', (data) => (body += data));
  request.on('end', () => {
    for (const one of JSON.parse(body)) void write(one);
    response.end();
  });
});
await app.listen(0, '127.0.0.1');
process.stdout.write(`listening on ${app.getHttpServer().address().port}\n`);
