// What the page's own address says: room, token and the switches tests use. Pure.

import type { PageAddress } from './call.ts';

/** Room names as the page accepts them typed; the server has the last word. */
export const kMaxRoomName = 64;

export function parseAddress(href: string): PageAddress {
  const url = new URL(href);
  const fragment = new URLSearchParams(url.hash.replace(/^#/, ''));
  const ice = url.searchParams.get('ice');
  const relay = url.searchParams.get('relay');
  const match = /^\/r\/([^/]+)\/?$/.exec(url.pathname);
  return {
    room: match ? decodeRoom(match[1] ?? '') : null,
    token: fragment.get('token') ?? url.searchParams.get('token'),
    icePolicy: ice === 'relay' ? 'relay' : 'all',
    relayFilter: relay === 'udp' || relay === 'tcp' || relay === 'tls' ? relay : null,
  };
}

function decodeRoom(text: string): string | null {
  try {
    return decodeURIComponent(text) || null;
  } catch {
    return null; // a stray % sign
  }
}

/** The link to hand out: never with the holder's own token, which names its holder. */
export function roomLink(href: string, room: string): string {
  return new URL(`/r/${encodeURIComponent(room)}`, href).href;
}

export function signalUrl(href: string): string {
  const url = new URL('/signal', href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

/** Host names that mean "this computer" to whoever opens them. */
export function isLoopbackHost(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' ||
    /^127(\.\d{1,3}){3}$/.test(name);
}

/** How a TURN URL travels (RFC 7065); null for STUN URLs. */
export function relayTransport(url: string): 'udp' | 'tcp' | 'tls' | null {
  if (/^turns:/i.test(url)) return 'tls';
  if (!/^turn:/i.test(url)) return null;
  return /[?&]transport=tcp\b/i.test(url) ? 'tcp' : 'udp';
}

/** Keeps only the TURN URLs of one transport when the address asks for it; STUN stays. */
export function filterIceServers(
  servers: readonly RTCIceServer[],
  filter: PageAddress['relayFilter'],
): RTCIceServer[] {
  if (!filter) return [...servers];
  const kept: RTCIceServer[] = [];
  for (const server of servers) {
    const urls = [server.urls].flat().filter((url) => {
      const transport = relayTransport(url);
      return transport === null || transport === filter;
    });
    if (urls.length > 0) kept.push({ ...server, urls });
  }
  return kept;
}
