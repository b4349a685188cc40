// Folds the event log into State, one event at a time, in order of `seq`.
//
// apply() changes the state it is given and is the only place that does. Nothing is inferred that
// no event said: what did not happen is not drawn. Events told by a member (by !== 'you') draw
// their arrows, but do not move our own connection's facts.

import type { CallEvent, EventKind } from '../../call/events.ts';
import { addConnection } from './connection.ts';
import { addRows } from './rows.ts';
import { startPeer, startState, type PeerState, type State } from './state.ts';
import { addWire } from './wire.ts';

/** Chat lines kept for the panel; the log itself keeps what it keeps. */
const kMaxChatLines = 2000;

export function reduce(events: readonly CallEvent[], until = events.length): State {
  const state = startState();
  for (let i = 0; i < until; i++) {
    const event = events[i];
    if (event) apply(state, event);
  }
  return state;
}

export function peerOf(state: State, event: CallEvent): PeerState | null {
  return event.peer === undefined ? null : (state.peers.get(event.peer) ?? null);
}

function ensurePeer(state: State, id: string, name: string, t: number): PeerState {
  const known = state.peers.get(id);
  if (known) {
    known.present = true;
    if (name) known.name = name;
    if (known.link === 'left') {
      const again = startPeer(id, known.name, t);
      again.rows = known.rows;
      again.sections = known.sections;
      state.peers.set(id, again);
      return again;
    }
    return known;
  }
  const peer = startPeer(id, name, t);
  state.peers.set(id, peer);
  return peer;
}

export function apply(state: State, event: CallEvent): void {
  state.count++;
  state.last = Math.max(state.last, event.t);
  const own = event.by === 'you';
  if (own) applyOwn(state, event);
  else if (event.kind === 'their-media') {
    const peer = state.peers.get(event.by);
    if (peer) peer.theirs[event.source] = event.on;
  }
  applyPeople(state, event);
  if (own) addConnection(state, event);
  addRows(state, event);
  addWire(state, event);
}

type Handlers = { [K in EventKind]?: (state: State, event: CallEvent<K>) => void };

const kOwn: Handlers = {
  'log-start': (s, e) => {
    s.secure = e.secure;
    s.loopback = e.loopback;
    s.icePolicy = e.icePolicy;
  },
  lobby: (s, e) => {
    s.room = e.room;
    s.roomMade = e.made;
  },
  'same-machine': (s, e) => {
    s.sameMachine = true;
    const peer = peerOf(s, e);
    if (peer) peer.sameMachine = true;
  },
  playback: (s, e) => {
    const peer = peerOf(s, e);
    if (!peer) return;
    peer.playMuted = e.muted;
    if (e.why === 'same-machine') peer.sameMachine = true;
  },
  network: (s, e) => {
    s.online = e.online;
  },
  devices: (s, e) => {
    s.devices = { cameras: e.cameras, microphones: e.microphones, speakers: e.speakers };
  },
  'media-asked': (s, e) => {
    s.media[e.source].asked = true;
  },
  'media-opened': (s, e) => {
    s.media[e.source] = {
      open: true, asked: false, muted: s.media[e.source].muted, label: e.label,
      deviceId: e.deviceId,
    };
  },
  'media-closed': (s, e) => {
    s.media[e.source] = { ...s.media[e.source], open: false, asked: false };
  },
  mute: (s, e) => {
    s.media[e.source].muted = e.muted;
  },
  'probe-start': (s, e) => {
    s.address = {
      startedAt: e.t, endedAt: null, urls: e.urls, answers: [], verdict: null, mapped: null,
    };
  },
  'probe-result': (s, e) => {
    s.address.answers.push({
      url: e.url, outcome: e.outcome, mapped: e.mapped ?? null, base: e.base ?? null, ms: e.ms,
    });
  },
  'probe-done': (s, e) => {
    s.address.endedAt = e.t;
    s.address.verdict = e.verdict;
    s.address.mapped = e.mapped ?? null;
  },
  'signal-connecting': (s, e) => {
    s.server = {
      state: e.attempt > 0 && s.joinedAt !== null ? 'lost' : 'connecting',
      since: s.server.state === 'lost' ? s.server.since : e.t,
      attempt: e.attempt,
    };
  },
  'signal-open': (s, e) => {
    s.server = { state: 'open', since: e.t, attempt: 0 };
  },
  'signal-join': (s, e) => {
    s.joining = s.joinedAt === null;
    s.left = false;
    s.room = e.room;
  },
  welcome: (s, e) => {
    s.joining = false;
    s.joinedAt ??= e.t;
    s.selfId = e.self;
    s.room = e.room;
    s.locked = e.locked;
    s.server = { state: 'open', since: e.t, attempt: 0 };
    for (const member of e.peers) ensurePeer(s, member.id, member.name, e.t);
  },
  'signal-closed': (s, e) => {
    if (s.left) return;
    if (s.server.state !== 'lost') s.server = { state: 'lost', since: e.t, attempt: 0 };
  },
  lock: (s, e) => {
    s.locked = e.locked;
  },
  left: (s, e) => {
    s.left = true;
    s.leftAt = e.t;
    s.joining = false;
    s.server = { state: 'idle', since: e.t, attempt: 0 };
  },
  failure: (s, e) => {
    const key = e.peer === undefined ? e.cause : `${e.cause}/${e.peer}`;
    s.failures.set(key, {
      key,
      cause: e.cause,
      evidence: e.evidence,
      peer: e.peer ?? null,
      peerName: peerOf(s, e)?.name ?? null,
      at: e.t,
    });
    if (s.joinedAt === null) s.joining = false;
    const source = e.evidence.source;
    if (source) s.media[source].asked = false;
  },
  recovered: (s, e) => {
    s.failures.delete(e.peer === undefined ? e.cause : `${e.cause}/${e.peer}`);
  },
};

function applyOwn(state: State, event: CallEvent): void {
  const handler = kOwn[event.kind] as ((s: State, e: CallEvent) => void) | undefined;
  handler?.(state, event);
}

function nameOf(state: State, id: string): string {
  return state.peers.get(id)?.name ?? '';
}

function applyPeople(state: State, event: CallEvent): void {
  const line = (kind: 'said' | 'joined' | 'left', by: string, id: string, said = ''): void => {
    state.chat.push({ id, at: event.t, by, name: nameOf(state, by), kind, text: said });
    if (state.chat.length > kMaxChatLines) state.chat.shift();
  };
  switch (event.kind) {
    case 'peer-joined':
      if (event.peer === undefined || event.by !== 'you') return;
      ensurePeer(state, event.peer, event.name, event.t);
      line('joined', event.peer, `joined-${event.seq}`);
      return;
    case 'peer-left': {
      const peer = peerOf(state, event);
      if (!peer || event.by !== 'you') return;
      peer.present = false;
      peer.link = 'left';
      peer.linkSince = event.t;
      line('left', peer.id, `left-${event.seq}`);
      for (const key of [...state.failures.keys()]) {
        if (key.endsWith(`/${peer.id}`)) state.failures.delete(key);
      }
      return;
    }
    case 'chat':
      line('said', event.by, event.id, event.text);
      return;
    case 'file': {
      if (event.peer === undefined || event.by !== 'you') return;
      const before = state.files.get(event.transfer);
      state.files.set(event.transfer, {
        transfer: event.transfer,
        peer: event.peer,
        peerName: nameOf(state, event.peer),
        direction: event.direction,
        stage: event.stage,
        name: event.name,
        size: event.size,
        bytes: event.bytes,
        bps: event.bps,
        sha256: event.sha256 ?? before?.sha256 ?? null,
        sink: event.sink ?? before?.sink ?? null,
        why: event.why ?? null,
        at: before?.at ?? event.t,
      });
      return;
    }
    default:
      return;
  }
}
