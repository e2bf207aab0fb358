import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { RealtimeModule } from '../../realtime.module.js';
import { RealtimeAsyncApi } from './asyncapi.service.js';
import { moduleDocument, modulesOf } from './module-document.js';

const constructed: string[] = [];

@Injectable()
class Settings {
  readonly path = '/live';
  constructor() {
    constructed.push('Settings');
  }
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

@Injectable()
class Database {
  constructor() {
    constructed.push('Database');
  }
}

@Module({
  imports: [
    RealtimeModule.forRootAsync({
      imports: [SettingsModule],
      inject: [Settings],
      useFactory: ({ path }: Settings) => ({ path, jwt: { secret: 'a secret for this test alone, long enough' } }),
    }),
    RealtimeModule.forFeature([{ name: 'projects:{projectId}:updated', access: 'public' }]),
  ],
  providers: [Database],
})
class AppModule {}

describe('the AsyncAPI document of an application that is not started', () => {
  it('equals the document of the running application, and constructs only the dependencies of the options', async () => {
    const document = await moduleDocument(AppModule, { title: 'Projects' });
    expect(constructed).toEqual(['Settings']);
    expect(Object.keys(document.channels)).toContain('projects_projectId_updated');
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
    expect(document).toEqual(app.get(RealtimeAsyncApi).document({ title: 'Projects' }));
    await app.close();
  });

  it('fails with the configuration error of the application', async () => {
    const wrong = { module: SettingsModule, imports: [RealtimeModule.forRoot({ jwt: {} })] };
    await expect(moduleDocument(wrong)).rejects.toThrow('jwt');
    await expect(moduleDocument(SettingsModule)).rejects.toThrow('no module imports RealtimeModule.forRoot');
  });

  it('finds the modules among the exports of a file', () => {
    const dynamic = { module: SettingsModule };
    expect([...modulesOf({ AppModule, dynamic, Settings, text: 'x', nothing: null }).keys()]).toEqual([
      'AppModule',
      'dynamic',
    ]);
  });
});
