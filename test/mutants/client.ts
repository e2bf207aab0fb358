/** A fault injected into the client, to check that the random walk detects it. */
export interface Mutant {
  readonly name: string;
  /** Code that occurs exactly once under `src/client`. */
  readonly was: string;
  readonly becomes: string;
  /** Reason why no test can detect it. */
  readonly isEquivalent?: string;
  /** Spec that detects it, if the walk cannot: it affects memory, or messages that no tab sends. */
  readonly spec?: string;
}

const WALK = 'src/client/random-walk.spec.ts';
const TABS = 'src/client/shared/random-walk.spec.ts';
const STREAMS = 'src/client/sse/random-walk.spec.ts';
const FALLBACK = 'src/client/sse/fallback.spec.ts';

/** Mutants, by the walk that must detect them. */
export const MUTANTS: { readonly [spec: string]: readonly Mutant[] } = {
  [WALK]: [
    // Tokens
    {
      name: 'a sign-in shares a running call of getToken',
      was: "if (call && reason !== 'reauthenticate') return latest;",
      becomes: 'if (call) return latest;',
    },
    {
      name: 'a token that arrives after the client was stopped is kept',
      was: 'if (call) {\n          token = given;',
      becomes: '{\n          token = given;',
      spec: 'src/client/identity.spec.ts',
    },
    {
      name: 'each call that waits for a token sends it',
      was: 'if (own !== sends) return await sending;',
      becomes: '',
      spec: 'src/client/identity.spec.ts',
    },
    {
      name: 'a sign-out without a connection changes nothing',
      was: 'if (own === attempt && !token && identity?.user) batch(forgetUser);',
      becomes: '',
      spec: 'src/client/identity.spec.ts',
    },
    {
      name: 'the result of a replaced call is used',
      was: 'const isReplaced = (): boolean => call !== own && call !== undefined;',
      becomes: 'const isReplaced = (): boolean => false;',
      spec: 'src/client/identity.spec.ts',
    },
    {
      name: 'a token is not renewed before it expires',
      was: 'if (ms < Infinity && getToken) renewIn(',
      becomes: 'if (ms < 0) renewIn(',
    },
    {
      name: 'a renewal continues after its connection ended',
      was: 'if (own !== generation) return;',
      becomes: '',
      spec: 'src/client/tokens.spec.ts', // the short walk seldom ends a connection while a renewal is pending
    },
    {
      name: 'a token that is sent again gets a new margin',
      was: 'endsAt = Math.min(endsAt, performance.now() + ms - margin);',
      becomes: 'endsAt = performance.now() + ms - margin;',
    },
    {
      name: 'a token that was refused at a renewal is kept',
      was: "if (error.code.startsWith('token_')) tokens.forget('refused');",
      becomes: '',
    },
    {
      name: 'getToken has no time limit',
      was: "await within(ask(reason, signal), options.timeoutMs, 'getToken did not answer', signal)",
      becomes: 'await ask(reason, signal)',
    },
    { name: 'a refused token is kept', was: "if (next) tokens.forget('refused');", becomes: '' },
    {
      name: 'stop does not abort a running call of getToken',
      was: 'rest();\n      abort();',
      becomes: 'rest();',
    },
    {
      name: 'a sign-in inside getToken replaces its own call',
      was: "if (tokens.forget('reauthenticate')) return;",
      becomes: "tokens.forget('reauthenticate');",
      spec: 'src/client/tokens.spec.ts',
    },
    {
      name: 'sign-ins in a loop call getToken without a pause',
      was: 'if (waitMs > 0) await within(',
      becomes: 'if (waitMs > 1e9) await within(',
      spec: 'src/client/tokens.spec.ts',
    },
    {
      name: 'each sign-in of one step calls getToken',
      was: 'await Promise.resolve(); // several calls',
      becomes: '// several calls',
      spec: 'src/client/tokens.spec.ts',
    },
    {
      name: 'a sign-in waits although the wait is for another token',
      was: "else if (change.code.startsWith('token'))",
      becomes: "else if (change.state === 'closed')",
      spec: 'src/client/tokens.spec.ts',
    },
    {
      name: 'tokens that were refused before a sign-in count against it',
      was: 'attempts.ready(false);',
      becomes: '',
      spec: 'src/client/tokens.spec.ts',
    },
    {
      name: 'an accepted token does not restart the minute of refusals',
      was: 'refusedSince = performance.now();',
      becomes: 'refusedSince ||= 0;',
      spec: 'src/client/tokens.spec.ts',
    },
    {
      name: 'a sign-in stops the call of a connection that a listener begins',
      was: "tokens.stop(); // before the change is announced: a listener may connect again\n      if (change.state === 'connecting') end({ cause: 'other_user' });",
      becomes: "if (change.state === 'connecting') end({ cause: 'other_user' }), tokens.stop();",
      spec: 'src/client/identity.spec.ts',
    },
    // Identity
    {
      name: 'positions survive a change of identity',
      was: 'channels.forEach((channel) => channel.forget());',
      becomes: '',
    },
    {
      name: 'a connection of another user continues the former one',
      was: 'if (owner && owner !== next) forgetUser();',
      becomes: '',
    },
    { name: 'events are not held during a sign-in', was: 'held ??= [];', becomes: '' },
    {
      name: 'events that were held are dropped',
      was: 'frames?.forEach((frame) => to === session && received(frame));',
      becomes: '',
    },
    {
      name: 'frames that were held are delivered after the end of their connection',
      was: 'frames?.forEach((frame) => to === session && received(frame));',
      becomes: 'frames?.forEach((frame) => received(frame));',
      spec: 'src/client/identity.spec.ts',
    },
    {
      name: 'an anonymous connection stays after a sign-in',
      was: 'if (wasAnonymous !== (token === null)) to?.end(',
      becomes: 'if (token === undefined) to?.end(',
    },
    {
      name: 'a refused sign-in leaves the former connection open',
      was: "end({ cause: 'other_user', reason: (error as RealtimeError).message });",
      becomes: '',
    },
    {
      name: 'presence of the former user stays',
      was: 'if (!who) channels.forEach((channel) => channel.forgetPresence());',
      becomes: '',
    },
    // Positions
    {
      name: 'a channel resumes at the last event that is done',
      was: 'lastEventId: received?.slice(',
      becomes: 'lastEventId: inbox.lastEventId?.slice(',
    },
    {
      name: 'a channel starts without its position on each connection',
      was: 'lastEventId: received?.slice(0, MAX_EVENT_ID_LENGTH), last });',
      becomes: 'last });',
    },
    {
      name: 'a channel without history reports no gap',
      was: "hasBegun && !received ? 'no_history' : undefined",
      becomes: 'undefined',
      spec: 'src/client/no-history.spec.ts',
    },
    {
      name: 'an invalid position is sent unchanged',
      was: '(user.after ?? null) === null ? undefined : `${user.after}`',
      becomes: 'user.after',
      spec: 'src/client/hostile-frames.spec.ts',
    },
    {
      name: 'another user needs no reset',
      was: "const why = isForgotten ? 'other_user' : (",
      becomes: 'const why = (',
      spec: 'src/client/identity.spec.ts', // the walk gets a reset of another reason
    },
    {
      name: 'a listener gets its next event before it is done',
      was: 'const promise = reader.last ? reader.last.then(run) : run();',
      becomes: 'const promise = run();',
    },
    { name: 'waiting events survive a reset', was: 'clear() {\n      pending = [];', becomes: 'clear() {' },
    {
      name: 'lastEventId advances before a reset is handled',
      was: 'inbox.hold(lastEventId));',
      becomes: '() => undefined);\n    inbox.hold(lastEventId)();',
    },
    // Waits
    { name: 'the wait between attempts stays short', was: 'boundMs += 1.5 * wait;', becomes: '' },
    {
      name: 'a connection that ends at once counts as stable',
      was: 'if (now - readyAt >= STABLE_AFTER_MS) failures',
      becomes: 'if (readyAt < Infinity) failures',
    },
    {
      name: 'a server can ask for any wait',
      was: 'clamp(askedMs, failures < 2 ? 0 : backoff, MAX_ASKED_WAIT_MS, backoff)',
      becomes: 'askedMs ?? backoff',
    },
    { name: 'the timer of a wait is left behind', was: 'clearTimeout(retryTimer);', becomes: '' },
    {
      name: 'an attempt has no time limit',
      was: "end({ cause: 'unreachable', reason: `not connected within ${timeoutMs} ms` }),",
      becomes: 'undefined,',
    },
    {
      name: 'an attempt that ended still opens a socket',
      was: 'if (own !== attempt) return;',
      becomes: '',
    },
    // The page
    {
      name: 'attempts continue while offline',
      was: "if (isOffline && retryInMs !== 0) move({ cause: 'offline' });",
      becomes: '',
    },
    {
      name: 'another token waits while offline, although the server has answered',
      was: 'if (isOffline && retryInMs !== 0) move(',
      becomes: 'if (isOffline) move(',
      spec: 'src/client/connecting.spec.ts',
    },
    { name: 'a hidden page keeps its connection', was: "if (cause === 'hidden') return end({ cause });", becomes: '' },
    // The heartbeat
    { name: 'a dead connection is pinged forever', was: '} else dead();', becomes: '} else askWithin(answerMs);' },
    {
      name: 'an answer to the heartbeat is ignored',
      was: 'receivedAt = performance.now();\n      askedAt = null;',
      becomes: 'receivedAt = performance.now();',
    },
    {
      name: 'silence while it connects is not detected',
      was: "const FAILURES = {\n  silent: 'waiting',",
      becomes: 'const FAILURES = {',
    },
    // Listeners
    {
      name: 'a listener that is added gets the current event',
      was: 'for (const reader of [...readers]) {',
      becomes: 'for (const reader of readers) {',
    },
    {
      name: 'a listener that was removed is called',
      was: '(set!.has(listener) && callListener(listener, value)) || []',
      becomes: 'callListener(listener, value) || []',
    },
    {
      name: 'listeners are called in the middle of a change',
      was: 'return [(call) => batch(() => void waiting.push(call)), batch];',
      becomes: 'return [(call) => call(), (change) => change()];',
    },
    // Channels
    { name: 'a channel that was left stays subscribed on the server', was: 'changes.leave.push(name);', becomes: '' },
    {
      name: 'a channel is not requested again on the next connection',
      was: "change.code === 'behind') move('lost', { reason });\n      channel.askAgain();",
      becomes:
        "change.code === 'behind') {\n        const before = asked;\n        move('lost', { reason });\n        asked = before;\n      }",
    },
    {
      name: 'a channel that is behind stays so without a connection',
      was: "if (change.state === 'subscribed' || change.code === 'behind') move('lost'",
      becomes: "if (change.state === 'subscribed') move('lost'",
      spec: 'src/client/follow.spec.ts',
    },
    { name: 'a refusal is final', was: 'asked = null;\n      channel.retry();', becomes: 'asked = null;' },
    {
      name: 'an unavailable channel is not requested again',
      was: "move('lost', { reason });\n        host.askLater();",
      becomes: "move('lost', { reason });",
      spec: 'src/client/client.spec.ts',
    },
    { name: 'any number of events can wait', was: 'id) > host.maxWaitingEvents) {', becomes: 'id) > Infinity) {' },
    {
      name: 'a channel that has just ended is not behind',
      was: "    behind: 'subscribing',\n    unsubscribe: 'unsubscribed',\n  },\n  subscribed",
      becomes: "    unsubscribe: 'unsubscribed',\n  },\n  subscribed",
    },
    { name: 'a channel that is behind is never resumed', was: 'if (pending.length === 0) onEmpty();', becomes: '' },
    {
      name: 'an unused channel is kept',
      was: 'if (channel.isIdle) used.delete(channel.name);',
      becomes: '',
      spec: 'test/client/garbage.spec.ts',
    },
    // Requests
    {
      name: 'a request has no time limit',
      was: 'return within(answer, ms, `No answer to ${frame.type}`, options.signal).finally(',
      becomes: 'return answer.finally(',
    },
    {
      name: 'a request outlives its connection',
      was: "rejectAll(new RealtimeError('not_connected', 'The connection ended'));",
      becomes: '',
    },
    {
      name: 'a frame is not checked',
      was: 'return wrong && `${type}',
      becomes: 'return undefined && `${type}',
    },
    {
      name: 'the ref of a frame whose type is not known is not checked',
      was: "&& (isKnown || name === 'ref'));",
      becomes: '&& isKnown);',
      spec: 'src/client/hostile-frames.spec.ts',
    },
    // follow and for await
    { name: 'follow shows what it loaded before a reset', was: '} while (isStale);', becomes: '} while (false);' },
    { name: 'follow loads once', was: 'isStale = true;\n        void load();', becomes: '' },
    {
      name: 'follow loads before the identity is known',
      was: 'if (isOver || !all.every(hasBegun)) return;',
      becomes: 'if (isOver) return;',
    },
    {
      name: 'follow shows what it loaded for the former user',
      was: 'former = call;\n          call.abort();',
      becomes: 'former = call;',
    },
    {
      name: 'follow gives up when loading fails',
      was: 'timer = setTimeout(() => void load(), isStale ? 0 : retryMs);',
      becomes: '',
    },
    {
      name: 'follow does not wait for its state',
      was: 'if (gate === null) return on.onEvent(event);',
      becomes: 'return on.onEvent(event);',
    },
    { name: 'for await hides a gap', was: "channel.on('reset', (reset) => (missed = reset)),", becomes: '' },
    { name: 'for await stops after one event', was: 'done?.();', becomes: '' },
    {
      name: 'for await that a listener ends keeps the channel',
      was: 'if (isOver) leave();\n        else stops.push(leave);',
      becomes: 'stops.push(leave);',
    },
    { name: 'close leaves loops waiting', was: 'channels.forEach((channel) => channel.closed());', becomes: '' },
  ],
  [TABS]: [
    { name: 'an event is delivered twice', was: '+offset! <= +lastOffset!', becomes: '+offset! < +lastOffset!' },
    {
      name: 'a tab without a token shares the connection of a user',
      was: 'if (isAnonymous && this.#user !== null) this.#endForOtherUser();',
      becomes: '',
    },
    {
      name: 'a sign-in elsewhere leaves tabs without a token on the connection',
      was: 'if (user === null || anonymous.length === 0) return;',
      becomes: 'return;',
    },
    {
      name: 'tabs of the former user stay after a sign-in elsewhere',
      was: "if (asker.isAuth && frame.type === 'error' && frame.code === 'forbidden') this.#endForOtherUser();",
      becomes: '',
    },
    {
      name: 'the connection of the former user stays open',
      was: 'this.#ended(4401, ANOTHER_USER);\n    socket?.close(1000);',
      becomes: 'this.#ended(4401, ANOTHER_USER);',
    },
    {
      name: 'a closed tab keeps its channels',
      was: 'for (const channel of this.#channels.values()) channel.leave(port);',
      becomes: '',
    },
    {
      name: 'a socket opens twice',
      was: 'if (this.#ports.has(port)) return;',
      becomes: '',
    },
    {
      name: 'the connection outlives the last tab',
      was: 'if (this.#ports.size === 0) this.drop();',
      becomes: '',
      spec: 'src/client/shared/hub.spec.ts', // the leader drops its hub seconds later, as it ends
    },
    {
      name: 'a tab that is behind joins at the position of the others',
      was: 'if (this.#isOpen && !this.#isBehind(joining.target)) this.#add(joining);',
      becomes: 'if (this.#isOpen) this.#add(joining);',
    },
    {
      name: 'others are dropped when a tab that is behind cannot resume',
      was: 'this.#restore(isCut ? [...others, port] : others, before);',
      becomes: '',
    },
    {
      name: 'the position of a shared channel does not advance',
      was: 'this.#position = frame.id ?? this.#position;',
      becomes: '',
    },
    {
      name: 'a frozen leader keeps the lock',
      was: 'if (this.#hub === undefined) this.#leadership.steal();',
      becomes: '',
    },
    { name: 'a tab that crashed stays in the hub', was: 'this.#hub?.leave(left);', becomes: '' },
    {
      name: 'tabs do not join a new leader',
      was: "for (const socket of [...this.#sockets.values()]) socket.take({ op: 'leads' });",
      becomes: '',
    },
    {
      name: 'messages of a former leader are accepted',
      was: 'if (from !== this.#leader) return;',
      becomes: '',
      spec: 'src/client/shared/shared.spec.ts',
    },
    {
      name: 'a leader that lost its lock does not compete again',
      was: 'this.lost();\n      }\n      this.queue();',
      becomes: 'this.lost();\n      }',
    },
    {
      name: 'frames without an answer are kept forever',
      was: 'if (this.#asked.size > MAX_ASKED) this.#asked.delete(this.#asked.keys().next().value!);',
      becomes: '',
      spec: 'src/client/shared/hub.spec.ts',
    },
    {
      name: 'a leader that does not know a socket does not answer it',
      was: "this.toPorts({ op: 'closed', ports: [port], code: 1012, reason: 'another tab leads now' }); // the client would wait forever",
      becomes: 'return;',
      spec: 'src/client/shared/shared.spec.ts',
    },
  ],
  [STREAMS]: [
    {
      name: 'it never streams',
      was: 'return this.#failures >= MAX_FAILED_SOCKETS;',
      becomes: 'return false;',
      spec: FALLBACK,
    },
    {
      name: 'an offline network changes the transport',
      was: 'this.#failures = MAX_FAILED_SOCKETS - 1;\n    this.#isStreaming = false;',
      becomes: '',
      spec: FALLBACK,
    },
    { name: 'it never tries a WebSocket again', was: 'else this.#scheduleProbe();', becomes: '' },
    {
      name: 'it tries a WebSocket once',
      was: 'host.memory.probeLater();\n        this.#scheduleProbe();',
      becomes: '',
      spec: FALLBACK,
    },
    {
      name: 'a try has no time limit',
      was: 'this.#timer = setTimeout(() => this.#fail(),',
      becomes: 'void (() => this.#fail(),',
    },
    { name: 'tries continue after the end', was: 'clearTimeout(this.#probeTimer);', becomes: '', spec: FALLBACK },
    { name: 'a try outlives its stream', was: 'this.#probe.stop();', becomes: '', spec: FALLBACK },
    { name: 'the stream outlives the change', was: 'this.#chosen?.close();', becomes: '' },
    {
      name: 'a WebSocket that was not taken over stays open',
      was: 'const timer = setTimeout(() => this.take',
      becomes: 'const timer = setTimeout(() => null && this.take',
      spec: FALLBACK,
    },
    {
      name: 'a WebSocket of the former user is taken over',
      was: 'ready?.key === keyOf(given, isAnonymous) &&',
      becomes: 'ready &&',
    },
    { name: 'the late candidate stays open', was: '} else other?.close();', becomes: '}', spec: FALLBACK },
    {
      name: 'frames before the choice are lost',
      was: 'for (const text of [...this.#identities.splice(0), ...this.#kept.splice(0)])',
      becomes: 'for (const text of this.#identities.splice(0))',
      spec: FALLBACK,
    },
    {
      name: 'a candidate misses the token',
      was: 'for (const text of this.#early) candidate.send(text);',
      becomes: '',
      spec: FALLBACK,
    },
    {
      name: 'a silent WebSocket is waited for',
      was: 'if (memory.failures > 0 || !memory.hasSocketWorked) {',
      becomes: 'if (memory.failures < 0) {',
      spec: FALLBACK,
    },
    {
      name: 'frames that the server refused for now are lost',
      was: 'this.#waiting.unshift(...frames);',
      becomes: '',
      spec: 'src/client/sse/stream-socket.spec.ts',
    },
    {
      name: 'a connection whose frames are lost continues',
      was: 'return this.failed({ code, reason:',
      becomes: 'return void ({ code, reason:',
    },
    {
      name: 'a stream without a heartbeat goes unnoticed',
      was: 'const HEARTBEATS = 2.5;',
      becomes: 'const HEARTBEATS = 2_500;',
    },
  ],
};
