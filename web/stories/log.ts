// Writes event logs as the engine would: one method an event, time moved by hand.

import type {
  CallEvent, CandidateInfo, EventBodies, EventKind, PairEnd, PairInfo, PeerId, StatsSample,
} from '../src/call/events.ts';

export const kOffset = 4_211_380; // their clock minus ours, as an example

export class Log {
  readonly events: CallEvent[] = [];
  t = 0;

  at(t: number): this {
    this.t = t;
    return this;
  }
  after(ms: number): this {
    this.t += ms;
    return this;
  }
  add<K extends EventKind>(kind: K, body: EventBodies[K], peer?: PeerId): this {
    this.events.push({
      seq: this.events.length, t: this.t, by: 'you', kind, ...(peer ? { peer } : {}), ...body,
    } as unknown as CallEvent);
    return this;
  }
  /** An event told by `peer`, which happened `ago` milliseconds before now. */
  told<K extends EventKind>(peer: PeerId, ago: number, kind: K, body: EventBodies[K]): this {
    const t = this.t - ago;
    this.events.push({
      seq: this.events.length, t, by: peer, peer, approx: true, error: 4, remoteT: t + kOffset, kind, ...body,
    } as unknown as CallEvent);
    return this;
  }
  start(over: Partial<EventBodies['log-start']> = {}): this {
    return this.add('log-start', {
      version: 1, app: 'parley 0.1.0', wall: '2026-03-21T09:30:00.000Z', userAgent: 'stories',
      secure: true, loopback: false, icePolicy: 'all', relayFilter: null, ...over,
    });
  }
}

export const cand = {
  host: (address: string, port: number): CandidateInfo => ({
    candidate: `candidate:1 1 udp 2113937151 ${address} ${port} typ host generation 0 ufrag 8hWp`,
    mid: '0', mLine: 0, type: 'host', protocol: 'udp', address, port, ufrag: '8hWp', priority: 2113937151,
  }),
  srflx: (address: string, port: number, base: string, basePort: number): CandidateInfo => ({
    candidate: `candidate:2 1 udp 1677729535 ${address} ${port} typ srflx raddr ${base} rport ${basePort}`,
    mid: '0', mLine: 0, type: 'srflx', protocol: 'udp', address, port,
    related: { address: base, port: basePort }, url: 'stun:call.example.org:3478', priority: 1677729535,
  }),
  relay: (address: string, port: number, by: 'udp' | 'tcp' | 'tls' = 'udp'): CandidateInfo => ({
    candidate: `candidate:3 1 udp 33562367 ${address} ${port} typ relay raddr 203.0.113.7 rport 51234`,
    mid: '0', mLine: 0, type: 'relay', protocol: 'udp', address, port, relayProtocol: by,
    related: { address: '203.0.113.7', port: 51234 },
    url: by === 'tls' ? 'turns:call.example.org:5349?transport=tcp' : `turn:call.example.org:3478?transport=${by}`,
    priority: 33562367,
  }),
  end: (): CandidateInfo => ({
    candidate: '', mid: '0', mLine: 0, type: 'end', protocol: '', address: '', port: 0,
  }),
};

export const end = (
  type: PairEnd['type'], address: string, port: number, more: Partial<PairEnd> = {},
): PairEnd => ({ type, protocol: 'udp', address, port, ...more });

export function pair(
  id: string, local: PairEnd, remote: PairEnd, over: Partial<PairInfo> = {},
): PairInfo {
  return {
    id, local, remote, state: 'waiting', nominated: false, selected: false, requestsSent: 0,
    responsesReceived: 0, requestsReceived: 0, rttMs: null, ...over,
  };
}

export const sdp = (kind: 'offer' | 'answer'): string => [
  'v=0', `o=- 46117317${kind === 'offer' ? '03' : '88'} 2 IN IP4 127.0.0.1`, 's=-', 't=0 0',
  'a=group:BUNDLE 0 1 2', 'm=audio 9 UDP/TLS/RTP/SAVPF 111 63', 'c=IN IP4 0.0.0.0',
  'a=ice-ufrag:8hWp', 'a=ice-pwd:uQ8t3mUq7vXkYcS0fLw2bAzE', 'a=ice-options:trickle',
  'a=fingerprint:sha-256 7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08',
  `a=setup:${kind === 'offer' ? 'actpass' : 'active'}`, 'a=mid:0', 'a=rtpmap:111 opus/48000/2',
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97', 'a=mid:1', 'a=rtpmap:96 VP8/90000', '',
].join('\r\n');

/** Second `i` of a call's figures: small honest-looking waves, the same each time. */
export function sample(i: number, over: Partial<StatsSample> = {}): StatsSample {
  const wave = (period: number, phase = 0): number => Math.sin((i / period) * 2 * Math.PI + phase);
  const ramp = Math.min(1, 0.25 + i / 14);
  const video = 1_900_000 * ramp + 160_000 * wave(9);
  const out = 1_750_000 * ramp + 140_000 * wave(11, 2);
  const big = ramp > 0.6;
  return {
    rttMs: 18 + 2.2 * wave(7) + (i % 23 === 17 ? 9 : 0),
    sendBps: out + 38_000,
    receiveBps: video + 38_000,
    lossIn: i % 19 === 7 ? 0.012 : 0,
    lossOut: i % 31 === 12 ? 0.008 : 0,
    jitterMs: 3 + wave(5),
    audio: { codec: 'opus', in: 38_000, out: 38_000 },
    video: {
      codec: 'VP8', width: big ? 1280 : 640, height: big ? 720 : 360, fps: 30 - (i % 13 === 3 ? 3 : 0),
      bps: video, freezeCount: 0, framesDecoded: i * 30,
    },
    screen: null,
    sentVideo: {
      codec: 'VP8', width: 1280, height: 720, fps: 30, bps: out, freezeCount: 0, framesDecoded: i * 30,
    },
    availableOutBps: 4_000_000,
    dtls: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
    srtp: 'AES_CM_128_HMAC_SHA1_80',
    ...over,
  };
}
