import { followChannels } from '../../src/command-line/follow-channels.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { Child } from '../support/child.js';
import { signToken, secondsFromNow } from '../support/jwt.js';
import { memoryTerminal } from '../support/memory-terminal.js';
import { freePort } from '../support/ports.js';
import { runBash, runCli, runHere, startCli } from './run-cli.js';

const APP = { id: '1', name: 'shop' };

const numberOf = (line: string): string | undefined => /(\d)"\}\n$/.exec(line)?.[1];

describe('tail', () => {
  let app: RealtimeApp;
  const env = (claims = {}) => ({ REALTIME_URL: app.http, REALTIME_TOKEN: signToken(claims) });

  beforeAll(async () => {
    app = await RealtimeApp.start({ channels: [{ name: 'system:cursor', access: 'authenticated', history: false }] });
  });
  afterAll(() => app.close());

  it('prints events of channels and wildcards, names refused channels, and ends with Ctrl-C', async () => {
    const tail = startCli(['tail', 'apps:*', 'announcements', 'system:health', 'none:such'], env({ sub: 'u1' }));
    await tail.said('none:such: refused: Unknown channel\n');
    await tail.said('system:health: refused: Not authorized to subscribe to this channel\n');
    await tail.said(/apps:\*: apps:created, .*apps:status\n/);
    await tail.said(/apps:status.*: subscribed\n/);
    const event = await app.events.emit('apps:created', APP);
    await app.events.emit('announcements', { message: 'a\u001B[31m' });
    await tail.said('\\u001b[31m');
    expect(await tail.stop('SIGINT')).toEqual({ code: 0, signal: null });
    const [first, second, ...others] = tail.stdout.split('\n');
    expect(first).toBe(`${event.timestamp} apps:created ${event.id} ${JSON.stringify(APP)}`);
    expect(second).toMatch(/^\S+ announcements \S+ \{"message":"a\\u001b\[31m"\}$/);
    expect(others).toEqual(['']);
    expect(tail.stderr).toMatch(/^connected to ws:\/\/127\.0\.0\.1:\d+\/ws as the user u1\n/);
    expect(tail.output).not.toContain('eyJ');
  });

  it('resumes after a break, and reports what was recovered and what was lost', async () => {
    const tail = startCli(['tail', '--json', 'apps:updated', 'system:cursor'], env({ sub: 'u2' }));
    await tail.said(/subscribed/);
    await tail.said(/apps:updated.*subscribed|subscribed[^]*apps:updated.*subscribed/);
    await app.events.emit('apps:updated', { ...APP, name: 'before' });
    await tail.said('before');
    const [connection] = app.registry.ofUser('u2');
    const gone = app.endOf(connection!);
    connection!.close('restarting');
    await gone;
    const missed = await app.events.emit('apps:updated', { ...APP, name: 'missed' });
    await tail.said('apps:updated: recovered: all missed events follow\n');
    await tail.said('system:cursor: events are missing (no_history)\n');
    await tail.said('missed"}');
    expect(await tail.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(tail.stderr).toMatch(/^disconnected: restarting; the next attempt is in .+$/m);
    expect(tail.stderr).toMatch(/^reconnected after .+$/m);
    const frames = tail.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(frames.filter(({ channel }) => channel === 'apps:updated')).toMatchObject([
      { type: 'event', data: { name: 'before' } },
      { type: 'event', data: { name: 'missed' }, id: missed.id, timestamp: missed.timestamp },
    ]);
    expect(frames).toContainEqual({ type: 'resync', channel: 'system:cursor', reason: 'no_history' });
  });

  it('prints the last events of channels and wildcards first, then live ones, each once', async () => {
    for (const name of ['1', '2', '3']) await app.events.emit('storage:uploaded', { ...APP, name } as never);
    await app.events.emit('announcements', { message: 'old 4' });
    const tail = startCli(['tail', 'storage:*', 'announcements', '--last', '2'], env({ sub: 'u5' }));
    await tail.said(/storage:uploaded.*: subscribed/);
    await tail.said('old 4');
    await tail.said('"3"');
    await app.events.emit('storage:uploaded', { ...APP, name: '5' } as never);
    await tail.said('"5"');
    await tail.stop('SIGINT');
    const uploads = tail.stdout.split('\n').filter((line) => line.includes('storage:uploaded'));
    expect(uploads.map((line) => /"name":"(.)"/.exec(line)?.[1])).toEqual(['2', '3', '5']);
    expect(tail.stdout).toContain('old 4');
  });

  it('ends when the reader of its output is gone, as after head', async () => {
    const line = 'cli tail announcements | head -n 1; echo "code ${PIPESTATUS[0]}"';
    const cli = `cli() { "${process.execPath}" dist/command-line/cli.js "$@"; }`;
    const { PATH } = process.env;
    const bash = new Child('bash', ['-c', `${cli}\n${line}`], { env: { PATH, ...env({ sub: 'u3' }) } });
    await bash.said('announcements: subscribed');
    await app.events.emit('announcements', { message: 'first' });
    await bash.said('first');
    // The next writes fail, because head has ended.
    let isOver = false;
    void bash.exited.then(() => (isOver = true));
    while (!isOver) {
      await app.events.emit('announcements', { message: 'more' });
      await Promise.race([bash.exited, new Promise((resolve) => setTimeout(resolve, 20))]);
    }
    expect(bash.stdout).toMatch(/^\S+ announcements \S+ \{"message":"first"\}\ncode 0\n$/);
    expect(bash.stderr).not.toMatch(/EPIPE|Error|at /);
  });

  it('exits with 1 if no channel is left, or if access to it is revoked', async () => {
    const refused = await runHere(['tail', 'none:*', 'system:health'], env({ sub: 'u4' }));
    expect([refused.code, refused.out]).toEqual([1, '']);
    expect(refused.problems).toContain('none:*: refused: Unknown channel\n');
    expect(refused.problems).toContain('no channel is left\n');
  });

  it.each([
    ['a wrong token', { sub: 'u' }, 'wrong', 'the server refused the connection: The token is not valid\n'],
    [
      'an expired token',
      { sub: 'u', exp: secondsFromNow(-60) },
      '',
      'the server refused the connection: The token has expired\n',
    ],
  ])('exits with 1 for %s, and does not print it', async (_, claims, suffix, problem) => {
    const token = `${signToken(claims)}${suffix}`;
    const { code, out, problems } = await runCli(['tail', 'apps:created', '--token', token, '--url', app.url]);
    expect({ code, out, problems }).toEqual({ code: 1, out: '', problems: problem });
  });

  it('exits with 1 if the server cannot be reached at first', async () => {
    const url = `ws://127.0.0.1:${await freePort()}`;
    const { code, problems } = await runCli(['tail', 'apps:created', '--url', url]);
    expect(code).toBe(1);
    expect(problems).toBe(
      `cannot connect to ${url}/ws: the connection was refused\nRun "check" with the same options: it says which step fails.\n`,
    );
    const wrong = await runHere(['tail', 'apps:created', '--url', `${app.http}/wrong`]);
    expect([wrong.code, wrong.problems]).toEqual([1, expect.stringContaining('/wrong: HTTP 404\n') as string]);
  });

  it.each([
    [['tail'], 'tail takes one or more channels'],
    [['tail', 'a b'], 'the channel "a b" must be segments of'],
    [['tail', 'apps:created'], 'the address is missing'],
    [['tail', 'apps:created', '--last', '0'], '--last is a whole number from 1 to 1000'],
    [['tail', 'apps:created', '--last', '2.5'], '--last is a whole number from 1 to 1000'],
  ])('exits with 2 for %j', async (args, problem) => {
    const { code, problems } = await runHere(args);
    expect([code, problems.split('\n')]).toEqual([2, [expect.stringContaining(`nestjs-realtime: ${problem}`), '']]);
  });

  it('reads the token from the standard input', async () => {
    const { code, out } = await runBash('echo "$TOKEN" | cli whoami --token -', {
      TOKEN: signToken({ sub: 'piped' }),
      REALTIME_URL: app.url,
    });
    expect([code, out.split('\n')[0]]).toEqual([0, 'user        piped (u1@example.com)']);
  });

  it('waits for a slow reader of its output, and keeps the order', async () => {
    const end = new AbortController();
    const written: string[] = [];
    const releases: (() => void)[] = [];
    const terminal = {
      ...memoryTerminal({}, '', end.signal),
      writeError: (text: string) => void (text.includes('subscribed') && subscribed()),
      write: (text: string) => {
        written.push(text);
        arrived();
        return new Promise<void>((resolve) => releases.push(resolve));
      },
    };
    let subscribed = (): void => undefined;
    let arrived = (): void => undefined;
    const isSubscribed = new Promise<void>((resolve) => (subscribed = resolve));
    const hasArrived = () => new Promise<void>((resolve) => (arrived = resolve));
    const options = { url: new URL(app.url), token: signToken({ sub: 'slow' }), isJson: false };
    const code = followChannels(['apps:created', 'announcements'], options, terminal);
    await isSubscribed;
    const first = hasArrived();
    for (const name of ['1', '2', '3']) await app.events.emit('apps:created', { ...APP, name });
    await first;
    const other = hasArrived();
    await app.events.emit('announcements', { message: '4' }); // the client has all events of the connection when it has this
    await other;
    expect(written.map(numberOf)).toEqual(['1', '4']);
    for (const expected of ['2', '3']) {
      const next = hasArrived();
      for (const release of releases.splice(0)) release();
      await next;
      expect(numberOf(written.at(-1)!)).toBe(expected);
    }
    end.abort();
    expect(await code).toBe(0);
    expect(written.map(numberOf)).toEqual(['1', '4', '2', '3']);
  });
});
