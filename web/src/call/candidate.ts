// ICE candidates as plain values. Parses the candidate attribute (RFC 8839 section 5.1) and adds
// what only the browser's object knows. Hostile text gives null, never an exception.

import type { CandidateInfo } from './events.ts';

/** Longest attribute taken from another member; real ones stay near 200. */
export const kMaxCandidateText = 1024;

const kTypes = new Set(['host', 'srflx', 'prflx', 'relay']);

export interface CandidateLike {
  candidate: string;
  sdpMid?: string | null;
  sdpMLineIndex?: number | null;
  usernameFragment?: string | null;
  relayProtocol?: string | null;
  url?: string | null;
}

export function describeCandidate(from: CandidateLike): CandidateInfo | null {
  const text = from.candidate.replace(/^a=/, '').replace(/^candidate:/, '').trim();
  const info: CandidateInfo = {
    candidate: from.candidate,
    mid: from.sdpMid ?? null,
    mLine: from.sdpMLineIndex ?? null,
    type: 'end',
    protocol: '',
    address: '',
    port: 0,
  };
  if (from.usernameFragment) info.ufrag = from.usernameFragment;
  if (text === '') return info;
  if (text.length > kMaxCandidateText) return null;
  const [, , protocol, priority, address, port, typ, type, ...rest] = text.split(/\s+/);
  const transport = protocol?.toLowerCase();
  if (typ !== 'typ' || !type || !kTypes.has(type) || address === undefined) return null;
  if (transport !== 'udp' && transport !== 'tcp') return null;
  info.type = type as CandidateInfo['type'];
  info.protocol = transport;
  info.priority = Number(priority);
  info.address = address;
  info.port = Number(port);
  if (!Number.isInteger(info.port) || info.port < 0 || info.port > 65535) return null;
  addExtensions(info, rest);
  if (isRelayProtocol(from.relayProtocol)) info.relayProtocol = from.relayProtocol;
  if (from.url) info.url = from.url;
  return info;
}

function addExtensions(info: CandidateInfo, rest: readonly string[]): void {
  const value = (name: string): string | undefined => {
    const at = rest.indexOf(name);
    return at >= 0 && at % 2 === 0 ? rest[at + 1] : undefined;
  };
  const address = value('raddr');
  const port = Number(value('rport'));
  // Browsers that hide the base write 0.0.0.0:0 or [::]:0 here; that is no address.
  if (address && port > 0 && port < 65536) info.related = { address, port };
  const tcpType = value('tcptype');
  if (tcpType === 'active' || tcpType === 'passive' || tcpType === 'so') info.tcpType = tcpType;
  const ufrag = value('ufrag');
  if (ufrag && !info.ufrag) info.ufrag = ufrag;
}

export function isRelayProtocol(text: unknown): text is 'udp' | 'tcp' | 'tls' {
  return text === 'udp' || text === 'tcp' || text === 'tls';
}
