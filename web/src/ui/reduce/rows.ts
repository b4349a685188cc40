// The rows of the three-column diagram: You | Parley server | Name, one row for one real event.
//
// Rows are kept in order of the time they happened, not of the time we learned of them: what the
// other side tells comes late and is put where it belongs, marked ≈. Alike events that follow each
// other closely (a burst of candidates) share a row and are counted.

import type { CallEvent, PairInfo } from '../../call/events.ts';
import { peerOf } from './reduce.ts';
import {
  text, type Lane, type PeerState, type Row, type RowTone, type Section, type State, type Text,
} from './state.ts';
import { bracket } from './wire.ts';

/** Alike events closer than this share a row. */
const kJoinMs = 120;
/** Rows kept a member; later ones are not drawn (restarts over hours), the log has them. */
const kMaxRows = 400;

interface RowSpec {
  step: Row['step'];
  from: Lane;
  to: Lane;
  label: Text;
  both?: boolean;
  tone?: RowTone;
  group?: string;
  count?: number;
}

interface Target {
  rows: Row[];
  sections: Section[];
}

function section(target: Target, id: string, title: Text, zero: number): void {
  if (!target.sections.some((known) => known.id === id)) target.sections.push({ id, title, zero });
}

function add(target: Target, event: CallEvent, spec: RowSpec): void {
  const group = spec.group ?? '';
  // Told events may be older than the newest row: find their place from the end.
  let at = target.rows.length;
  while (at > 0 && (target.rows[at - 1]?.at ?? 0) > event.t) at--;
  if (group) {
    const near = target.rows
      .slice(Math.max(0, at - 3), at + 1)
      .find((row) => row.group === group && Math.abs(row.at - event.t) < kJoinMs);
    if (near) {
      const index = target.rows.indexOf(near);
      target.rows[index] = { ...near, count: near.count + 1 };
      return;
    }
  }
  if (target.rows.length >= kMaxRows) return;
  const before = target.rows[at - 1];
  const after = target.sections[target.sections.length - 1];
  const own = [...target.sections].reverse().find((s) => s.zero <= event.t);
  target.rows.splice(at, 0, {
    id: `${event.seq}.${target.rows.filter((row) => row.id.startsWith(`${event.seq}.`)).length}`,
    at: event.t,
    approx: event.approx === true,
    error: event.error ?? null,
    step: spec.step,
    from: spec.from,
    to: spec.to,
    both: spec.both === true,
    tone: spec.tone ?? 'plain',
    label: spec.label,
    count: spec.count ?? 1,
    group,
    section: own?.id ?? before?.section ?? after?.id ?? '',
  });
}

export function addRows(state: State, event: CallEvent): void {
  if (event.peer === undefined) ownRows(state, event);
  const peer = peerOf(state, event);
  if (!peer) return;
  if (event.by === 'you') {
    startSection(state, peer, event);
    yourRows(peer, event);
  } else if (event.by === peer.id) {
    theirRows(peer, event);
  }
}

function ownRows(state: State, event: CallEvent): void {
  if (event.by !== 'you') return;
  switch (event.kind) {
    case 'probe-start':
      state.rows = state.rows.filter((row) => row.step !== 1);
      state.sections = state.sections.filter((known) => known.id !== 'lobby');
      section(state, 'lobby', text('section.lobby'), event.t);
      add(state, event, {
        step: 1, from: 'you', to: 'server', label: text('row.ask'), count: event.urls.length,
      });
      return;
    case 'probe-result':
      if (event.outcome === 'mapped' || event.outcome === 'same-as-host') {
        add(state, event, {
          step: 1, from: 'server', to: 'you',
          label: event.mapped
            ? text('row.mapped', { address: `${bracket(event.mapped.address)}:${event.mapped.port}` })
            : text('row.mappedSame'),
        });
      } else {
        add(state, event, {
          step: 1, from: 'you', to: 'you', tone: 'fail', label: text('row.noAnswer', { url: event.url }),
        });
      }
      return;
    case 'signal-join':
      if (event.resume) return;
      section(state, 'join', text('section.join'), event.t);
      add(state, event, { step: 0, from: 'you', to: 'server', label: text('row.join', { room: event.room }) });
      return;
    case 'welcome':
      if (event.resumed) return;
      add(state, event, {
        step: 0, from: 'server', to: 'you', label: text('row.welcome', { n: event.peers.length }),
      });
      return;
    default:
      return;
  }
}

function startSection(state: State, peer: PeerState, event: CallEvent): void {
  if (event.kind === 'restart') {
    section(peer, `restart-${peer.restarts}`, text('section.restart', { n: peer.restarts }), event.t);
  } else if (peer.sections.length === 0) {
    // Who was here before us is called at once, and their time goes on from our joining; who
    // comes later starts a clock of their own.
    const join = state.sections.find((known) => known.id === 'join');
    const later = event.kind === 'peer-joined' || !join;
    section(
      peer,
      later ? 'arrived' : 'join',
      later ? text('section.arrived', { name: peer.name }) : text('section.join'),
      later ? event.t : join.zero,
    );
  }
}

function relayed(pair: PairInfo): boolean {
  return pair.local.type === 'relay' || pair.remote.type === 'relay';
}

function yourRows(peer: PeerState, event: CallEvent): void {
  const name = peer.name;
  switch (event.kind) {
    case 'peer-joined':
      add(peer, event, { step: 0, from: 'server', to: 'you', label: text('row.peerJoined', { name }) });
      return;
    case 'description':
      return descriptionRow(peer, event, true);
    case 'candidate': {
      if (event.candidate.type === 'end') return;
      if (event.stage === 'gathered' && event.candidate.type === 'relay') {
        add(peer, event, {
          step: 6, from: 'server', to: 'you', tone: 'relay', label: text('row.relayReady'),
          group: 'relay-ready',
        });
      } else if (event.stage === 'sent') {
        add(peer, event, {
          step: 4, from: 'you', to: 'server', label: text('row.candidate'), group: 'candidate-out',
        });
      } else if (event.stage === 'received') {
        add(peer, event, {
          step: 4, from: 'server', to: 'you', label: text('row.candidate'), group: 'candidate-in',
        });
      }
      return;
    }
    case 'candidate-error': {
      const relay = event.url.startsWith('turn');
      add(peer, event, {
        step: relay ? 6 : 4, from: event.code === 701 ? 'you' : 'server', to: 'you', tone: 'fail',
        label: text(relay ? 'row.relayError' : 'row.stunError', { code: event.code }),
        group: `error-${relay}-${event.code}`,
      });
      return;
    }
    case 'pairs':
      return pairRows(peer, event);
    case 'path':
      add(peer, event, {
        step: 5, from: 'you', to: 'peer', both: true,
        tone: relayed(event.pair) ? 'relay' : 'direct',
        label: text(relayed(event.pair) ? 'row.pathRelay' : 'row.pathDirect'),
      });
      return;
    case 'state':
      return stateRow(peer, event);
    case 'channel':
      if (event.state === 'open') {
        add(peer, event, {
          step: 5, from: 'you', to: 'peer', both: true, tone: toneOf(peer),
          label: text('row.channel'), group: 'channel',
        });
      }
      return;
    case 'first-frame':
      add(peer, event, {
        step: 5, from: 'peer', to: 'you', tone: toneOf(peer),
        label: text('row.firstFrame', { w: event.width, h: event.height }),
      });
      return;
    case 'first-sound':
      add(peer, event, {
        step: 5, from: 'peer', to: 'you', tone: toneOf(peer), label: text('row.firstSound'),
      });
      return;
    case 'restart':
      add(peer, event, { step: 5, from: 'you', to: 'you', label: text(`restart.${event.why}`) });
      return;
    case 'failure':
      if (event.cause !== 'no-stun-answer') {
        add(peer, event, { step: 5, from: 'you', to: 'you', tone: 'fail', label: text('row.failed') });
      }
      return;
    default:
      return;
  }
}

function toneOf(peer: PeerState): RowTone {
  if (!peer.selected) return 'plain';
  if (peer.relay) return peer.relay.used ? 'relay' : 'direct';
  return relayed(peer.selected) ? 'relay' : 'direct';
}

function descriptionRow(peer: PeerState, event: CallEvent<'description'>, own: boolean): void {
  if (event.type === 'rollback') return;
  const step = event.type === 'offer' ? 2 : 3;
  const label = text(event.type === 'offer' ? 'row.offer' : 'row.answer');
  if (event.stage === 'sent') {
    add(peer, event, { step, from: own ? 'you' : 'peer', to: 'server', label });
  } else if (event.stage === 'received') {
    add(peer, event, { step, from: 'server', to: own ? 'you' : 'peer', label });
  } else if (event.stage === 'failed') {
    const lane = own ? 'you' : 'peer';
    add(peer, event, {
      step, from: lane, to: lane, tone: 'fail',
      label: text(event.type === 'offer' ? 'row.offerFailed' : 'row.answerFailed'),
    });
  }
}

/** The first check that left, and each pair's first answer, seen in the pairs' own counters. */
function pairRows(peer: PeerState, event: CallEvent<'pairs'>): void {
  const section = peer.sections[peer.sections.length - 1]?.id ?? '';
  const drawn = (group: string): boolean =>
    peer.rows.some((row) => row.group === group && row.section === section);
  const tried = event.pairs.filter((pair) => pair.requestsSent > 0);
  if (tried.length > 0 && !drawn('checks')) {
    add(peer, event, {
      step: 5, from: 'you', to: 'peer', label: text('row.checks'), group: 'checks', count: tried.length,
    });
  }
  for (const pair of event.pairs) {
    if (pair.responsesReceived === 0 || drawn(`answer-${pair.id}`)) continue;
    const via = relayed(pair);
    add(peer, event, {
      step: 5, from: 'peer', to: 'you', tone: via ? 'relay' : 'direct', group: `answer-${pair.id}`,
      label: pair.rttMs === null
        ? text(via ? 'row.answeredRelay' : 'row.answered')
        : text(via ? 'row.answeredRelayMs' : 'row.answeredMs', { ms: Math.round(pair.rttMs) }),
    });
  }
}

function stateRow(peer: PeerState, event: CallEvent<'state'>): void {
  if (event.machine === 'dtls' && event.state === 'connected') {
    add(peer, event, {
      step: 5, from: 'you', to: 'peer', both: true, tone: toneOf(peer), label: text('row.dtls'),
    });
  } else if (event.machine === 'ice' && event.state === 'disconnected') {
    add(peer, event, {
      step: 5, from: 'you', to: 'you', tone: 'fail', label: text('row.disconnected'),
    });
  }
}

function theirRows(peer: PeerState, event: CallEvent): void {
  switch (event.kind) {
    case 'description':
      return descriptionRow(peer, event, false);
    case 'candidate':
      if (event.candidate.type === 'end') return;
      if (event.stage === 'received') {
        add(peer, event, {
          step: 4, from: 'server', to: 'peer', label: text('row.candidate'), group: 'their-in',
        });
      } else if (event.stage === 'sent') {
        add(peer, event, {
          step: 4, from: 'peer', to: 'server', label: text('row.candidate'), group: 'their-out',
        });
      }
      return;
    case 'first-frame':
      add(peer, event, {
        step: 5, from: 'you', to: 'peer', tone: toneOf(peer),
        label: text('row.theirFirstFrame', { name: peer.name }),
      });
      return;
    default:
      return;
  }
}
