// What the page knows, folded from the event log. Plain values only: the same events give the same
// state, whether they come live, from "Replay this call", or from a saved report.
//
// Words are not in here. A Text names a string and its parameters, so one state can be drawn in
// either language.

import type {
  CandidateInfo, DeviceInfo, Endpoint, FailureCause, FailureEvidence, MappingVerdict, PairInfo,
  PeerId, ProbeOutcome, RelayReason, Source, StatsSample, TransferFailure, TransferStage,
} from '../../call/events.ts';
import type { Params, StringKey } from '../../i18n/index.ts';

export interface Text {
  readonly key: StringKey;
  readonly params?: Params;
}
export function text(key: StringKey, params?: Params): Text {
  return params ? { key, params } : { key };
}

export type StepNumber = 1 | 2 | 3 | 4 | 5 | 6;
export const kSteps: readonly StepNumber[] = [1, 2, 3, 4, 5, 6];
export type StoneState = 'waiting' | 'working' | 'done' | 'failed' | 'not-needed';

export interface Stone {
  readonly step: StepNumber;
  readonly state: StoneState;
  readonly reason: Text;
  /** On the log's clock; null while it has not begun or not ended. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

/** What a step looked like on the wire, secrets already masked. */
export interface Wire {
  readonly title: Text;
  readonly at: number;
  readonly lines: string;
}

export type Lane = 'you' | 'server' | 'peer';
export type RowTone = 'plain' | 'direct' | 'relay' | 'fail';

/** One arrow (or dot, when from equals to) of the diagram; one real event, or several alike. */
export interface Row {
  readonly id: string;
  readonly at: number;
  readonly approx: boolean;
  readonly error: number | null;
  readonly step: StepNumber | 0;
  readonly from: Lane;
  readonly to: Lane;
  readonly both: boolean; // a thing that both ends share: arrow heads at both
  readonly tone: RowTone;
  readonly label: Text;
  readonly count: number;
  readonly group: string; // rows of one group that follow closely become one with a count
  readonly section: string;
}

export interface Section {
  readonly id: string;
  readonly title: Text;
  readonly zero: number;
}

export interface ProbeAnswer {
  url: string;
  outcome: ProbeOutcome;
  mapped: Endpoint | null;
  base: Endpoint | null;
  ms: number;
}
export interface AddressState {
  startedAt: number | null;
  endedAt: number | null;
  urls: string[];
  answers: ProbeAnswer[];
  verdict: MappingVerdict | null;
  mapped: Endpoint | null;
}

export interface DescriptionState {
  startedAt: number | null;
  endedAt: number | null;
  failed: string | null;
}

export type Link = 'new' | 'connecting' | 'connected' | 'reconnecting' | 'failed' | 'left';

export interface RelayState {
  used: boolean;
  why: RelayReason;
  whose: 'yours' | 'theirs' | 'both' | null;
  url: string | null;
  protocol: 'udp' | 'tcp' | 'tls' | null;
  at: number;
}

export interface PathChange {
  at: number;
  kind: 'direct' | 'relay';
}

export interface PeerState {
  id: PeerId;
  name: string;
  present: boolean;
  role: 'caller' | 'callee' | null; // YOUR role towards this member
  madeAt: number | null;
  link: Link;
  linkSince: number;
  connectedAt: number | null; // of this attempt
  firstConnectedAt: number | null;
  connectMs: number | null;
  everConnected: boolean;
  restarts: number;
  restartedAt: number | null;
  restartWhy: string | null;
  offer: DescriptionState;
  answer: DescriptionState;
  local: CandidateInfo[];
  remote: CandidateInfo[];
  candidatesFrom: number | null;
  candidatesTo: number | null;
  localEnded: number | null;
  remoteEnded: number | null;
  rejected: number;
  checksFrom: number | null;
  iceState: string;
  pairs: Map<string, PairInfo>;
  selected: PairInfo | null;
  selectedAt: number | null;
  /** What the path was when it broke, until there is another. */
  lost: { pair: PairInfo; local: CandidateInfo[]; remote: CandidateInfo[]; relay: RelayState | null } | null;
  relay: RelayState | null;
  relayReadyAt: number | null;
  channelOpen: boolean;
  firstFrameAt: number | null;
  firstSoundAt: number | null;
  clock: { offsetMs: number; errorMs: number } | null;
  sample: (StatsSample & { t: number }) | null;
  samples: (StatsSample & { t: number })[];
  pathChanges: PathChange[];
  theirs: Partial<Record<Source, boolean>>;
  sameMachine: boolean;
  playMuted: boolean;
  rows: Row[];
  sections: Section[];
  wire: Partial<Record<StepNumber, Wire[]>>;
}

export interface FailureState {
  key: string; // cause, and the member it concerns
  cause: FailureCause;
  evidence: FailureEvidence;
  peer: PeerId | null;
  peerName: string | null;
  at: number;
}

export interface ChatLine {
  id: string;
  at: number;
  by: 'you' | PeerId;
  name: string;
  kind: 'said' | 'joined' | 'left';
  text: string;
}

export interface FileState {
  transfer: string;
  peer: PeerId;
  peerName: string;
  direction: 'send' | 'receive';
  stage: TransferStage;
  name: string;
  size: number;
  bytes: number;
  bps: number;
  sha256: string | null;
  sink: 'disk' | 'private-disk' | 'memory' | null;
  why: TransferFailure | null;
  at: number;
}

export interface OwnMedia {
  open: boolean;
  asked: boolean;
  muted: boolean;
  label: string;
  deviceId: string;
}

export interface State {
  count: number; // events folded so far
  last: number; // the greatest t seen
  secure: boolean;
  loopback: boolean;
  icePolicy: 'all' | 'relay';
  room: string | null;
  roomMade: boolean;
  locked: boolean;
  selfId: PeerId | null;
  joinedAt: number | null;
  joining: boolean;
  left: boolean;
  leftAt: number | null;
  server: { state: 'idle' | 'connecting' | 'open' | 'lost'; since: number; attempt: number };
  online: boolean;
  devices: { cameras: DeviceInfo[]; microphones: DeviceInfo[]; speakers: DeviceInfo[] };
  media: Record<Source, OwnMedia>;
  sameMachine: boolean;
  address: AddressState;
  peers: Map<PeerId, PeerState>;
  chat: ChatLine[];
  files: Map<string, FileState>;
  failures: Map<string, FailureState>;
  /** Rows of before anyone else was there: step 1 and joining. */
  rows: Row[];
  sections: Section[];
  wire: Partial<Record<StepNumber, Wire[]>>;
}

function ownMedia(): OwnMedia {
  return { open: false, asked: false, muted: false, label: '', deviceId: '' };
}

export function startState(): State {
  return {
    count: 0,
    last: 0,
    secure: true,
    loopback: false,
    icePolicy: 'all',
    room: null,
    roomMade: false,
    locked: false,
    selfId: null,
    joinedAt: null,
    joining: false,
    left: false,
    leftAt: null,
    server: { state: 'idle', since: 0, attempt: 0 },
    online: true,
    devices: { cameras: [], microphones: [], speakers: [] },
    media: {
      microphone: ownMedia(),
      camera: ownMedia(),
      screen: ownMedia(),
      'screen-audio': ownMedia(),
    },
    sameMachine: false,
    address: { startedAt: null, endedAt: null, urls: [], answers: [], verdict: null, mapped: null },
    peers: new Map(),
    chat: [],
    files: new Map(),
    failures: new Map(),
    rows: [],
    sections: [],
    wire: {},
  };
}

export function startPeer(id: PeerId, name: string, t: number): PeerState {
  return {
    id,
    name,
    present: true,
    role: null,
    madeAt: null,
    link: 'new',
    linkSince: t,
    connectedAt: null,
    firstConnectedAt: null,
    connectMs: null,
    everConnected: false,
    restarts: 0,
    restartedAt: null,
    restartWhy: null,
    offer: { startedAt: null, endedAt: null, failed: null },
    answer: { startedAt: null, endedAt: null, failed: null },
    local: [],
    remote: [],
    candidatesFrom: null,
    candidatesTo: null,
    localEnded: null,
    remoteEnded: null,
    rejected: 0,
    checksFrom: null,
    iceState: 'new',
    pairs: new Map(),
    selected: null,
    selectedAt: null,
    lost: null,
    relay: null,
    relayReadyAt: null,
    channelOpen: false,
    firstFrameAt: null,
    firstSoundAt: null,
    clock: null,
    sample: null,
    samples: [],
    pathChanges: [],
    theirs: {},
    sameMachine: false,
    playMuted: false,
    rows: [],
    sections: [],
    wire: {},
  };
}
