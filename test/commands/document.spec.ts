import { Expose } from 'class-transformer';
import { IsOptional, IsString } from 'class-validator';
import { compareContracts } from '../../src/asyncapi-tools/compare.js';
import { readContract, type Contract } from '../../src/asyncapi-tools/contract.js';
import { eventTypes } from '../../src/asyncapi-tools/event-types.js';
import { Command, Input, RealtimeAsyncApi, RealtimeCommands } from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';

class RenameApp {
  @IsString()
  id!: string;

  @IsOptional()
  @IsString()
  name?: string;
}

class AppDto {
  @IsString()
  id!: string;

  @Expose({ groups: ['admin'] })
  @IsString()
  secret!: string;
}

class RenameOnly {
  @IsString()
  id!: string;
}

@RealtimeCommands()
class Commands {
  @Command('apps.rename', { output: AppDto, offline: 'queue' })
  rename(@Input() { id }: RenameApp): AppDto {
    return { id, secret: '' };
  }

  @Command('apps.list', { output: [AppDto], once: false, anonymous: true })
  list(): AppDto[] {
    return [];
  }
}

@RealtimeCommands()
class FewerCommands {
  @Command('apps.rename')
  rename(@Input() { id }: RenameOnly): string {
    return id;
  }
}

async function documentOf(provider: new () => object): Promise<string> {
  const app = await RealtimeApp.start({ builtInChannels: false }, { providers: [provider] });
  const document = JSON.stringify(app.app.get(RealtimeAsyncApi).document());
  await app.close();
  return document;
}

describe('the document of commands', () => {
  let text: string;
  let contract: Contract;

  beforeAll(async () => {
    text = await documentOf(Commands);
    contract = readContract(text);
  });

  it('describes each call and its result', () => {
    const { channels, operations, components } = JSON.parse(text) as Record<string, Record<string, object>>;
    expect(channels!['commands']).toMatchObject({ address: null, 'x-realtime': { messages: true } });
    expect(operations!['receive_command_apps_rename']).toMatchObject({
      ...{ action: 'receive', messages: [{ $ref: '#/channels/commands/messages/command_apps_rename' }] },
      reply: { messages: [{ $ref: '#/channels/commands/messages/command_apps_rename_result' }] },
      'x-realtime': { command: 'apps.rename', once: true, anonymous: false, offline: 'queue' },
    });
    expect(operations!['receive_command_apps_list']).toMatchObject({ 'x-realtime': { once: false, anonymous: true } });
    expect(components!['messages']).toMatchObject({
      command_apps_rename: { payload: { properties: { data: { $ref: '#/components/schemas/RenameApp' } } } },
      command_apps_list_result: { payload: { properties: { data: { type: 'array' } } } },
    });
  });

  it('becomes types of the client', () => {
    const types = eventTypes(contract, { augment: true });
    expect(types).toContain('  "apps.rename": { input: RenameApp; output: AppDto };\n');
    expect(types).toContain('  "apps.list": { input: unknown; output: Array<AppDto> };\n');
    expect(types).toContain('  interface RealtimeCommands extends Commands {}\n');
  });

  it('is compared with an older one', async () => {
    expect(compareContracts(contract, contract)).toEqual([]);
    const fewer = readContract(await documentOf(FewerCommands));
    expect(compareContracts(contract, fewer).filter(({ channel }) => channel.startsWith('command'))).toEqual([
      { channel: 'command apps.list', breaks: true, text: 'is gone' },
      { channel: 'command apps.rename', breaks: true, text: 'no longer takes name in its input' },
      { channel: 'command apps.rename', breaks: true, text: expect.stringContaining('data is') },
    ]);
    expect(compareContracts(fewer, contract)).toContainEqual({
      ...{ channel: 'command apps.list', breaks: false, text: 'is new' },
    });
  });
});
