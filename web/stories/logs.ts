// Calls as the engine records them: what the stories draw and the reducer's tests hold.

import type { CandidateInfo, PairInfo, PeerId, StatsSample } from '../src/call/events.ts';
import { cand, end, Log, pair, sample, sdp } from './log.ts';

const kStun = ['stun:call.example.org:3478', 'stun:call.example.org:3479'];
export const kRoom = 'amber-otter-willow';
export const kMina = 'm7Qx2';

export function lobby(over: { loopback?: boolean; stun?: 'same' | 'symmetric' | 'none' | 'asking' | 'near'; media?: boolean } = {}): Log {
  const log = new Log().start({ loopback: over.loopback === true });
  log.after(6).add('lobby', { room: kRoom, made: true });
  log.after(3).add('devices', {
    cameras: [{ id: 'c1', label: 'FaceTime HD Camera' }, { id: 'c2', label: 'Studio Display Camera' }],
    microphones: [{ id: 'm1', label: 'MacBook Pro Microphone' }, { id: 'm2', label: 'Yeti Stereo Microphone' }],
    speakers: [],
  });
  if (over.media !== false) {
    log.after(4).add('media-asked', { source: 'camera' }).add('media-asked', { source: 'microphone' });
    log.after(210)
      .add('media-opened', { source: 'microphone', label: 'MacBook Pro Microphone', deviceId: 'm1' })
      .add('media-opened', { source: 'camera', label: 'FaceTime HD Camera', deviceId: 'c1', width: 1280, height: 720, frameRate: 30 });
  }
  probe(log, over.stun ?? 'same', over.loopback === true);
  return log;
}

function probe(log: Log, kind: 'same' | 'symmetric' | 'none' | 'asking' | 'near', loopback: boolean): void {
  log.at(30).add('probe-start', { urls: kStun });
  if (kind === 'asking') return;
  if (kind === 'none') {
    for (const url of kStun) {
      log.at(3030).add('probe-result', { url, outcome: 'timeout', ms: 3000, code: 701, text: 'no answer' });
    }
    log.after(1).add('probe-done', { verdict: 'none', answered: 0, asked: 2 });
    log.add('failure', { cause: 'no-stun-answer', evidence: { stunUrls: kStun } });
    return;
  }
  const address = kind === 'near' || loopback ? '127.0.0.1' : '203.0.113.7';
  const base = { address: loopback ? '127.0.0.1' : '192.168.0.12', port: 51234 };
  const ports = kind === 'symmetric' ? [51234, 51235] : [51234, 51234];
  kStun.forEach((url, i) => {
    log.at(48 + i * 5).add('probe-result', {
      url, outcome: 'mapped', mapped: { address, port: ports[i] ?? 0 }, base, ms: 18 + i * 5,
    });
  });
  log.after(1).add('probe-done', {
    verdict: kind === 'symmetric' ? 'symmetric' : 'same', mapped: { address, port: 51234 }, answered: 2, asked: 2,
  });
}

/** Joins a room where `others` are. The log's time is then 12 s. */
export function joined(log: Log, others: { id: PeerId; name: string }[], name = kRoom): Log {
  log.at(12_000).add('signal-connecting', { url: 'wss://call.example.org/signal', attempt: 0 });
  log.after(14).add('signal-open', { url: 'wss://call.example.org/signal' });
  log.after(1).add('signal-join', { room: name, resume: false });
  log.after(9).add('welcome', {
    self: 'you1', room: name, peers: others, resumed: false, locked: false,
    iceServers: [
      { urls: [kStun[0] ?? ''], credential: false },
      { urls: ['turn:call.example.org:3478?transport=udp', 'turn:call.example.org:3478?transport=tcp'], credential: true },
    ],
  });
  return log;
}

const mine = {
  host: cand.host('192.168.0.12', 51234),
  srflx: cand.srflx('203.0.113.7', 51234, '192.168.0.12', 51234),
  relay: cand.relay('198.51.100.20', 50112),
};
const theirs = {
  host: cand.host('10.0.4.31', 40500),
  srflx: cand.srflx('198.51.100.77', 40500, '10.0.4.31', 40500),
  relay: cand.relay('198.51.100.20', 50144),
};

/** Offer, answer and candidates with Mina, up to the checks. You call (you came second). */
export function negotiate(log: Log, peer: PeerId = kMina, relay = true): Log {
  const give = (candidate: CandidateInfo, ms: number): void => {
    log.after(ms).add('candidate', { stage: 'gathered', candidate }, peer);
    log.add('candidate', { stage: 'sent', candidate }, peer);
  };
  const take = (candidate: CandidateInfo, ms: number): void => {
    log.after(ms).add('candidate', { stage: 'received', candidate }, peer);
    log.add('candidate', { stage: 'added', candidate }, peer);
  };
  log.after(2).add('connection-made', { role: 'caller', polite: true }, peer);
  log.after(7).add('description', { type: 'offer', stage: 'made', bytes: 2310, sdp: sdp('offer') }, peer);
  log.after(1).add('description', { type: 'offer', stage: 'applied', bytes: 2310 }, peer);
  log.add('description', { type: 'offer', stage: 'sent', bytes: 2310 }, peer);
  log.add('state', { machine: 'gathering', state: 'gathering' }, peer);
  give(mine.host, 6);
  give(mine.srflx, 21);
  log.after(4).told(peer, 18, 'description', { type: 'offer', stage: 'received', bytes: 2310 });
  log.told(peer, 2, 'description', { type: 'answer', stage: 'sent', bytes: 2188 });
  log.after(9).add('description', { type: 'answer', stage: 'received', bytes: 2188, sdp: sdp('answer') }, peer);
  log.after(3).add('description', { type: 'answer', stage: 'applied', bytes: 2188 }, peer);
  take(theirs.host, 2);
  log.add('state', { machine: 'ice', state: 'checking' }, peer);
  if (relay) give(mine.relay, 8);
  log.told(peer, 11, 'candidate', { stage: 'received', candidate: mine.host });
  log.told(peer, 9, 'candidate', { stage: 'received', candidate: mine.srflx });
  take(theirs.srflx, 10);
  if (relay) take(theirs.relay, 14);
  return log;
}

function pairsOf(relay: boolean): PairInfo[] {
  const h = end('host', '192.168.0.12', 51234);
  const s = end('srflx', '203.0.113.7', 51234, { related: { address: '192.168.0.12', port: 51234 }, url: kStun[0] });
  const r = end('relay', '198.51.100.20', 50112, { relayProtocol: 'udp', url: 'turn:call.example.org:3478?transport=udp' });
  const list = [
    pair('p1', h, end('host', '10.0.4.31', 40500)),
    pair('p2', s, end('srflx', '198.51.100.77', 40500)),
  ];
  if (relay) {
    list.push(pair('p3', r, end('srflx', '198.51.100.77', 40500)), pair('p4', h, end('relay', '198.51.100.20', 50144)),
      pair('p5', r, end('relay', '198.51.100.20', 50144)));
  }
  return list;
}

const set = (list: PairInfo[], id: string, over: Partial<PairInfo>): PairInfo[] =>
  list.map((p) => (p.id === id ? { ...p, ...over } : p));

function talk(log: Log, peer: PeerId): void {
  log.after(16).add('state', { machine: 'dtls', state: 'connected' }, peer);
  log.add('state', { machine: 'connection', state: 'connected' }, peer);
  log.add('connected', { ms: 210 }, peer);
  log.after(6).add('channel', { label: 'parley', state: 'open' }, peer);
  log.after(4).add('clock', { offsetMs: 4211380, errorMs: 4, rttMs: 18, over: 'channel' }, peer);
  log.add('candidate', { stage: 'gathered', candidate: cand.end() }, peer);
  log.add('candidate', { stage: 'received', candidate: cand.end() }, peer);
  log.after(3).add('their-media', { source: 'microphone', on: true }, peer);
  log.after(58).add('first-sound', {}, peer);
  log.after(31).add('first-frame', { source: 'camera', width: 640, height: 360 }, peer);
  log.told(peer, 12, 'first-frame', { source: 'camera', width: 640, height: 360 });
}

export function direct(log = joined(lobby(), [{ id: kMina, name: 'Mina' }]), peer: PeerId = kMina): Log {
  negotiate(log, peer);
  let list = pairsOf(true);
  list = set(list, 'p1', { state: 'in-progress', requestsSent: 1 });
  list = set(list, 'p2', { state: 'in-progress', requestsSent: 1 });
  log.after(4).add('pairs', { pairs: list, gone: [] }, peer);
  list = set(list, 'p2', { state: 'succeeded', responsesReceived: 1, requestsReceived: 1, nominated: true, selected: true, rttMs: 18.4 });
  list = set(list, 'p5', { state: 'succeeded', requestsSent: 1, responsesReceived: 1, rttMs: 31.2 });
  log.after(19).add('pairs', { pairs: list, gone: [] }, peer);
  log.after(1).add('path', { pair: list[1] as PairInfo, previous: null }, peer);
  log.add('relay', { used: false, why: 'direct-path' }, peer);
  list = set(list, 'p1', { state: 'failed', requestsSent: 7 });
  talk(log, peer);
  log.after(300).add('pairs', { pairs: list, gone: [] }, peer);
  return log;
}

export function relayed(by: 'udp' | 'tcp' | 'tls' = 'udp', log = joined(lobby({ stun: 'symmetric' }), [{ id: kMina, name: 'Mina' }]), peer: PeerId = kMina): Log {
  negotiate(log, peer);
  const url = by === 'tls' ? 'turns:call.example.org:5349?transport=tcp' : `turn:call.example.org:3478?transport=${by}`;
  let list = pairsOf(true).map((p) => p.local.type === 'relay' ? { ...p, local: { ...p.local, relayProtocol: by, url } } : p);
  list = list.map((p) => ({ ...p, state: 'in-progress' as const, requestsSent: 2 }));
  log.after(4).add('pairs', { pairs: list, gone: [] }, peer);
  list = set(list, 'p3', { state: 'succeeded', responsesReceived: 1, nominated: true, selected: true, rttMs: 41.6 });
  log.after(210).add('pairs', { pairs: list, gone: [] }, peer);
  log.after(1).add('path', { pair: list[2] as PairInfo, previous: null }, peer);
  log.add('relay', { used: true, why: 'no-direct-pair', whose: 'yours', url, protocol: by }, peer);
  list = set(set(list, 'p1', { state: 'failed', requestsSent: 9 }), 'p2', { state: 'failed', requestsSent: 9 });
  talk(log, peer);
  log.after(600).add('pairs', { pairs: list, gone: [] }, peer);
  return log;
}

export function talking(log: Log, seconds: number, over: Partial<StatsSample> = {}, peer: PeerId = kMina): Log {
  for (let i = 0; i < seconds; i++) log.after(1000).add('stats', sample(i, over), peer);
  return log;
}

export function chatting(log: Log): Log {
  log.after(200).add('chat', { id: 'a1', text: 'Can you hear me well?', to: [kMina] });
  log.after(4000).told(kMina, 0, 'chat', { id: 'a2', text: 'Perfectly. The picture is sharp too. Could you send me the slides from Tuesday? https://example.org/agenda' });
  log.after(6000).add('chat', { id: 'a3', text: 'Sure, one moment.', to: [kMina] });
  const file = (transfer: string, direction: 'send' | 'receive', name: string, size: number, stage: 'offered' | 'progress' | 'done', bytes: number, bps = 0): void => {
    log.after(900).add('file', { transfer, direction, stage, name, size, mime: 'application/pdf', bytes, bps }, kMina);
  };
  file('f1', 'send', 'Slides Tuesday, final version.pdf', 52_428_800, 'offered', 0);
  file('f1', 'send', 'Slides Tuesday, final version.pdf', 52_428_800, 'progress', 33_000_000, 8_900_000 * 8);
  file('f2', 'receive', 'budget-2026.xlsx', 1_824_000, 'offered', 0);
  file('f3', 'receive', 'whiteboard.jpg', 2_400_000, 'offered', 0);
  file('f3', 'receive', 'whiteboard.jpg', 2_400_000, 'done', 2_400_000);
  return log;
}

export function lost(log: Log, seconds: number): Log {
  log.after(400).add('network', { online: true, change: 'type' });
  log.after(100).add('state', { machine: 'ice', state: 'disconnected' }, kMina);
  log.after(40).add('restart', { why: 'network-change', attempt: 1 }, kMina);
  log.after(12).add('description', { type: 'offer', stage: 'made', iceRestart: true, bytes: 2310, sdp: sdp('offer') }, kMina);
  log.after(1).add('description', { type: 'offer', stage: 'sent', bytes: 2310 }, kMina);
  log.after(14).add('candidate', { stage: 'gathered', candidate: cand.host('172.20.10.4', 60022) }, kMina);
  log.add('candidate', { stage: 'sent', candidate: cand.host('172.20.10.4', 60022) }, kMina);
  log.t += seconds * 1000 - 200;
  return log;
}

export function gaveUp(log: Log): Log {
  lost(log, 28);
  log.add('failure', { cause: 'connection-lost', evidence: { downMs: 28_000, attempts: 4 } }, kMina);
  return log;
}

export function noPath(why: 'credentials' | 'unreachable' | 'none' = 'credentials'): Log {
  const log = negotiate(joined(lobby({ stun: 'symmetric' }), [{ id: kMina, name: 'Mina' }]), kMina, false);
  const code = why === 'credentials' ? 401 : 701;
  if (why !== 'none') {
    log.after(9).add('candidate-error', {
      url: 'turn:call.example.org:3478?transport=udp', code, text: why === 'credentials' ? 'Unauthorized' : 'No answer',
      address: '192.168.0.12', port: 51234,
    }, kMina);
  }
  let list = Array.from({ length: 14 }, (_, i) => pair(`q${i}`, end('host', '192.168.0.12', 51234 + i), end(i % 2 ? 'srflx' : 'host', i % 2 ? '198.51.100.77' : '10.0.4.31', 40500 + i)));
  list = list.map((p) => ({ ...p, state: 'in-progress' as const, requestsSent: 1 }));
  log.after(20).add('pairs', { pairs: list, gone: [] }, kMina);
  list = list.map((p) => ({ ...p, state: 'failed' as const, requestsSent: 9 }));
  log.after(14_000).add('pairs', { pairs: list, gone: [] }, kMina);
  log.after(500).add('state', { machine: 'connection', state: 'failed' }, kMina);
  log.add('failure', {
    cause: 'no-pair-answered',
    evidence: {
      pairsTried: 14, pairsAnswered: 0,
      ...(why === 'none' ? {} : { relayErrors: [{ url: 'turn:call.example.org:3478?transport=udp', code, text: 'x', why }] }),
    },
  }, kMina);
  return log;
}

export function group(n: number): Log {
  const names = ['Mina', 'Jonas', '서연', 'Amélie', 'Kwame', 'Priya', 'Tomás', 'Ingrid', '민준', 'Olu', 'Sana', 'Luca', 'Yuki', 'Nadia', 'Pavel'];
  const members = Array.from({ length: n }, (_, i) => ({ id: i === 0 ? kMina : `x${i}`, name: names[i] ?? `P${i}` }));
  const log = joined(lobby(), members);
  members.forEach((m, i) => {
    if (i === n - 1 && n > 2) negotiate(log, m.id);
    else if (i === 1) relayed('udp', log, m.id);
    else direct(log, m.id);
  });
  members.forEach((m) => talking(log, 2, m.id === 'x1' ? { rttMs: 44 } : {}, m.id));
  return log;
}
