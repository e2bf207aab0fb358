export type HttpAdapter = 'express' | 'fastify';

const ADAPTERS: Readonly<Record<HttpAdapter, string>> = { express: 'ExpressAdapter', fastify: 'FastifyAdapter' };

/** The line that {@link liveOf} prints for each adapter. */
export const RECEIVED = '["forbidden",{"paid":true},{"paid":true},"7 of ada","forbidden",{"items":3},{"sum":7}]\n';

/** An application with a channel, a policy, a publisher, commands, a live resource and a stream, and a function that uses all of them. */
const ordersOf = (adapters: readonly HttpAdapter[]): string => `
import { Injectable, Module, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
${adapters.map((name) => `import { ${ADAPTERS[name]} } from '@nestjs/platform-${name}';`).join('\n')}
import {
  Caller, ChannelPolicy, Command, EventsPublisher, Input, LiveResource, LiveResources, RealtimeCommands, RealtimeModule,
  RealtimeStreams, type CanSubscribe, type ChannelContext, type CommandCall, type LoadsState, type Principal,
} from 'nestjs-realtime';
import { createRealtimeClient } from 'nestjs-realtime-client';
import { RealtimeTesting } from 'nestjs-realtime/testing';
import { IsInt } from 'class-validator';
import { WebSocket } from 'ws';

class Cart {
  @IsInt()
  items!: number;
}

interface OrderEvents {
  [order: \`orders:\${string}\`]: { paid: boolean };
}
interface OrderStates {
  [cart: \`carts:\${string}\`]: Cart;
}
interface OrderStreams {
  [receipt: \`receipts:\${string}\`]: { result: { sum: number } };
}
declare module 'nestjs-realtime' {
  interface RealtimeEvents extends OrderEvents {}
  interface RealtimeStates extends OrderStates {}
  interface RealtimeStreamTypes extends OrderStreams {}
}
declare module 'nestjs-realtime-client' {
  interface RealtimeEvents extends OrderEvents {}
}

@Injectable()
class Owners {
  ownerOf = (order: string | undefined) => (order === '7' ? 'ada' : 'bob');
}

@ChannelPolicy('orders:{orderId}')
class OrderPolicy implements CanSubscribe {
  constructor(private readonly owners: Owners) {}
  canSubscribe = ({ params, principal }: ChannelContext) => this.owners.ownerOf(params['orderId']) === principal?.user.userId;
}

@Injectable()
class Orders {
  constructor(private readonly events: EventsPublisher) {}
  pay = (order: string) => this.events.emit(\`orders:\${order}\`, { paid: true });
}

@Injectable()
class OwnerGuard implements CanActivate {
  constructor(private readonly owners: Owners) {}
  canActivate(context: ExecutionContext): boolean {
    const rpc = context.switchToRpc();
    return this.owners.ownerOf(rpc.getData()) === rpc.getContext<CommandCall>().caller?.user.userId;
  }
}

@RealtimeCommands()
class OrderCommands {
  @Command('orders.name')
  name(@Input() order: string, @Caller() caller: Principal) {
    return \`\${order} of \${caller.user.userId}\`;
  }

  @Command('orders.cancel')
  @UseGuards(OwnerGuard)
  cancel(@Input() order: string) {
    return order;
  }
}

@LiveResource('carts:{user}', { data: Cart, access: { owner: 'user' } })
class Carts implements LoadsState<Cart> {
  load = () => Promise.resolve({ items: 2 });
}

@Module({
  imports: [
    RealtimeModule.forRoot({ jwt: { secret: 'a secret for this test alone, long enough' } }),
    RealtimeModule.forFeature([{ name: 'orders:{orderId}' }, { name: 'receipts:{orderId}', access: 'authenticated', stream: true }]),
  ],
  providers: [Owners, OrderPolicy, Orders, OwnerGuard, OrderCommands, Carts],
})
class AppModule {}

const adapters = { ${adapters.map((name) => `${name}: () => new ${ADAPTERS[name]}()`).join(', ')} };

async function receives(realtime: RealtimeTesting): Promise<unknown[]> {
  const ada = await realtime.connectAs({ userId: 'ada' });
  await ada.subscribe('orders:7');
  const refusal = await ada.expectDenied('orders:8');
  await realtime.get(Orders).pay('7');
  const { data } = await ada.expectEvent('orders:7');

  const client = createRealtimeClient({ url: realtime.url, getToken: () => realtime.tokenFor({ userId: 'ada' }), WebSocket });
  const channel = client.channel('orders:7');
  const received = new Promise<unknown>((resolve) => channel.on('event', (event) => resolve(event.data)));
  await new Promise<void>((resolve) => {
    channel.on('state', ({ state }) => state === 'subscribed' && resolve());
    channel.subscribe();
  });
  await realtime.get(Orders).pay('7');
  const named = await ada.call('orders.name', '7');
  const { code } = await ada.expectRefused('orders.cancel', '8');

  const cart = await ada.live('carts:ada');
  await cart.expectState({ items: 2 });
  await realtime.get(LiveResources).patch('carts:ada', { items: 3 });
  const state: Cart = await cart.expectState({ items: 3 });
  const writer = await realtime.get(RealtimeStreams).open('receipts:7');
  const receipt = await ada.stream('receipts:7');
  await writer.write('2 cups');
  await receipt.expectText('2 cups');
  await writer.end({ sum: 7 });
  const { result } = await receipt.expectEnd();
  const answer = [refusal, data, await received, named, code, state, result];
  client.close();
  return answer;
}
`;

/** A spec for Jest and Vitest, on these adapters. */
export const specOf = (adapters: readonly HttpAdapter[]): string => `
import { Test } from '@nestjs/testing';
${ordersOf(adapters)}
it.each(${JSON.stringify(adapters)} as const)('receives the events of an order on %s', async (name) => {
  const tested = await Test.createTestingModule({ imports: [AppModule] }).compile();
  const realtime = await RealtimeTesting.of(tested.createNestApplication(adapters[name]()));
  const answers = await receives(realtime).finally(() => realtime.close());
  expect(answers).toEqual(['forbidden', { paid: true }, { paid: true }, '7 of ada', 'forbidden', { items: 3 }, { sum: 7 }]);
});
`;

/** A program that prints {@link RECEIVED} once for each of these adapters. */
export const liveOf = (adapters: readonly HttpAdapter[]): string => `
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
${ordersOf(adapters)}
async function main() {
  for (const adapter of Object.values(adapters)) {
    const realtime = await RealtimeTesting.of(await NestFactory.create(AppModule, adapter(), { logger: ['error', 'warn'] }));
    console.log(JSON.stringify(await receives(realtime)));
    await realtime.close();
  }
}
main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
`;
