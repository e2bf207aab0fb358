import assert from 'node:assert/strict';
import type { Backend, StreamPage, StreamRules, StreamToken } from '../../realtime/index.js';
import { until } from './assertions.js';
import type { Instances } from './describe-stores.js';
import type { TestRunner } from './test-runner.js';

const RULES: StreamRules = { leaseMs: 60_000, ttlMs: 60_000, maxBytes: 1_000_000, lines: false };
const NOTICE = '"stream":0';
const OWNER = 'instance';

/** Tests the guarantees of a `StreamStore`. */
export function describeStreams({ describe, it }: TestRunner, instances: Instances): void {
  describe('guarantees of a stream store', () => {
    let count = 0;
    const unique = (): string => `suite${(count += 1)}-${Math.random().toString(36).slice(2)}`;

    /** A stream that was opened, with its methods. */
    const opened = async ({ streams }: Backend, topic: string, rules = RULES, resume = false) => {
      const given = { id: unique(), writer: unique(), owner: OWNER, resume };
      const result = await streams.open(topic, given, rules, NOTICE);
      if (result.state !== 'opened') throw new Error('The stream is being written');
      const token: StreamToken = { id: result.id, writer: given.writer };
      return {
        ...{ result, token, request: given },
        append: (at: number, text: string) => streams.append(topic, token, at, text, rules, NOTICE),
        end: (at: number, state: 'done' | 'failed' = 'done', json = '{}', text = '') =>
          streams.end(topic, token, at, text, { state, json }, rules, NOTICE),
      };
    };
    const read = ({ streams }: Backend, topic: string, at = 0, most = 65_536, lines = false) =>
      streams.read(topic, at, most, lines, NOTICE);
    const about = (page: StreamPage | null) =>
      page === null ? null : [page.start, page.next, page.state, page.at, page.text];

    it('keeps a text, and reads it from any byte on any instance', async () => {
      const [one, two] = instances();
      const topic = `${unique()} ü:{x}/`;
      assert.equal(await read(one, topic), null);
      const { result, append, end } = await opened(one, topic);
      assert.deepEqual([result.start, result.next], [0, 0]);
      assert.deepEqual(about(await read(two ?? one, topic)), [0, 0, 'open', 0, '']);
      assert.deepEqual(await append(0, 'Grüße\n"'), { state: 'written' });
      assert.deepEqual(await append(9, ' 😀'), { state: 'written' });
      assert.deepEqual(about(await read(two ?? one, topic)), [0, 14, 'open', 0, 'Grüße\n" 😀']);
      assert.deepEqual(about(await read(two ?? one, topic, 9)), [0, 14, 'open', 9, ' 😀']);
      assert.deepEqual(about(await read(two ?? one, topic, 14)), [0, 14, 'open', 14, '']);
      assert.deepEqual(about(await read(two ?? one, topic, 9, 0)), [0, 14, 'open', 9, '']);
      assert.deepEqual(await end(14, 'done', '{"result":"ü"}'), { state: 'written' });
      const page = await read(two ?? one, topic);
      assert.deepEqual([page?.state, page?.end, page?.owner], ['done', '{"result":"ü"}', OWNER]);
    });

    it('cuts a part between characters', async () => {
      const [one] = instances();
      const topic = unique();
      await (await opened(one, topic)).append(0, 'aéa😀a');
      assert.deepEqual(about(await read(one, topic, 0, 2)), [0, 9, 'open', 0, 'a']);
      assert.deepEqual(about(await read(one, topic, 0, 3)), [0, 9, 'open', 0, 'aé']);
      assert.deepEqual(about(await read(one, topic, 2, 3)), [0, 9, 'open', 3, 'a']);
      assert.deepEqual(about(await read(one, topic, 4, 4)), [0, 9, 'open', 4, '😀']);
      assert.deepEqual(about(await read(one, topic, 5, 8)), [0, 9, 'open', 8, 'a']);
      assert.deepEqual(about(await read(one, topic, 8, 100)), [0, 9, 'open', 8, 'a']);
    });

    it('cuts lines after line feeds', async () => {
      const [one] = instances();
      const topic = unique();
      const { append } = await opened(one, topic, { ...RULES, lines: true, maxBytes: 20 });
      await append(0, '"é"\n22\n');
      assert.deepEqual(about(await read(one, topic, 0, 7, true)), [0, 8, 'open', 0, '"é"\n']);
      assert.deepEqual(about(await read(one, topic, 0, 8, true)), [0, 8, 'open', 0, '"é"\n22\n']);
      assert.deepEqual(about(await read(one, topic, 2, 8, true)), [0, 8, 'open', 5, '22\n']);
      await append(8, '[3,3]\n');
      await append(14, '[4,4]\n[5]\n');
      assert.deepEqual(about(await read(one, topic, 0, 100, true)), [14, 24, 'open', 14, '[4,4]\n[5]\n']);
    });

    it('drops the beginning of a long text, at most a quarter of it at once', async () => {
      const [one] = instances();
      const topic = unique();
      const { append } = await opened(one, topic, { ...RULES, maxBytes: 100 });
      for (let at = 0; at < 1_000; at += 4) assert.deepEqual(await append(at, '😀'), { state: 'written' });
      const page = await read(one, topic);
      assert.equal(page?.next, 1_000);
      assert.equal(page.start + page.text.length * 2, 1_000);
      assert.ok(page.start <= 928 && page.start >= 900, `it starts at ${page.start}`);
      assert.equal(page.text, '😀'.repeat((1_000 - page.start) / 4));
    });

    it('has one writer at a time, on all instances', async () => {
      const [one, two] = instances();
      const topic = unique();
      const tries = Array.from({ length: 10 }, (_, index) =>
        opened(index % 2 === 0 ? one : (two ?? one), topic).catch(() => null),
      );
      const [winner, ...others] = (await Promise.all(tries)).filter((writer) => writer !== null);
      assert.deepEqual(others, []);
      const again = await one.streams.open(topic, winner!.request, RULES, NOTICE);
      assert.deepEqual(again, winner!.result);
    });

    it('refuses the writes of an earlier writer, and continues with a new one', async () => {
      const [one, two] = instances();
      const topic = unique();
      const first = await opened(one, topic, { ...RULES, leaseMs: 30 });
      await first.append(0, 'one ');
      const isFree = () => opened(two ?? one, topic, RULES, true).catch(() => null);
      let second: Awaited<ReturnType<typeof isFree>> = null;
      await until(
        async () => (second = await isFree()) !== null,
        () => 'the lease to end',
      );
      assert.equal(second!.result.id, first.token.id);
      assert.equal(second!.result.next, 4);
      assert.deepEqual(await first.append(4, 'late'), { state: 'fenced' });
      assert.deepEqual(await first.end(4), { state: 'fenced' });
      assert.deepEqual(await second!.append(4, 'two'), { state: 'written' });
      assert.deepEqual(about(await read(one, topic)), [0, 7, 'open', 0, 'one two']);
    });

    it('starts over without `resume`, and after a stream that is done', async () => {
      const [one] = instances();
      const topic = unique();
      const first = await opened(one, topic);
      await first.append(0, 'one');
      await first.end(3, 'failed', '{"reason":"x"}');
      const second = await opened(one, topic);
      assert.notEqual(second.token.id, first.token.id);
      assert.deepEqual(about(await read(one, topic)), [0, 0, 'open', 0, '']);
      await second.append(0, 'two');
      await second.end(3);
      const third = await opened(one, topic, RULES, true);
      assert.notEqual(third.token.id, second.token.id);
      assert.equal(third.result.next, 0);
    });

    it('fails a stream whose writer does not renew its lease', async () => {
      const [one, two] = instances();
      const topic = unique();
      const { append, end } = await opened(one, topic, { ...RULES, leaseMs: 40 });
      assert.deepEqual(await append(0, 'kept'), { state: 'written' });
      await until(
        async () => (await read(two ?? one, topic))?.state === 'failed',
        () => 'the end of the lease',
      );
      assert.equal((await read(one, topic))?.end, '{"reason":"writer_lost"}');
      assert.deepEqual(await append(4, 'late'), { state: 'ended' });
      assert.deepEqual(await end(4), { state: 'ended' });
      assert.deepEqual(about(await read(one, topic)), [0, 4, 'failed', 0, 'kept']);
    });

    it('changes nothing if a write is repeated, and reports a length that it does not have', async () => {
      const [one] = instances();
      const topic = unique();
      const { append, end } = await opened(one, topic);
      for (let attempt = 0; attempt < 2; attempt += 1) assert.deepEqual(await append(0, 'once'), { state: 'written' });
      assert.deepEqual(await append(9, 'gap'), { state: 'behind', next: 4 });
      assert.deepEqual(await append(1, 'overlap'), { state: 'fenced' });
      assert.deepEqual(await end(9), { state: 'behind', next: 4 });
      for (let attempt = 0; attempt < 2; attempt += 1) assert.deepEqual(await end(4), { state: 'written' });
      assert.deepEqual(await end(4, 'failed'), { state: 'ended' });
      assert.deepEqual(about(await read(one, topic)), [0, 4, 'done', 0, 'once']);
    });

    it('appends the last text with the end, once', async () => {
      const [one, two] = instances();
      const topic = unique();
      const { append, end } = await opened(one, topic, { ...RULES, maxBytes: 20 });
      await append(0, 'one\0 ');
      assert.deepEqual(await end(9, 'done', '{}', 'gap'), { state: 'behind', next: 5 });
      for (let attempt = 0; attempt < 2; attempt += 1) {
        assert.deepEqual(await end(5, 'done', '{}', 'two\0'), { state: 'written' });
      }
      assert.deepEqual(about(await read(two ?? one, topic)), [0, 9, 'done', 0, 'one\0 two\0']);
      const long = unique();
      const other = await opened(one, long, { ...RULES, maxBytes: 20 });
      await other.append(0, '0123456789abcdef');
      await other.end(16, 'done', '{}', 'ghijk');
      assert.deepEqual(about(await read(two ?? one, long)), [6, 21, 'done', 6, '6789abcdefghijk']);
    });

    it('forgets a stream after its time', async () => {
      const [one] = instances();
      const topic = unique();
      const { append } = await opened(one, topic, { ...RULES, ttlMs: 60 });
      await until(
        async () => (await read(one, topic)) === null,
        () => 'the stream to expire',
      );
      assert.deepEqual(await append(0, 'late'), { state: 'lost' });
    });

    it('delivers the notice of each change to the subscribers of the topic', async () => {
      const [one, two] = instances();
      const topic = unique();
      const { broker } = two ?? one;
      const bodies: string[] = [];
      broker.listen({
        event: (_topic, { body, position }) => void (position === null && bodies.push(body)),
        position: () => undefined,
      });
      await broker.subscribe(topic, null);
      const { append, end } = await opened(one, topic);
      await append(0, 'x');
      await one.streams.read(topic, 0, 10, false, 'no notice');
      await end(1);
      await until(
        () => bodies.length >= 3,
        () => `three notices, not ${bodies.length}`,
      );
      assert.deepEqual(bodies, [NOTICE, NOTICE, NOTICE]);
    });
  });
}
