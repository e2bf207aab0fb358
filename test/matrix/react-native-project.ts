import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finish } from '../package/installed.js';
import type { Tarballs } from '../package/pack.js';

/** The last line of React Native whose packages install on Node 20. */
const REACT_NATIVE = '0.81';

/** Without the setup of the preset, which replaces AppState, WebSocket and other modules with mocks. */
const JEST = `
const { haste, resolver, transform } = require('react-native/jest-preset');
module.exports = {
  ...{ haste, resolver, transform, testEnvironment: 'node', setupFiles: ['./native.js'] },
  transformIgnorePatterns: ['node_modules/(?!(react-native|@react-native|@react-native-community)/)'],
};
`;

/** The native side of React Native: code in Java, Objective-C and C++ on a phone. The sockets are those of the fake server. */
const NATIVE = `
const { FakeRealtimeServer } = require('nestjs-realtime-client/testing');

globalThis.__DEV__ = true;
globalThis.window = globalThis;
const emit = (name, body) => require('react-native').DeviceEventEmitter.emit(name, body);
const server = new FakeRealtimeServer();
const sockets = new Map();
const listeners = { addListener() {}, removeListeners() {} };
let network = { type: 'wifi', isConnected: true, isInternetReachable: true, details: { ipAddress: '10.0.0.2' } };
const constants = { isTesting: true, reactNativeVersion: { major: 0, minor: 0, patch: 0 }, osVersion: '18', systemName: 'iOS' };
const modules = {
  PlatformConstants: { getConstants: () => constants },
  AppState: {
    ...listeners,
    getConstants: () => ({ initialAppState: 'active' }),
    getCurrentAppState: (done) => done({ app_state: 'active' }),
  },
  RNCNetInfo: { ...listeners, getCurrentState: async () => network, configure() {} },
  WebSocketModule: {
    ...listeners,
    connect(url, protocols, options, id) {
      const socket = new server.WebSocket(url, protocols ?? []);
      sockets.set(id, socket);
      socket.onopen = () => emit('websocketOpen', { id, protocol: '' });
      socket.onmessage = ({ data }) => emit('websocketMessage', { id, type: 'text', data });
      socket.onclose = ({ code, reason }) => {
        if (code === 1006) emit('websocketFailed', { id, message: 'The connection was lost' });
        else emit('websocketClosed', { id, code, reason });
      };
    },
    send: (text, id) => sockets.get(id).send(text),
    close: (code, reason, id) => sockets.get(id).close(code, reason),
  },
};
globalThis.nativeModuleProxy = modules;
globalThis.__turboModuleProxy = (name) => modules[name] ?? null;
globalThis.phone = {
  server,
  setAppState: (app_state) => emit('appStateDidChange', { app_state }),
  setNetwork(next) {
    network = next;
    emit('netInfo.networkStatusDidChange', next);
  },
};
`;

const SPEC = `
const NetInfo = require('@react-native-community/netinfo').default;
const { AppState } = require('react-native');
const WebSocket = require('react-native/Libraries/WebSocket/WebSocket').default;
const { createRealtimeClient, subscribed } = require('nestjs-realtime-client');
const { watchDevice } = require('nestjs-realtime-client/react-native');

const { server, setAppState, setNetwork } = globalThis.phone;
const WIFI = { type: 'wifi', isConnected: true, isInternetReachable: true, details: { ipAddress: '10.0.0.2' } };
const CELLULAR = { type: 'cellular', isConnected: true, isInternetReachable: true, details: { carrier: null } };
const NONE = { type: 'none', isConnected: false, isInternetReachable: false, details: null };
/** Without watchDevice the next attempt would be minutes away. */
const PATIENT = { minDelayMs: 600_000, maxDelayMs: 600_000 };

let client, stop, received, channel;
async function begin(delays) {
  received = [];
  client = createRealtimeClient({ url: 'ws://fake/ws', token: 'ada', WebSocket, ...delays });
  stop = watchDevice(client, { AppState, NetInfo });
  channel = client.channel('apps:created');
  channel.on('event', ({ data }) => void received.push(data.name));
  channel.subscribe();
  await subscribed(channel);
  server.publish('apps:created', { id: '1', name: 'before' });
}
afterEach(() => {
  stop();
  client.close();
});
async function until(holds) {
  const deadline = Date.now() + 15_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('It did not come true: ' + holds);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
async function breakDown() {
  server.cut();
  await until(() => client.state === 'waiting');
  server.publish('apps:created', { id: '2', name: 'meanwhile' });
}

it('resumes when the application returns to the foreground', async () => {
  await begin(PATIENT);
  setAppState('background');
  await breakDown();
  setAppState('active');
  await until(() => received.length === 2);
  server.publish('apps:created', { id: '3', name: 'after' });
  await until(() => received.length === 3);
  expect(received).toEqual(['before', 'meanwhile', 'after']);
}, 30_000);

it('notices in the foreground that the connection did not survive', async () => {
  await begin({});
  setAppState('background');
  server.silence();
  server.publish('apps:created', { id: '2', name: 'meanwhile' });
  setAppState('active');
  await until(() => received.length === 2);
  expect(received).toEqual(['before', 'meanwhile']);
}, 30_000);

it('resumes when the network is back, also another one', async () => {
  await begin(PATIENT);
  setNetwork(NONE);
  await breakDown();
  setNetwork(CELLULAR);
  await until(() => received.length === 2);
  await breakDown();
  setNetwork(WIFI); // without a report of NONE
  await until(() => received.length === 3);
  expect(received).toEqual(['before', 'meanwhile', 'meanwhile']);
}, 30_000);
`;

const QUIETLY = ['--no-audit', '--no-fund', '--prefer-offline'];

/** Creates a project with React Native, NetInfo and the package. @throws Error with the output of the step that failed */
export async function makeReactNativeProject(root: string, { client }: Tarballs): Promise<void> {
  await mkdir(root);
  const files = {
    'package.json': JSON.stringify({ name: 'phone', private: true, scripts: { test: 'jest' } }),
    'babel.config.js': `module.exports = { presets: ['module:@react-native/babel-preset'] };`,
    ...{ 'jest.config.js': JEST, 'native.js': NATIVE, 'device.spec.js': SPEC },
  };
  for (const [path, text] of Object.entries(files)) await writeFile(join(root, path), text);
  const ofReactNative = [`react-native@${REACT_NATIVE}`, `@react-native/babel-preset@${REACT_NATIVE}`];
  const others = ['@react-native-community/netinfo', 'react@19.1', 'jest@29', '@babel/core'];
  await finish('npm', ['install', ...QUIETLY, ...ofReactNative, ...others, client.path], root);
}

/** Runs the specs of the project. @throws Error with their output if one fails */
export async function checkReactNativeProject(root: string, env: NodeJS.ProcessEnv): Promise<void> {
  await finish('npm', ['test'], root, { ...env, NODE_ENV: 'test' });
}
