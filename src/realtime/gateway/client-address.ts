import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import proxyAddr from 'proxy-addr';

/** Where a client comes from. */
export interface ClientAddress {
  /** Its address; empty on a Unix socket, and if the socket is gone already. */
  readonly address: string;
  /** The key of limits per address; `null` if it would be a proxy, shared by all clients behind it. */
  readonly countedAs: string | null;
}

type Request = Pick<IncomingMessage, 'headers' | 'socket'>;

/** Finds the client behind the proxies that are trusted; without such, what the socket says counts, whatever a header claims. */
export class ClientAddresses {
  private readonly isTrusted: ((address: string, hops: number) => boolean) | null;

  /** @param trustedProxies addresses and ranges, as `proxy-addr` reads them */
  constructor(trustedProxies: readonly string[]) {
    this.isTrusted = trustedProxies.length === 0 ? null : proxyAddr.compile([...trustedProxies]);
  }

  /**
   * @param isUnixSocket returns true if the server listens on a Unix socket: its peers have no address, and count as
   * loopback.
   * It is called only if the socket has no address, because a socket that was reset has none either
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

  /** Clients on one Unix socket must not count as one address: unless a trusted proxy names them, they do not count. */
  private ofUnixPeer({ headers }: Request, isUnixSocket: () => boolean): ClientAddress {
    const unknown = { address: '', countedAs: null };
    if (this.isTrusted === null || !isUnixSocket() || !this.isTrusted(LOOPBACK, 0)) return unknown;
    const socket = { remoteAddress: LOOPBACK } as IncomingMessage['socket'];
    const found = this.behindProxies({ headers, socket }, LOOPBACK);
    return found === null || found.address === LOOPBACK ? unknown : found;
  }

  /** @returns `null` if the header contains no valid address, so that no proxy wrote it */
  private behindProxies(request: Request, peer: string): ClientAddress | null {
    const found = plain(proxyAddr(request as IncomingMessage, this.isTrusted!) ?? peer);
    return ipaddr.isValid(found) ? { address: found, countedAs: network(found) } : null;
  }
}

const LOOPBACK = '127.0.0.1';

/** Address ranges that do not occur on the internet. */
const PRIVATE: ReadonlySet<string> = new Set(['loopback', 'private', 'linkLocal', 'uniqueLocal', 'carrierGradeNat']);

/**
 * Returns true for a peer in a private network that sends forwarding headers. A client on the internet cannot pretend
 * that: its own address is public.
 */
function seemsAProxy({ headers }: Request, peer: string): boolean {
  if (headers['x-forwarded-for'] === undefined && headers['forwarded'] === undefined) return false;
  return ipaddr.isValid(peer) && PRIVATE.has(ipaddr.parse(peer).range());
}

/** Without a port, which some proxies add, and an IPv4 address in its own form. */
function plain(text: string): string {
  const address = /^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text;
  return address.startsWith('::') && ipaddr.isValid(address) ? ipaddr.process(address).toString() : address;
}

/** IPv6 is given out by networks of 64 bits: who has one address has them all. */
function network(address: string): string {
  if (!ipaddr.IPv6.isValid(address)) return address;
  return `${ipaddr.IPv6.parse(address)
    .parts.slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}
