/** A fault injected into the live resources, to check that the model detects it. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  /** Code that occurs exactly once in the file. */
  readonly was: string;
  readonly becomes: string;
  /** Spec that detects it, if the model seldom does. */
  readonly spec?: string;
  /** Reason why no client, and no check of the backend's promises, can detect it. */
  readonly isEquivalent?: string;
}

const STATES = 'src/realtime/live/live-states.ts';
const ALIGN = 'src/realtime/live/align.ts';
const FIELDS = 'src/realtime/channels/fields/state-fields.ts';
const STORE = 'src/realtime/backends/memory/memory.state-store.ts';
const FEEDS = 'src/realtime/delivery/feeds.ts';
const CATCH_UP = 'src/realtime/delivery/catch-up.ts';

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'the condition of a difference is ignored',
    file: FIELDS,
    was: 'return after === before ? body : withData(',
    becomes: 'return true ? body : withData(',
  },
  {
    name: 'the condition of a difference is ignored when it is applied to a stored state',
    file: STATES,
    was: 'patchOf(fields.received(body, position), snapshot.by)',
    becomes: 'patchOf(fields.received(body, null) === body ? body : body, snapshot.by)',
  },
  {
    name: 'the position is read after the load',
    file: STATES,
    was: `      const { top: position } = (await broker.page(topic, null, { ...limits, maxEvents: 1 }))!;
      const loadedAt = Date.now();
      const json = await loaders.load(resource, topic);`,
    becomes: `      const loadedAt = Date.now();
      const json = await loaders.load(resource, topic);
      const { top: position } = (await broker.page(topic, null, { ...limits, maxEvents: 1 }))!;`,
  },
  {
    name: 'an older state overwrites a stored one',
    file: 'src/realtime/live/state-store.ts',
    was: '? a.offset > b.offset : one.token',
    becomes: '? a.offset > 0 : one.token',
  },
  {
    name: 'the right to load is granted while another instance holds it',
    file: STORE,
    was: "if (claim.right.holder !== holder) return { state: 'held' };",
    becomes: '',
  },
  {
    name: 'a lease does not end',
    file: STORE,
    was: 'endsAt: now + leaseMs',
    becomes: 'endsAt: now + leaseMs * 1e6',
  },
  {
    name: 'the end of a foreign load ends the right',
    file: STORE,
    was: 'return claim?.right.holder === holder && claim.code === null',
    becomes: 'return claim?.code === null',
  },
  {
    name: 'an instance loads without the right to',
    file: STATES,
    was: "return claim.state === 'granted' ? claim.right : null;",
    becomes: "return claim.state === 'granted' ? claim.right : FORWARDED;",
  },
  {
    name: 'a state does not expire',
    file: STATES,
    was: 'return Date.now() - loadedAt < ttlMs;',
    becomes: 'return ttlMs > 0 || loadedAt > 0;',
  },
  {
    name: 'a state that is too large is sent',
    file: STATES,
    was: 'if (bytes > resource.maxBytes)',
    becomes: 'if (bytes < 0)',
  },
  {
    name: 'a load that finds another state does not publish the difference',
    file: STATES,
    was: 'if (event !== null) await publish(topic, event);',
    becomes: '',
  },
  {
    name: 'the difference is published after the loaded state is stored',
    file: STATES,
    was: `      if (event !== null) await publish(topic, event);
      this.failed.delete(topic);
      await store.write(topic, storedOf(loaded), right, storedMs(loaded, resource));`,
    becomes: `      this.failed.delete(topic);
      await store.write(topic, storedOf(loaded), right, storedMs(loaded, resource));
      if (event !== null) await publish(topic, event);`,
  },
  {
    name: 'later events are not applied to a stored state',
    file: STATES,
    was: 'return { ...snapshot, position: result.top, data };',
    becomes: 'return { ...snapshot, position: result.top };',
  },
  {
    name: 'an event that contains no change is skipped',
    file: STATES,
    was: '=== by ? {} : null;',
    becomes: '=== by ? {} : {};',
  },
  {
    name: 'a load does not know its own event',
    file: STATES,
    was: '=== by ? {} : null;',
    becomes: '=== by ? null : null;',
  },
  {
    name: 'states of different positions are compared',
    file: ALIGN,
    was: 'if (formatPosition(old.position) !== position) continue;',
    becomes: '',
    isEquivalent: 'the position in the difference turns it into an order to send the state, which is only slower',
  },
  {
    name: 'the first state of a channel is not announced',
    file: ALIGN,
    was: '  return reload;\n}',
    becomes: '  return before === null ? null : reload;\n}',
  },
  {
    name: 'a difference leaves out what was removed',
    file: 'src/realtime/live/difference.ts',
    was: 'for (const name of Object.keys(before)) if',
    becomes: 'for (const name of [] as string[]) if',
  },
  {
    name: 'a patch sets a hidden path',
    file: FIELDS,
    was: 'if (scopes === null) continue;\n      for (const scope of scopes) narrow',
    becomes: 'for (const scope of scopes ?? []) narrow',
  },
  {
    name: 'a patch sets hidden fields inside a value',
    file: FIELDS,
    was: 'for (const scope of scopes) narrowNested(value, scope.nested, viewer, scope.granted);',
    becomes: '',
  },
  {
    name: 'a patch removes a hidden path',
    file: FIELDS,
    was: '.filter((path) => scopesOf(path) !== null)',
    becomes: '',
  },
  {
    name: 'a state contains the hidden fields',
    file: FIELDS,
    was: 'super.narrow(copy, view);',
    becomes: '',
  },
  {
    name: 'the entries of a collection have no rules',
    file: FIELDS,
    was: 'next.push({ nested: { ...nested, isMap: false }, granted: given });\n          continue;',
    becomes: 'continue;',
  },
  {
    name: 'the frames of a state are shared by all views',
    file: 'src/realtime/live/compose-state.ts',
    was: "fields.isWhole(view) ? '' : view.shared",
    becomes: "fields.isWhole(view) ? '' : 'all'",
  },
  {
    name: 'a client that comes back with another role resumes with patches',
    file: 'src/realtime/delivery/redis-bridge.service.ts',
    was: 'const isOtherView = state && channel.fields?.restricts === true;',
    becomes: 'const isOtherView = false as boolean;',
  },
  {
    name: 'a state that is due during a pause is forgotten',
    file: FEEDS,
    was: 'if (subscription.stateDue) {',
    becomes: 'if (false as boolean) {',
  },
  {
    name: 'a subscription that is paused before its notice misses the state',
    file: FEEDS,
    was: 'for (const subscription of live) if (subscription.state) subscription.stateDue = true;',
    becomes: '',
  },
  {
    name: 'events that wait for a slow client follow the state',
    file: FEEDS,
    was: '// Events that wait for a slow client are older than the state.\n    subscription.connection.sendBuffer.dropHeld(topic);',
    becomes: '',
    isEquivalent: 'only events of channels without history wait for a slow client',
  },
  {
    name: 'lost continuity during a state is not looked for',
    file: FEEDS,
    was: 'if (isDoubtful) catchUp.reset();',
    becomes: '',
    spec: 'src/realtime/delivery/state-feed.spec.ts',
  },
  {
    name: 'subscriptions with a state receive the event without a change',
    file: FEEDS,
    was: 'if (!isReload) return;',
    becomes: 'if (isReload || !isReload) return;',
  },
  {
    name: 'a resume skips an event without a change',
    file: CATCH_UP,
    was: 'if (frame.isReload && this.sendState !== null) return this.sendState();',
    becomes: '',
  },
  {
    name: 'a resume skips a patch',
    file: CATCH_UP,
    was: 'for (const frame of missed.frames) this.enqueue(frame);',
    becomes: 'for (const frame of missed.frames.slice(missed.frames.length > 2 ? 1 : 0)) this.enqueue(frame);',
  },
  {
    name: 'a resume that is incomplete continues with patches',
    file: CATCH_UP,
    was: 'if (!missed.ok && this.sendState !== null) return this.sendState();',
    becomes: '',
  },
  {
    name: 'the events after a state begin one too late',
    file: 'src/realtime/delivery/state-feed.ts',
    was: 'this.onSent(state.position, this.isDoubtful);',
    becomes: 'this.onSent({ ...state.position, offset: state.position.offset + 1 }, this.isDoubtful);',
  },
  {
    name: 'a part of a large state is missing',
    file: 'src/realtime/live/compose-state.ts',
    was: 'while (to < bytes.length && (bytes[to]! & 0xc0) === 0x80) to -= 1;',
    becomes: 'if (to < bytes.length) to -= 1;\n    if (from > 0) from += 1;',
  },
  {
    name: 'an invalidation joins one that has begun',
    file: 'src/realtime/live/serial-runs.ts',
    was: 'const waiting = this.next.get(key);',
    becomes: 'const waiting = this.next.get(key) ?? this.running.get(key);',
  },
  {
    name: 'a client joins a search that began before it',
    file: STATES,
    was: 'await this.running.get(topic)?.catch(() => undefined);',
    becomes: '',
    isEquivalent:
      'the events after the position of the state follow it, and an event without a change among them sends the state again',
  },
];
