// Step 1, Address: what STUN servers see of us, and what two of them together say about the NAT.
// One connection asks all of them from the same local ports (RFC 4787 section 4.1 is about one
// internal endpoint); nothing is sent to anybody else. Says no more than was seen: equal answers
// prove nothing, a missing answer is a missing answer.

import { describeCandidate } from './candidate.ts';
import type { CandidateInfo, Endpoint, EventBodies, MappingVerdict } from './events.ts';
import type { EventLog } from './log.ts';
import type { Timers } from './timers.ts';

/** Browsers give up on a STUN server after about 10 s; a UDP path that works answers in one. */
export const kProbeTimeoutMs = 5_000;
/** A browser that finishes within this has its answers; afterwards it may have given up. */
const kAnsweredWithinMs = 3_000;

export interface Mapping {
  url: string; // '' when the browser does not tell
  mapped: Endpoint;
  base: string; // equal for answers to the same local port
}

export interface ProbeView {
  mappings: readonly Mapping[];
  errors: ReadonlyMap<string, { code: number; text: string }>;
  asked: readonly string[];
  /** The browser finished by itself, soon enough to have had its answers. */
  finished: boolean;
}

/** Pure: the outcome per URL and the verdict over all. */
export function judgeProbe(view: ProbeView): {
  results: Omit<EventBodies['probe-result'], 'ms'>[];
  verdict: MappingVerdict;
  mapped?: Endpoint;
} {
  const results = view.asked.map((url) => judgeUrl(view, url));
  const answered = results.filter((result) => result.outcome === 'mapped' || result.outcome === 'same-as-host');
  const mapped = view.mappings[0]?.mapped;
  const verdict: MappingVerdict =
    answered.length === 0 && view.mappings.length === 0
      ? 'none'
      : isSymmetric(view.mappings)
        ? 'symmetric'
        : answered.length > 1
          ? 'same'
          : 'one-answer';
  return mapped ? { results, verdict, mapped } : { results, verdict };
}

/** Two different mapped endpoints of one family for one local port, given by two servers. */
function isSymmetric(mappings: readonly Mapping[]): boolean {
  return mappings.some((a) =>
    mappings.some((b) =>
      a.base === b.base &&
      a.mapped.address.includes(':') === b.mapped.address.includes(':') &&
      (a.mapped.port !== b.mapped.port || a.mapped.address !== b.mapped.address) &&
      (a.url !== b.url || a.url === ''),
    ),
  );
}

function judgeUrl(view: ProbeView, url: string): Omit<EventBodies['probe-result'], 'ms'> {
  const own = view.mappings.find((mapping) => sameServer(mapping.url, url));
  if (own) return { url, outcome: 'mapped', mapped: own.mapped };
  const error = view.errors.get(url);
  if (error) {
    const timeout = error.code === 701 && /time/i.test(error.text);
    return { url, outcome: timeout ? 'timeout' : 'error', ...error };
  }
  if (!view.finished) return { url, outcome: 'timeout' };
  // Answered, but browsers fold equal candidates: into another server's answer, or into a host's.
  const other = view.mappings[0];
  return other
    ? { url, outcome: 'mapped', mapped: other.mapped }
    : { url, outcome: 'same-as-host' };
}

/** "stun:host" and "stun:host:3478?transport=udp" are one server. */
export function sameServer(a: string, b: string): boolean {
  const plain = (url: string): string => {
    const text = url.toLowerCase().replace(/\?.*$/, '');
    return /:\d+$/.test(text.replace(/^stun:/, '')) ? text : `${text}:3478`;
  };
  return a !== '' && plain(a) === plain(b);
}

/** Asks and records; resolves when all is known or the time is over. */
export function probe(
  urls: readonly string[],
  createConnection: (configuration: RTCConfiguration) => RTCPeerConnection,
  log: EventLog,
  timers: Timers,
): Promise<MappingVerdict> {
  return new Promise((resolve) => {
    const start = timers.now();
    log.record('probe-start', { urls: [...urls] });
    const connection = createConnection({ iceServers: urls.map((url) => ({ urls: url })) });
    const mappings: Mapping[] = [];
    const errors = new Map<string, { code: number; text: string }>();
    const answeredAt = new Map<string, number>();
    let done = false;

    const finish = (finished: boolean): void => {
      if (done) return;
      done = true;
      cancel();
      connection.close();
      const view: ProbeView = { mappings, errors, asked: urls, finished };
      const { results, verdict, mapped } = judgeProbe(view);
      const now = timers.now() - start;
      for (const result of results) {
        log.record('probe-result', { ...result, ms: answeredAt.get(result.url) ?? now });
      }
      const answered = results.filter((r) => r.outcome === 'mapped' || r.outcome === 'same-as-host').length;
      log.record('probe-done', { verdict, ...(mapped ? { mapped } : {}), answered, asked: urls.length });
      resolve(verdict);
    };
    const cancel = timers.after(kProbeTimeoutMs, () => finish(false));

    connection.onicecandidate = ({ candidate }) => {
      if (!candidate) return;
      const info = describeCandidate(candidate);
      if (!info || info.type === 'end') return;
      if (info.type === 'host') log.record('probe-host', { candidate: info });
      if (info.type !== 'srflx' || info.protocol !== 'udp') return;
      mappings.push({ url: info.url ?? '', mapped: { address: info.address, port: info.port }, base: baseOf(info) });
      for (const url of urls) {
        if (sameServer(info.url ?? '', url)) answeredAt.set(url, timers.now() - start);
      }
    };
    connection.onicecandidateerror = (event) => {
      const url = urls.find((asked) => sameServer(event.url, asked)) ?? event.url;
      errors.set(url, { code: event.errorCode, text: event.errorText });
    };
    connection.onicegatheringstatechange = () => {
      if (connection.iceGatheringState === 'complete') finish(timers.now() - start < kAnsweredWithinMs);
    };
    connection.createDataChannel('probe');
    connection.setLocalDescription().catch(() => finish(false));
  });
}

/** The local port, or where the browser hides it what else tells two of them apart. */
function baseOf(info: CandidateInfo): string {
  return info.related ? `${info.related.address} ${info.related.port}` : `? ${info.priority}`;
}
