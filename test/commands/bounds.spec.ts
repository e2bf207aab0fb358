import { Command, Input, RealtimeCommands } from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';

const ran: string[] = [];

@RealtimeCommands()
class OpenCommands {
  @Command('guess', { anonymous: true })
  guess(@Input() guess: string): string {
    ran.push(guess);
    return guess;
  }
}

describe('outcomes of calls without a user', () => {
  let app: RealtimeApp;
  let calls = 0;
  const newCall = (data: string) => ({ type: 'call', name: 'guess', callId: `c${(calls += 1)}`, data });

  beforeEach(async () => {
    app = await RealtimeApp.start({ anonymous: true, commands: { maxKeptPerUser: 3 } }, { providers: [OpenCommands] });
    ran.splice(0);
  });
  afterEach(() => app.close());

  it('are kept for their connection', async () => {
    const [one, two] = [await app.connect(), await app.connect()];
    const call = newCall('of one');
    await one.ask(call);
    expect(await one.ask({ ...call, data: 'changed' })).toMatchObject({ data: 'of one' });
    expect(await two.ask({ ...call, data: 'of two' })).toMatchObject({ data: 'of two' });
    expect(ran).toEqual(['of one', 'of two']);
  });

  it('are counted by address, so that more connections do not keep more', async () => {
    const first = await app.connect();
    for (const data of ['1', '2', '3']) expect(await first.ask(newCall(data))).toMatchObject({ type: 'result' });
    const second = await app.connect();
    expect(await second.ask(newCall('4'))).toMatchObject({ code: 'rate_limited' });
    const user = await app.connectAs({ sub: 'ann' });
    expect(await user.ask(newCall('5'))).toMatchObject({ data: '5' });
    expect(ran).toEqual(['1', '2', '3', '5']);
  });

  it('are not kept over HTTP, where no repetition can name them', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const headers = { 'content-type': 'application/json' };
        const body = JSON.stringify({ data: 'over HTTP' });
        const response = await fetch(`${app.http}/realtime/commands/guess`, { method: 'POST', headers, body });
        return response.status;
      }),
    );
    expect(statuses).toEqual(Array(6).fill(200));
    const client = await app.connect();
    for (const data of ['1', '2', '3']) expect(await client.ask(newCall(data))).toMatchObject({ type: 'result' });
  });
});
