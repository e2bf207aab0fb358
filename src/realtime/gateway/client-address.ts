import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import proxyAddr from 'proxy-addr';

/** Network address of a client. */
export interface ClientAddress {
  /** Empty on a Unix socket, and if the socket is closed already. */
  readonly address: string;
  /** Key of limits per address. `null` if it would be the address of a proxy, which all clients behind it share. */
  readonly countedAs: string | null;
}

type Request = Pick<IncomingMessage, 'headers' | 'socket'>;

/**
 * Finds the client behind trusted proxies. Without trusted proxies the address of the socket counts, and headers are
 * ignored.
 */
export class ClientAddresses {
  private readonly isTrusted: ((address: string, hops: number) => boolean) | null;

  /** @param trustedProxies addresses and ranges, as `proxy-addr` reads them */
  constructor(trustedProxies: readonly string[]) {
    this.isTrusted = trustedProxies.length === 0 ? null : proxyAddr.compile([...trustedProxies]);
  }

  /**
   * @param isUnixSocket returns true if the server listens on a Unix socket; its peers have no address and count as
   * loopback. It is called only if the socket has no address, which is also the case after a reset.
   */
  of(request: Request, isUnixSocket: () => boolean = () => false): ClientAddress {
    const { remoteAddress } = request.socket;
    if (remoteAddress === undefined) return this.ofUnixPeer(request, isUnixSocket);
    const peer = plain(remoteAddress);
    if (this.isTrusted === null) {
      return { address: peer, countedAs: seemsAProxy(request, peer) ? null : network(peer) };
    }
    return this.behindProxies(request, peer) ?? { address: peer, countedAs: network(peer) };
  }

  /** Clients on a Unix socket must not count as one address: unless a trusted proxy names them, they are not counted. */
  private ofUnixPeer({ headers }: Request, isUnixSocket: () => boolean): ClientAddress {
    const unknown = { address: '', countedAs: null };
    if (this.isTrusted === null || !isUnixSocket() || !this.isTrusted(LOOPBACK, 0)) return unknown;
    const socket = { remoteAddress: LOOPBACK } as IncomingMessage['socket'];
    const found = this.behindProxies({ headers, socket }, LOOPBACK);
    return found === null || found.address === LOOPBACK ? unknown : found;
  }

  /** @returns `null` if the header contains no valid address, which means that no proxy wrote it */
  private behindProxies(request: Request, peer: string): ClientAddress | null {
    const found = plain(proxyAddr(request as IncomingMessage, this.isTrusted!) ?? peer);
    return ipaddr.isValid(found) ? { address: found, countedAs: network(found) } : null;
  }
}

const LOOPBACK = '127.0.0.1';

/** Address ranges that do not occur on the internet. */
const PRIVATE: ReadonlySet<string> = new Set(['loopback', 'private', 'linkLocal', 'uniqueLocal', 'carrierGradeNat']);

/**
 * Returns true for a peer in a private network that sends forwarding headers. A client on the internet cannot pretend to
 * be such a peer, because its address is public.
 */
function seemsAProxy({ headers }: Request, peer: string): boolean {
  if (headers['x-forwarded-for'] === undefined && headers['forwarded'] === undefined) return false;
  return ipaddr.isValid(peer) && PRIVATE.has(ipaddr.parse(peer).range());
}

/** Removes the port, which some proxies add, and unmaps an IPv4-mapped address. */
function plain(text: string): string {
  const address = /^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text;
  return address.startsWith('::') && ipaddr.isValid(address) ? ipaddr.process(address).toString() : address;
}

/** Returns the /64 network of an IPv6 address: a client with one address of it can use all of them. */
function network(address: string): string {
  if (!ipaddr.IPv6.isValid(address)) return address;
  return `${ipaddr.IPv6.parse(address)
    .parts.slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}
