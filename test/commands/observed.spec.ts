import { ConflictException } from '@nestjs/common';
import { Command, Input, RealtimeAudit, RealtimeCommands, type AuditEntry } from '../../src/realtime/index.js';
import type { CommandDto, CommandsDto } from '../../src/realtime/http/operator-shapes.js';
import { answerOf } from '../operators/operator-app.js';
import { AuditBook, AuditModule } from '../realtime/support/audit-book.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';
import { LinkedCluster } from '../support/linked-cluster.js';
import type { WsClient } from '../support/ws-client.js';

/** Ends the calls that wait. */
let release: () => void = () => undefined;
let released: Promise<void> = Promise.resolve();

@RealtimeCommands()
class SeenCommands {
  @Command('rename')
  async rename(@Input() name: string): Promise<string> {
    if (name === 'taken') throw new ConflictException('The name is taken');
    if (name === 'slow') await released;
    return name;
  }

  @Command('look', { once: false, anonymous: true })
  look(): void {}
}

describe('calls', () => {
  const cluster = new LinkedCluster();
  let here: RealtimeApp;
  let there: RealtimeApp;
  let book: AuditBook;
  let ann: WsClient;
  let connectionId: string;
  let calls = 0;
  const newCall = (data: string) => ({ type: 'call', name: 'rename', callId: `c${(calls += 1)}`, data });
  const called = (): AuditEntry[] => book.entries.filter(({ event }) => event === 'called');

  beforeAll(async () => {
    const start = () =>
      RealtimeApp.start(
        { backend: cluster.join(), operatorApi: true },
        { imports: [AuditModule], providers: [SeenCommands] },
      );
    [here, there] = [await start(), await start()];
    book = here.app.get<AuditBook>(RealtimeAudit, { strict: false });
  });
  afterAll(async () => {
    await here.close();
    await there.close();
  });
  beforeEach(async () => {
    released = new Promise((resolve) => (release = resolve));
    ann = await here.connect({ token: signToken({ sub: 'ann', jti: 's1' }) });
    connectionId = (await ann.next('connected')).connectionId;
    book.entries.length = 0;
  });
  afterEach(() => ann.close());

  describe('in the audit log', () => {
    const by = { at: expect.any(Date) as Date, address: '127.0.0.1', userId: 'ann', role: 'user', tenant: null };
    const entry = { ...by, event: 'called', command: 'rename', durationMs: expect.any(Number) as number };

    it('have an entry with command, outcome and caller, without their data', async () => {
      const [first, second] = [newCall('a'), newCall('taken')];
      for (const call of [first, second, first]) await ann.ask(call);
      const known = { ...entry, sessionId: 's1', connectionId };
      expect(called()).toEqual([
        { ...known, callId: first.callId, outcome: 'succeeded', repeated: false },
        { ...known, callId: second.callId, outcome: 'conflict', repeated: false },
        { ...known, callId: first.callId, outcome: 'succeeded', repeated: true },
      ]);
    });

    it('have the same entry over HTTP, without a connection', async () => {
      const callId = `h${(calls += 1)}`;
      const response = await fetch(`${here.http}/realtime/commands/rename`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${signToken({ sub: 'ann' })}` },
        body: JSON.stringify({ callId, data: 'a' }),
      });
      expect(response.status).toBe(200);
      expect(called()).toEqual([
        { ...entry, sessionId: null, callId, outcome: 'succeeded', connectionId: null, repeated: false },
      ]);
    });
  });

  describe('for operators', () => {
    const row = async (name: string): Promise<CommandDto> => {
      const { commands, unanswered } = await answerOf<CommandsDto>(there, 'commands');
      expect(unanswered).toEqual([]);
      return commands.find(({ command }) => command === name)!;
    };

    it('are added up over all instances', async () => {
      const before = await row('look');
      expect(before).toEqual({
        ...{ command: 'look', once: false, anonymous: true, instances: 2, running: 0, calls: 0, repeated: 0 },
        ...{ outcomes: [], perSecond: 0, durationMs: null },
      });
      const bob = await there.connectAs({ sub: 'bob' });
      for (const client of [ann, bob, bob])
        await client.ask({ type: 'call', name: 'look', callId: `l${(calls += 1)}` });
      await bob.close();
      const { perSecond, durationMs, ...after } = await row('look');
      expect(after).toMatchObject({ instances: 2, calls: 3, outcomes: [{ code: 'succeeded', count: 3 }] });
      expect(perSecond).toBeGreaterThan(0);
      expect(durationMs!.p99).toBeGreaterThanOrEqual(durationMs!.p50);
    });

    it('have outcomes, repetitions, and those that run', async () => {
      const { calls: before, repeated } = await row('rename');
      const [slow, taken] = [newCall('slow'), newCall('taken')];
      const answer = ann.ask(slow);
      for (const call of [taken, taken]) await ann.ask(call);
      expect(await row('rename')).toMatchObject({ running: 1, calls: before + 2, repeated: repeated + 1 });
      release();
      await answer;
      const { running, outcomes } = await row('rename');
      expect(running).toBe(0);
      expect(outcomes).toEqual(expect.arrayContaining([{ code: 'conflict', count: expect.any(Number) as number }]));
    });
  });
});
