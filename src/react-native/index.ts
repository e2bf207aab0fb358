/** Connects the client to the state of the application and of the network in React Native. It imports no package. */
import type { Stop } from '../client/index.js';

/** The part of `AppState` of `react-native` that is used. */
export interface AppStateLike {
  addEventListener(type: 'change', listener: (state: string) => void): { remove(): void };
}

/** State of the network, as NetInfo reports it. */
export interface NetworkState {
  /** `wifi`, `cellular`, `none` and others. */
  readonly type: string;
  /** `null` if it is unknown. */
  readonly isConnected: boolean | null;
  /** Details of this type, such as the address in a Wi-Fi. */
  readonly details?: unknown;
}

/** The part of `@react-native-community/netinfo` that is used. */
export interface NetInfoLike {
  addEventListener(listener: (state: NetworkState) => void): Stop;
}

/** Sources of reports about the device. Pass the modules that the application has. */
export interface Device {
  /** `AppState` of `react-native`. */
  readonly AppState?: AppStateLike | undefined;
  /** The default export of `@react-native-community/netinfo`. */
  readonly NetInfo?: NetInfoLike | undefined;
}

/**
 * Makes a client check its connection, or connect at once, when the application returns to the foreground, when the network
 * is back, and when the device changes from one network to another. A connection that did not survive is replaced within seconds, and
 * every channel resumes.
 * @param client a client, or anything else with its `wake`
 * @returns a function that ends it
 */
export function watchDevice(client: { wake(): void }, { AppState, NetInfo }: Device): Stop {
  let network: string | undefined;
  const ofApp = AppState?.addEventListener('change', (state) => {
    if (state === 'active') client.wake();
  });
  const endOfNetwork = NetInfo?.addEventListener(({ type, isConnected, details }) => {
    // The first report is about the present. `null` is unknown: the client finds out by itself.
    const next = isConnected === false ? 'none' : `${type} ${addressIn(details)}`;
    const isNew = network !== undefined && next !== network;
    network = next;
    if (isNew && next !== 'none') client.wake();
  });
  return () => {
    ofApp?.remove();
    endOfNetwork?.();
  };
}

/** Returns the address of the device, which is different in another network of the same type. */
function addressIn(details: unknown): string {
  const { ipAddress } = (details ?? {}) as { ipAddress?: unknown };
  return typeof ipAddress === 'string' ? ipAddress : '';
}
