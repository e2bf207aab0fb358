import { Injectable } from '@nestjs/common';
import { hash, randomUUID } from 'node:crypto';
import { ClusterBus } from '../cluster/cluster-bus.js';

/** Number of hexadecimal digits at the end of an id that name the instance. */
const DIGITS = 12;

const ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}([0-9a-f]{12})$/;

/** Ids of streams. The end of an id is a digest of the instance that serves it, so that another instance finds it. */
@Injectable()
export class StreamPlaces {
  /** The place of the streams of this instance. */
  readonly here: string;

  constructor(bus: ClusterBus) {
    this.here = this.placeOfInstance(bus.instanceId);
  }

  newId(): string {
    return randomUUID().slice(0, -DIGITS) + this.here;
  }

  placeOfInstance(instanceId: string): string {
    return hash('sha256', instanceId, 'hex').slice(0, DIGITS);
  }

  /** Returns the place of a stream; `null` if no instance issued this id. */
  placeOf(id: string): string | null {
    return ID.exec(id)?.[1] ?? null;
  }
}
