import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import proxyAddr from 'proxy-addr';

/** Where a client comes from. */
export interface ClientAddress {
  /** Its address, as text; empty where the socket is gone already. */
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

  of(request: Request): ClientAddress {
    const peer = plain(request.socket.remoteAddress ?? '');
    if (this.isTrusted === null) {
      return { address: peer, countedAs: seemsAProxy(request, peer) ? null : network(peer) };
    }
    const found = plain(proxyAddr(request as IncomingMessage, this.isTrusted));
    // What is no address was not written by a proxy: the last that is known counts.
    const address = ipaddr.isValid(found) ? found : peer;
    return { address, countedAs: network(address) };
  }
}

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
