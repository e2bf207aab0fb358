import { UseInterceptors } from '@nestjs/common';
import { Args, Field, GraphQLModule, ID, Mutation, ObjectType, Query, Resolver } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { Emits, SenderInterceptor } from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';

@ObjectType('App')
class AppType {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  name!: string;
}

@Resolver(() => AppType)
@UseInterceptors(SenderInterceptor)
class AppResolver {
  @Query(() => [AppType])
  apps(): AppType[] {
    return [];
  }

  @Emits('apps:created')
  @Mutation(() => AppType)
  async createApp(@Args('name', { type: () => String }) name: string): Promise<AppType> {
    return { id: '1', name };
  }
}

describe('a resolver of @nestjs/graphql', () => {
  it('emits what a mutation returns, without the tab that sent it', async () => {
    const graphql = GraphQLModule.forRoot<MercuriusDriverConfig>({ driver: MercuriusDriver, autoSchemaFile: true });
    const app = await RealtimeApp.start({}, { http: 'fastify', imports: [graphql], providers: [AppResolver] });
    const [sender, other] = [await app.connect({ token: signToken() }), await app.connectAs({ sub: 'other' })];
    const { connectionId } = await sender.next('connected');
    for (const client of [sender, other]) await client.ask({ type: 'subscribe', channel: 'apps:created' });
    const response = await fetch(`${app.http}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${signToken()}`,
        'x-connection-id': connectionId,
      },
      body: JSON.stringify({ query: 'mutation { createApp(name: "shop") { id name } }' }),
    });
    expect(await response.json()).toEqual({ data: { createApp: { id: '1', name: 'shop' } } });
    expect((await other.next('event')).data).toEqual({ id: '1', name: 'shop' });
    await sender.expectNone('event');
    for (const client of [sender, other]) await client.close();
    await app.close();
  });
});
