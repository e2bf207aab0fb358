import { ExposeToUser } from '../../src/realtime/index.js';

/** Code that must compile, and errors that must occur: `npm run lint` is the test. */
export class Sale {
  id!: string;
  buyerId?: number | null;
  seller!: { id: string };
  isOpen!: boolean;

  @ExposeToUser('id')
  toOne?: string;

  @ExposeToUser('id', 'buyerId')
  toTwo?: string;

  // @ts-expect-error unknown property
  @ExposeToUser('sellerId')
  toNone?: string;

  // @ts-expect-error one of them is not a property
  @ExposeToUser('id', 'sellerId')
  toSome?: string;

  // @ts-expect-error not an id
  @ExposeToUser('seller')
  toObject?: string;

  // @ts-expect-error not an id
  @ExposeToUser('id', 'isOpen')
  toBoolean?: string;

  // @ts-expect-error a property must be named
  @ExposeToUser()
  toUnnamed?: string;

  // @ts-expect-error events have no static properties
  @ExposeToUser('id')
  static shared?: string;
}
