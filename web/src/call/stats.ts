// Reads RTCStatsReport: candidate pairs in the log's words, and one sample a second for the charts.
// Browsers differ in what they tell; what is missing is null, never guessed.

import { isRelayProtocol } from './candidate.ts';
import type { PairEnd, PairInfo, StatsSample, VideoSample } from './events.ts';

type Stat = Record<string, unknown> & { id: string; type: string };
type Report = ReadonlyMap<string, Stat>;

const num = (value: unknown): number => (typeof value === 'number' ? value : 0);
const numOrNull = (value: unknown): number | null => (typeof value === 'number' ? value : null);
const str = (value: unknown): string => (typeof value === 'string' ? value : '');

export function asReport(report: RTCStatsReport): Report {
  return report as unknown as Report;
}

function readEnd(stat: Stat | undefined): PairEnd | null {
  if (!stat) return null;
  const type = str(stat['candidateType']);
  if (type !== 'host' && type !== 'srflx' && type !== 'prflx' && type !== 'relay') return null;
  const end: PairEnd = {
    type,
    protocol: str(stat['protocol']).toLowerCase() === 'tcp' ? 'tcp' : 'udp',
    address: str(stat['address']) || str(stat['ip']),
    port: num(stat['port']),
  };
  if (isRelayProtocol(stat['relayProtocol'])) end.relayProtocol = stat['relayProtocol'];
  if (str(stat['url'])) end.url = str(stat['url']);
  if (str(stat['relatedAddress'])) {
    end.related = { address: str(stat['relatedAddress']), port: num(stat['relatedPort']) };
  }
  return end;
}

const kPairStates: Record<string, PairInfo['state']> = {
  frozen: 'frozen',
  waiting: 'waiting',
  'in-progress': 'in-progress',
  inprogress: 'in-progress', // Firefox's older word
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'failed', // Firefox: pruned after nomination
};

/** The pair that carries the connection now. Firefox marks the pair, the others the transport. */
function selectedId(report: Report): string {
  for (const stat of report.values()) {
    if (stat.type === 'transport' && str(stat['selectedCandidatePairId'])) {
      return str(stat['selectedCandidatePairId']);
    }
  }
  for (const stat of report.values()) {
    if (stat.type === 'candidate-pair' && stat['selected'] === true) return stat.id;
  }
  return '';
}

export function readPairs(report: Report): PairInfo[] {
  const selected = selectedId(report);
  const pairs: PairInfo[] = [];
  for (const stat of report.values()) {
    if (stat.type !== 'candidate-pair') continue;
    const local = readEnd(report.get(str(stat['localCandidateId'])));
    const remote = readEnd(report.get(str(stat['remoteCandidateId'])));
    if (!local || !remote) continue;
    const seconds = numOrNull(stat['currentRoundTripTime']);
    pairs.push({
      id: stat.id,
      state: kPairStates[str(stat['state'])] ?? 'waiting',
      nominated: stat['nominated'] === true,
      selected: stat.id === selected,
      local,
      remote,
      requestsSent: num(stat['requestsSent']),
      responsesReceived: num(stat['responsesReceived']),
      requestsReceived: num(stat['requestsReceived']),
      rttMs: seconds === null ? null : seconds * 1000,
    });
  }
  return pairs;
}

/**
 * Follows the pairs of one connection. Remembers all it has seen, for browsers forget failed pairs
 * and the failure card counts them. Limit: kMaxPairs; later ones are not followed.
 */
export const kMaxPairs = 500;

export class PairTracker {
  private known = new Map<string, PairInfo>();
  private present = new Set<string>();

  /** What changed since the last look; null when nothing did. */
  update(pairs: readonly PairInfo[]): { pairs: PairInfo[]; gone: string[] } | null {
    const changed: PairInfo[] = [];
    for (const pair of pairs) {
      const before = this.known.get(pair.id);
      if (!before && this.known.size >= kMaxPairs) continue;
      if (!before || !this.present.has(pair.id) || differs(before, pair)) changed.push(pair);
      this.known.set(pair.id, pair);
    }
    const now = new Set(pairs.map((pair) => pair.id));
    const gone = [...this.present].filter((id) => !now.has(id));
    this.present = new Set([...now].filter((id) => this.known.has(id)));
    return changed.length > 0 || gone.length > 0 ? { pairs: changed, gone } : null;
  }

  /** Pairs on which a check was sent. Browsers that do not count requests show it by the state. */
  get tried(): number {
    return this.count((pair) => pair.requestsSent > 0 || ['in-progress', 'succeeded', 'failed'].includes(pair.state));
  }

  get answered(): number {
    return this.count((pair) => pair.responsesReceived > 0 || pair.state === 'succeeded');
  }

  /** Whether a path without any relay has answered. */
  directAnswered(isRelay: (end: PairEnd) => boolean): boolean {
    return this.count((pair) =>
      (pair.responsesReceived > 0 || pair.state === 'succeeded') && !isRelay(pair.local) && !isRelay(pair.remote)) > 0;
  }

  /** A new generation of ICE begins; its pairs are counted anew. */
  reset(): void {
    this.known.clear();
    this.present.clear();
  }

  private count(wanted: (pair: PairInfo) => boolean): number {
    let n = 0;
    for (const pair of this.known.values()) if (wanted(pair)) n += 1;
    return n;
  }
}

function differs(a: PairInfo, b: PairInfo): boolean {
  return a.state !== b.state || a.nominated !== b.nominated || a.selected !== b.selected ||
    (a.responsesReceived > 0) !== (b.responsesReceived > 0) ||
    (a.requestsSent > 0) !== (b.requestsSent > 0) ||
    a.remote.type !== b.remote.type || a.remote.address !== b.remote.address;
}

/** Which m-line carries what, by mid; anything later than the first two lines is a screen. */
export interface LineRoles {
  audio: string | null;
  video: string | null;
}

interface Before {
  at: number;
  bytes: Map<string, number>;
  packets: Map<string, { lost: number; received: number }>;
}

/** Makes samples out of reports; rates need two of them. */
export class Sampler {
  private before: Before | null = null;

  sample(report: Report, lines: LineRoles, pair: PairInfo | null): StatsSample {
    const rates = new RateMeter(this.before, report);
    this.before = rates.after;
    const inbound = streams(report, 'inbound-rtp');
    const outbound = streams(report, 'outbound-rtp');
    const remoteInbound = streams(report, 'remote-inbound-rtp');
    const audioIn = inbound.find((s) => s['kind'] === 'audio' && isLine(s, lines.audio));
    const audioOut = outbound.find((s) => s['kind'] === 'audio' && isLine(s, lines.audio));
    const transport = [...report.values()].find((s) => s.type === 'transport');
    const codecOf = (s: Stat | undefined): string =>
      s ? str(report.get(str(s['codecId']))?.['mimeType']).replace(/^\w+\//, '') : '';
    const video = (from: Stat[], line: string | null, screens: boolean): VideoSample | null => {
      const stat = largest(from.filter((s) => s['kind'] === 'video' && isLine(s, line) !== screens));
      return stat ? readVideo(stat, codecOf(stat), rates.of(stat)) : null;
    };
    return {
      rttMs: pair?.rttMs ?? roundTrip(remoteInbound),
      sendBps: sum(outbound, (s) => rates.of(s)),
      receiveBps: sum(inbound, (s) => rates.of(s)),
      lossIn: rates.lossIn(inbound),
      lossOut: lossOut(remoteInbound),
      jitterMs: audioIn ? num(audioIn['jitter']) * 1000 : null,
      audio: audioIn || audioOut
        ? {
            codec: codecOf(audioIn) || codecOf(audioOut),
            in: audioIn ? rates.of(audioIn) : 0,
            out: audioOut ? rates.of(audioOut) : 0,
          }
        : null,
      video: video(inbound, lines.video, false),
      screen: video(inbound, lines.video, true),
      sentVideo: video(outbound, lines.video, false),
      availableOutBps: availableOut(report, pair),
      dtls: str(transport?.['dtlsCipher']) || null,
      srtp: str(transport?.['srtpCipher']) || null,
    };
  }
}

/** Bits per second and losses between two reports, by stream id. */
class RateMeter {
  readonly after: Before;
  private readonly seconds: number;

  constructor(private readonly before: Before | null, report: Report) {
    let at = 0;
    const bytes = new Map<string, number>();
    const packets: Before['packets'] = new Map();
    for (const stat of report.values()) {
      if (stat.type !== 'inbound-rtp' && stat.type !== 'outbound-rtp') continue;
      at = Math.max(at, num(stat['timestamp']));
      bytes.set(stat.id, num(stat['bytesReceived']) + num(stat['bytesSent']));
      packets.set(stat.id, { lost: num(stat['packetsLost']), received: num(stat['packetsReceived']) });
    }
    this.after = { at, bytes, packets };
    this.seconds = before ? (at - before.at) / 1000 : 0;
  }

  of(stat: Stat): number {
    const was = this.before?.bytes.get(stat.id);
    const is = this.after.bytes.get(stat.id);
    if (was === undefined || is === undefined || this.seconds <= 0 || is < was) return 0;
    return Math.round(((is - was) * 8) / this.seconds);
  }

  lossIn(inbound: readonly Stat[]): number | null {
    let lost = 0;
    let received = 0;
    for (const stat of inbound) {
      const was = this.before?.packets.get(stat.id);
      const is = this.after.packets.get(stat.id);
      if (!was || !is) continue;
      lost += Math.max(0, is.lost - was.lost);
      received += Math.max(0, is.received - was.received);
    }
    return lost + received > 0 ? lost / (lost + received) : null;
  }
}

function streams(report: Report, type: string): Stat[] {
  return [...report.values()].filter((stat) => stat.type === type);
}

/** Streams without mid (older Firefox) count as the first line. */
function isLine(stat: Stat, mid: string | null): boolean {
  return mid === null || !str(stat['mid']) || str(stat['mid']) === mid;
}

function largest(stats: readonly Stat[]): Stat | undefined {
  return [...stats].sort((a, b) => num(b['frameHeight']) - num(a['frameHeight']))[0];
}

function readVideo(stat: Stat, codec: string, bps: number): VideoSample {
  return {
    codec,
    width: num(stat['frameWidth']),
    height: num(stat['frameHeight']),
    fps: Math.round(num(stat['framesPerSecond'])),
    bps,
    freezeCount: num(stat['freezeCount']),
    framesDecoded: num(stat['framesDecoded']) + num(stat['framesEncoded']),
  };
}

function sum(stats: readonly Stat[], of: (stat: Stat) => number): number {
  return stats.reduce((total, stat) => total + of(stat), 0);
}

function roundTrip(remoteInbound: readonly Stat[]): number | null {
  for (const stat of remoteInbound) {
    const seconds = numOrNull(stat['roundTripTime']);
    if (seconds !== null && seconds > 0) return seconds * 1000;
  }
  return null;
}

function lossOut(remoteInbound: readonly Stat[]): number | null {
  const parts = remoteInbound.map((s) => numOrNull(s['fractionLost'])).filter((n): n is number => n !== null);
  return parts.length > 0 ? Math.max(...parts) : null;
}

function availableOut(report: Report, pair: PairInfo | null): number | null {
  return pair ? numOrNull(report.get(pair.id)?.['availableOutgoingBitrate']) : null;
}
