import { watchDevice, type NetworkState } from './index.js';

describe('watchDevice', () => {
  function start() {
    const listeners = { app: new Set<(state: string) => void>(), network: new Set<(state: NetworkState) => void>() };
    let wakes = 0;
    const add = <T>(set: Set<T>, listener: T) => {
      set.add(listener);
      return () => void set.delete(listener);
    };
    const AppState = {
      addEventListener: (_: 'change', listener: (state: string) => void) => ({ remove: add(listeners.app, listener) }),
    };
    const NetInfo = { addEventListener: (listener: (state: NetworkState) => void) => add(listeners.network, listener) };
    const client = { wake: () => void (wakes += 1) };
    /** Returns the number of calls of `wake` for these states of the application. */
    const app = (...states: string[]): number => {
      const before = wakes;
      for (const state of states) for (const listener of listeners.app) listener(state);
      return wakes - before;
    };
    const network = (type: string, isConnected: boolean | null = true, ipAddress?: string): number => {
      const before = wakes;
      for (const listener of listeners.network)
        listener({ type, isConnected, details: ipAddress ? { ipAddress } : null });
      return wakes - before;
    };
    return { listeners, AppState, NetInfo, client, app, network };
  }

  it('wakes the client when the application returns to the foreground', () => {
    const { AppState, client, app } = start();
    watchDevice(client, { AppState });
    expect(app('inactive', 'background')).toBe(0);
    expect(app('active')).toBe(1);
  });

  it('wakes the client when the network is back or another one, and not for each report', () => {
    const { NetInfo, client, network } = start();
    watchDevice(client, { NetInfo });
    expect(network('wifi', true, '10.0.0.2')).toBe(0); // the present, on subscribing
    expect(network('wifi', true, '10.0.0.2')).toBe(0);
    expect(network('none', false)).toBe(0);
    expect(network('none', false)).toBe(0);
    expect(network('wifi', true, '10.0.0.2')).toBe(1);
    expect(network('cellular')).toBe(1);
    expect(network('cellular', null)).toBe(0);
    expect(network('wifi', true, '192.168.1.9')).toBe(1);
    expect(network('wifi', true, '192.168.7.1')).toBe(1); // another Wi-Fi
  });

  it('ends, and needs neither module', () => {
    const { AppState, NetInfo, client, app, network, listeners } = start();
    network('wifi');
    watchDevice(client, { AppState, NetInfo })();
    expect([listeners.app.size, listeners.network.size]).toEqual([0, 0]);
    watchDevice(client, {})();
    expect(app('active') + network('cellular')).toBe(0);
  });
});
