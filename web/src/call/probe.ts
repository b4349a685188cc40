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

/** What one connection's gathering showed. */
export interface ProbeView {
  mappings: readonly Mapping[];
  errors: ReadonlyMap<string, { code: number; text: string }>;
  /** The browser finished by itself, soon enough to have had its answers. */
  finished: boolean;
  ms: number;
}

export type ProbeResult = EventBodies['probe-result'];

/**
 * Pure: what to say of each URL, and of all of them. `together` asked all from the same ports, which
 * alone lets their answers be compared; `alone` asked each by itself, for browsers fold an answer
 * that equals another candidate away, and a server that never answers then hides one that did.
 */
export function judgeProbe(
  asked: readonly string[],
  together: ProbeView,
  alone: readonly ProbeView[],
): { results: ProbeResult[]; verdict: MappingVerdict; mapped?: Endpoint } {
  const results = asked.map((url, at) => judgeUrl(url, together, alone[at] ?? together));
  const answered = results.filter(isAnswer).length;
  const mapped = results.find((result) => result.mapped)?.mapped;
  let verdict: MappingVerdict = 'one-answer';
  if (answered === 0) verdict = 'none';
  else if (isSymmetric(together.mappings)) verdict = 'symmetric';
  else if (answered > 1 && together.finished) verdict = 'same';
  return mapped ? { results, verdict, mapped } : { results, verdict };
}

export function isAnswer(result: ProbeResult): boolean {
  return result.outcome === 'mapped' || result.outcome === 'same-as-host';
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

function judgeUrl(url: string, together: ProbeView, alone: ProbeView): ProbeResult {
  const own = together.mappings.find((mapping) => sameServer(mapping.url, url));
  // Folded into an equal answer of another server, when all of them have answered.
  const folded = together.finished ? together.mappings[0] : undefined;
  const mapping = own ?? folded ?? alone.mappings[0];
  if (mapping) return { url, outcome: 'mapped', mapped: mapping.mapped, ms: Math.round(alone.ms) };
  const error = alone.errors.get(url);
  if (error) {
    // 701 is "no answer" of any sort (webrtc-pc 4.8.2); only its text tells a silent server.
    const timeout = error.code === 701 && /time/i.test(error.text);
    return { url, outcome: timeout ? 'timeout' : 'error', ...error, ms: Math.round(alone.ms) };
  }
  const outcome = alone.finished ? 'same-as-host' : 'timeout';
  return { url, outcome, ms: Math.round(alone.ms) };
}

/** "stun:host" and "stun:host:3478?transport=udp" are one server. */
export function sameServer(a: string, b: string): boolean {
  const plain = (url: string): string => {
    const text = url.toLowerCase().replace(/\?.*$/, '');
    return /:\d+$/.test(text.replace(/^stun:/, '')) ? text : `${text}:3478`;
  };
  return a !== '' && plain(a) === plain(b);
}

type Create = (configuration: RTCConfiguration) => RTCPeerConnection;

/** Asks and records; resolves when all is known or the time is over. */
export async function probe(
  urls: readonly string[],
  createConnection: Create,
  log: EventLog,
  timers: Timers,
): Promise<MappingVerdict> {
  log.record('probe-start', { urls: [...urls] });
  const host = (candidate: CandidateInfo): void => log.record('probe-host', { candidate });
  const [together, ...alone] = await Promise.all([
    ask(urls, createConnection, timers, host),
    ...(urls.length > 1 ? urls.map((url) => ask([url], createConnection, timers, () => undefined)) : []),
  ]);
  const { results, verdict, mapped } = judgeProbe(urls, together!, alone);
  for (const result of results) log.record('probe-result', result);
  const answered = results.filter(isAnswer).length;
  log.record('probe-done', { verdict, ...(mapped ? { mapped } : {}), answered, asked: urls.length });
  return verdict;
}

/** One connection that gathers and is thrown away. */
function ask(
  urls: readonly string[],
  createConnection: Create,
  timers: Timers,
  host: (candidate: CandidateInfo) => void,
): Promise<ProbeView> {
  return new Promise((resolve) => {
    const start = timers.now();
    const connection = createConnection({ iceServers: urls.map((url) => ({ urls: url })) });
    const mappings: Mapping[] = [];
    const errors: Map<string, { code: number; text: string }> = new Map();
    let done = false;
    const finish = (byItself: boolean): void => {
      if (done) return;
      done = true;
      cancel();
      connection.close();
      const ms = timers.now() - start;
      resolve({ mappings, errors, finished: byItself && ms < kAnsweredWithinMs, ms });
    };
    const cancel = timers.after(kProbeTimeoutMs, () => finish(false));
    connection.onicecandidate = ({ candidate }) => {
      const info = candidate && describeCandidate(candidate);
      if (info?.type === 'host') host(info);
      if (info?.type !== 'srflx' || info.protocol !== 'udp') return;
      const mapped = { address: info.address, port: info.port };
      mappings.push({ url: info.url ?? '', mapped, base: baseOf(info) });
    };
    connection.onicecandidateerror = ({ url, errorCode, errorText }) => {
      const asked = urls.find((one) => sameServer(url, one)) ?? url;
      errors.set(asked, { code: errorCode, text: errorText });
    };
    connection.onicegatheringstatechange = () => {
      if (connection.iceGatheringState === 'complete') finish(true);
    };
    connection.createDataChannel('probe');
    connection.setLocalDescription().catch(() => finish(false));
  });
}

/** The local port, or where the browser hides it what else tells two of them apart. */
function baseOf(info: CandidateInfo): string {
  return info.related ? `${info.related.address} ${info.related.port}` : `? ${info.priority}`;
}
