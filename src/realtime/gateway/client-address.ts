import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import proxyAddr from 'proxy-addr';

/** Where a client comes from. */
export interface ClientAddress {
  /** Its address; empty on a Unix socket, and if the socket is gone already. */
  readonly address: string;
  /** What a limit per address counts by; `null` where that would count a proxy, and with it everybody behind it. */
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
   * @param isUnixSocket whether the server listens on a Unix socket: its peers have no address, and count as loopback.
   *   Asked only if the socket has no address, as one that was reset has none either
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

  /** @returns `null` if what was found is no address, so no proxy wrote it */
  private behindProxies(request: Request, peer: string): ClientAddress | null {
    const found = plain(proxyAddr(request as IncomingMessage, this.isTrusted!) ?? peer);
    return ipaddr.isValid(found) ? { address: found, countedAs: network(found) } : null;
  }
}

const LOOPBACK = '127.0.0.1';

/** What cannot come from the internet. */
const PRIVATE: ReadonlySet<string> = new Set(['loopback', 'private', 'linkLocal', 'uniqueLocal', 'carrierGradeNat']);

/**
 * Somebody of a private network who forwards for others. A client on the internet cannot claim that: its own address is
 * public, whatever it sends.
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
