// The event log of a call: everything that happened, in plain serialisable values.
//
// The page draws only what is in here (`state = events.reduce(step, start)`), so "Replay this
// call" is the same reduction with a later clock, and "Save report" is this list written out.
// Rules that a reader may rely on:
//  - An event is recorded when the thing happened, never in advance; it is never changed after.
//  - `seq` rises by one per event and is the order of recording. `t` is the time of happening in
//    milliseconds since the page's log began (performance.now based, never the wall clock).
//    Events seen by the other side arrive late: their `t` may lie before that of earlier `seq`.
//    Draw by `t`, fold by `seq`.
//  - `by` says who saw it: 'you', or the id of the member who told us. For the latter `t` was
//    translated by the estimated clock offset, `approx` is true and `error` is the half-width of
//    that estimate in ms; `remoteT` is the time on the teller's own log.
//  - `peer` names the member whose connection the event concerns; it is the OTHER end as seen from
//    this page, also in events told by that member. Absent on events about no one in particular.
//  - Passwords, tokens and resume keys never enter the log. SDP and candidates do; `redact()` in
//    report.ts masks addresses, ICE passwords and fingerprints before anything leaves the page.
//  - Limit: kMaxEvents (log.ts). Stats samples are thinned first; then the oldest chat and file
//    progress. Events that draw the connection are kept.

export type PeerId = string;
export type Side = 'you' | PeerId;
export type MediaKind = 'audio' | 'video';
/** What a track carries. `screen-audio` is the sound of a shared tab or window. */
export type Source = 'microphone' | 'camera' | 'screen' | 'screen-audio';

export interface Endpoint {
  address: string; // IPv4, IPv6 without brackets, or an mDNS name ending in .local
  port: number;
}

/** One ICE candidate in words (RFC 8839 section 5.1). Fields a browser hides are absent. */
export interface CandidateInfo {
  candidate: string; // the attribute's text; '' is end-of-candidates
  mid: string | null;
  mLine: number | null;
  type: 'host' | 'srflx' | 'prflx' | 'relay' | 'end';
  protocol: 'udp' | 'tcp' | '';
  tcpType?: 'active' | 'passive' | 'so';
  address: string; // '' when the browser hides it
  port: number;
  related?: Endpoint; // raddr/rport: the base of a srflx, the mapped address of a relay
  /** How the browser talks to the TURN server (own relay candidates only). */
  relayProtocol?: 'udp' | 'tcp' | 'tls';
  /** The STUN or TURN server that gave it (own candidates only). */
  url?: string;
  ufrag?: string;
  priority?: number;
}

export interface PairEnd {
  type: 'host' | 'srflx' | 'prflx' | 'relay';
  protocol: 'udp' | 'tcp';
  address: string; // '' when the browser hides it (mDNS or privacy)
  port: number;
  relayProtocol?: 'udp' | 'tcp' | 'tls';
  url?: string;
  related?: Endpoint;
}

/** A candidate pair as getStats tells it. */
export interface PairInfo {
  id: string; // stable within one connection
  state: 'frozen' | 'waiting' | 'in-progress' | 'succeeded' | 'failed';
  nominated: boolean;
  selected: boolean;
  local: PairEnd;
  remote: PairEnd;
  requestsSent: number;
  responsesReceived: number;
  requestsReceived: number;
  rttMs: number | null;
}

/** Why something failed, told apart as the page's failure card needs it. */
export type FailureCause =
  | 'no-camera' // no such device
  | 'no-microphone'
  | 'permission-refused'
  | 'device-busy'
  | 'page-not-secure' // getUserMedia does not exist here
  | 'server-gone' // the signalling server cannot be reached
  | 'room-full'
  | 'room-refused' // token missing, wrong or expired, or name not allowed
  | 'room-locked'
  | 'server-refused' // any other refusal; evidence has the code
  | 'no-stun-answer'
  | 'relay-refused' // evidence.relayErrors says why
  | 'no-pair-answered'
  | 'connection-lost' // it was connected, and restarts did not bring it back
  | 'media-failed'; // the browser refused the offer or answer, or DTLS failed

export interface RelayError {
  url: string;
  code: number; // STUN error code, or 701 (no answer / not reachable)
  text: string;
  why: RelayRefusal;
}
/** 701 is 'unreachable'; 401 the password or clock; 403 forbidden; 486/508 quota; others 'other'. */
export type RelayRefusal = 'unreachable' | 'credentials' | 'forbidden' | 'quota' | 'other';

export interface FailureEvidence {
  /** DOMException name, signalling error code, … */
  code?: string;
  text?: string;
  source?: Source; // for device failures
  pairsTried?: number; // pairs on which at least one check was sent
  pairsAnswered?: number;
  relayErrors?: RelayError[];
  stunUrls?: string[];
  attempts?: number; // reconnects or restarts made
  downMs?: number;
}

/** What the answers of two STUN ports mean. Nothing is said beyond what was seen. */
export type MappingVerdict =
  | 'symmetric' // two ports, different mapped ports from one local port
  | 'same' // two ports, equal answers: proves nothing more
  | 'one-answer' // only one port asked, or only one answered
  | 'none'; // no UDP reply

export type ProbeOutcome =
  | 'mapped' // answered; `mapped` is what the server saw
  | 'same-as-host' // answered, and the browser dropped it as equal to a local address
  | 'timeout'
  | 'error';

export interface StatsSample {
  rttMs: number | null;
  /** Totals over audio and video, bits per second. */
  sendBps: number;
  receiveBps: number;
  /** Over the last interval, 0–1; null when nothing was expected. */
  lossIn: number | null;
  lossOut: number | null;
  jitterMs: number | null;
  audio: { codec: string; in: number; out: number } | null; // bits per second
  video: VideoSample | null; // received camera
  screen: VideoSample | null; // received screen
  sentVideo: VideoSample | null;
  availableOutBps: number | null;
  dtls: string | null; // cipher in words, e.g. TLS_ECDHE_…
  srtp: string | null;
}
export interface VideoSample {
  codec: string; // 'VP8', 'H264', …
  width: number;
  height: number;
  fps: number;
  bps: number;
  freezeCount: number;
  framesDecoded: number; // frames encoded on the sending side
}

export interface Member {
  id: PeerId;
  name: string;
}

/** Which state machine of the connection moved. */
export type Machine = 'signaling' | 'gathering' | 'ice' | 'dtls' | 'connection';
export type RestartReason =
  | 'network-change'
  | 'disconnected'
  | 'failed'
  | 'asked' // the user
  | 'their-restart'; // the other side's offer brought new ICE credentials

export type RelayReason =
  | 'direct-path' // not needed: a direct pair answered
  | 'no-direct-pair' // used: no direct pair answered
  | 'forced' // used: this page was told to (?ice=relay)
  | 'forced-by-peer' // used: the other side offered relayed candidates only
  | 'preferred'; // used although a direct pair also answered (the browser chose it)

export type TransferStage =
  | 'offered' // offered by `direction`
  | 'accepted'
  | 'declined'
  | 'started' // first byte moved
  | 'progress' // at most four a second
  | 'paused' // the connection dropped; bytes so far are kept
  | 'resumed' // goes on at `bytes`
  | 'done' // sent and confirmed, or received and the hash is right
  | 'cancelled'
  | 'failed';
export type TransferFailure =
  | 'hash-mismatch'
  | 'too-large' // this browser cannot keep that much without a disk sink
  | 'disk' // writing failed
  | 'read' // the sender's file changed or vanished
  | 'protocol' // the other side broke the rules
  | 'timeout' // nothing moved for a minute, or no answer for ten
  | 'peer-left';

/** Every kind of event and its own fields. Add kinds at will; never change the sense of one. */
export interface EventBodies {
  // ---- the page itself -------------------------------------------------------------------------
  /** Always seq 0. `secure` is window.isSecureContext; `loopback` is the page's host. */
  'log-start': {
    version: 1;
    app: string;
    wall: string; // ISO 8601, for people
    userAgent: string;
    secure: boolean;
    loopback: boolean;
    icePolicy: 'all' | 'relay';
    relayFilter: 'udp' | 'tcp' | 'tls' | null;
  };
  'lobby': { room: string; made: boolean };
  /** Another window of this browser is in a Parley call or lobby. */
  'same-machine': { how: 'broadcast' | 'host-candidate' };
  /** Playback of a member on this machine was muted (or unmuted by the user). */
  'playback': { muted: boolean; why: 'same-machine' | 'asked' };
  'wake-lock': { held: boolean };
  'network': { online: boolean; change: 'online' | 'offline' | 'type' };

  // ---- devices ---------------------------------------------------------------------------------
  'devices': { cameras: DeviceInfo[]; microphones: DeviceInfo[]; speakers: DeviceInfo[] };
  'media-asked': { source: Source };
  'media-opened': {
    source: Source;
    label: string;
    deviceId: string;
    width?: number;
    height?: number;
    frameRate?: number;
  };
  /** Closed by you, or ended by the device or the browser's own "stop sharing". */
  'media-closed': { source: Source; why: 'asked' | 'ended' };
  /** Your own sending: `muted` true means nothing of it leaves this machine. */
  'mute': { source: Source; muted: boolean };
  /** What a member says of theirs (by = the member). `on` false: muted or absent. */
  'their-media': { source: Source; on: boolean };

  // ---- step 1 Address --------------------------------------------------------------------------
  'probe-start': { urls: string[] };
  'probe-host': { candidate: CandidateInfo };
  'probe-result': {
    url: string;
    outcome: ProbeOutcome;
    mapped?: Endpoint;
    base?: Endpoint;
    ms: number;
    code?: number;
    text?: string;
  };
  'probe-done': { verdict: MappingVerdict; mapped?: Endpoint; answered: number; asked: number };

  // ---- signalling ------------------------------------------------------------------------------
  'signal-connecting': { url: string; attempt: number };
  'signal-open': { url: string };
  'signal-join': { room: string; resume: boolean };
  'welcome': {
    self: PeerId;
    room: string;
    peers: Member[];
    resumed: boolean; // the same place in the room as before: nothing was lost
    locked: boolean;
    iceServers: { urls: string[]; credential: boolean }[];
  };
  'signal-closed': { code: number; reason: string; retryInMs: number | null };
  'server-error': { code: string; message: string };
  'ice-servers': { urls: string[] };
  'peer-joined': { name: string };
  'peer-left': { reason: string };
  'lock': { locked: boolean };
  'left': Record<never, never>;

  // ---- steps 2 and 3 Offer, Answer --------------------------------------------------------------
  /** Who calls: the newcomer. Recorded once a connection object exists. */
  'connection-made': { role: 'caller' | 'callee'; polite: boolean };
  /** sdp is there for made and received; the same text is not repeated for sent and applied. */
  'description': {
    type: 'offer' | 'answer' | 'rollback';
    stage: 'made' | 'sent' | 'received' | 'applied' | 'ignored' | 'failed';
    iceRestart?: boolean;
    bytes: number;
    sdp?: string;
    text?: string; // why, when ignored or failed
  };

  // ---- step 4 Candidates -----------------------------------------------------------------------
  'candidate': {
    stage: 'gathered' | 'sent' | 'received' | 'added' | 'rejected';
    candidate: CandidateInfo;
    text?: string;
  };
  'candidate-error': { url: string; code: number; text: string; address: string; port: number };

  // ---- step 5 Talk -----------------------------------------------------------------------------
  'state': { machine: Machine; state: string };
  /** Pairs whose state, nomination or first answer changed since the last such event. */
  'pairs': { pairs: PairInfo[]; gone: string[] };
  /** The selected pair changed. `previous` is its predecessor's id. */
  'path': { pair: PairInfo; previous: string | null };
  'channel': { label: string; state: 'open' | 'closed' };
  'track': { media: MediaKind; source: Source; state: 'added' | 'muted' | 'unmuted' | 'ended' };
  'first-frame': { source: Source; width: number; height: number };
  'first-sound': Record<never, never>;
  'connected': { ms: number }; // since connection-made, or since the restart
  'restart': { why: RestartReason; attempt: number };
  'clock': { offsetMs: number; errorMs: number; rttMs: number; over: 'channel' | 'signal' };
  'stats': StatsSample;
  /**
   * What a member tells of its own side beyond descriptions and candidates (docs/peer-messages.md
   * section 5): `what` is the wire's kind, such as 'pair-selected' or 'address-learned'.
   */
  'told': {
    what: string;
    step: 0 | 1 | 2 | 3 | 4 | 5 | 6;
    state?: 'waiting' | 'working' | 'done' | 'failed' | 'not-needed';
    detail: Record<string, unknown>;
  };

  // ---- step 6 Relay ----------------------------------------------------------------------------
  'relay': {
    used: boolean;
    why: RelayReason;
    /** Whose relay: yours, theirs or both. */
    whose?: 'yours' | 'theirs' | 'both';
    url?: string;
    protocol?: 'udp' | 'tcp' | 'tls';
  };

  // ---- people ----------------------------------------------------------------------------------
  /** by = who wrote it. Yours is recorded once; `to` lists who was there. */
  'chat': { id: string; text: string; to?: PeerId[] };
  'file': {
    transfer: string;
    direction: 'send' | 'receive';
    stage: TransferStage;
    name: string;
    size: number;
    mime: string;
    bytes: number; // confirmed by the receiver, or written by us
    bps: number;
    sha256?: string; // hex, on done
    sink?: 'disk' | 'private-disk' | 'memory'; // where a received file goes
    why?: TransferFailure;
  };

  // ---- failure ---------------------------------------------------------------------------------
  'failure': { cause: FailureCause; evidence: FailureEvidence };
  /** The failure of this cause (and peer, and source) is over. */
  'recovered': { cause: FailureCause; source?: Source };
}

export interface DeviceInfo {
  id: string;
  label: string; // '' before permission
}

export type EventKind = keyof EventBodies;

export interface EventHead {
  seq: number;
  t: number;
  by: Side;
  peer?: PeerId;
  approx?: true;
  error?: number;
  remoteT?: number;
}

/** CallEvent<'candidate'> is one kind; CallEvent alone is the union, told apart by `kind`. */
export type CallEvent<K extends EventKind = EventKind> = {
  [P in K]: EventHead & { kind: P } & EventBodies[P];
}[K];
