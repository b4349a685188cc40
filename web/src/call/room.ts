// The room as signalling tells it: who is in it, who calls whom, what survives a lost socket or a
// restarted server (docs/signalling.md sections 6 to 8). Makes and drops members; what happens
// between two of them is theirs.

import type { FailureCause, FailureEvidence, PairInfo, PeerId, Source } from './events.ts';
import type { EventLog } from './log.ts';
import { Member } from './member.ts';
import type { MemberHost } from './member.ts';
import { SignalClient } from './signal_client.ts';
import type { JoinRequest, SignalEnvironment, SignalListener, Unsent } from './signal_client.ts';
import type { ServerMessage, SignalPeer, Welcome } from './signal_messages.ts';
import type { Timers } from './timers.ts';

export interface RoomHost {
  readonly log: EventLog;
  readonly timers: Timers;
  readonly epoch: number;
  readonly signalEnvironment: SignalEnvironment;
  configuration(servers: readonly RTCIceServer[]): RTCConfiguration;
  createConnection(configuration: RTCConfiguration): RTCPeerConnection;
  localTrack(source: Source): MediaStreamTrack | null;
  isOn(source: Source): boolean;
  mediaChanged(): void;
  path(member: Member, pair: PairInfo): void;
  memberMade(member: Member): void;
  welcomed(welcome: Welcome): void;
  /** The membership is over, or never came to be. */
  ended(cause: FailureCause | null): void;
}

/** A socket that is back within this was a blip nobody needs to hear of. */
const kGoneAfterMs = 3_000;
/** How long a first attempt to join goes on before the person gets the word back. */
const kGiveUpJoinMs = 10_000;
/** A mesh of more would be the server's mistake. */
const kMaxMembers = 64;
/** Whole files of members who left, kept for the download; the oldest go first. */
const kMaxLeftFiles = 100;

const kRefusals: Record<string, FailureCause> = {
  'room-full': 'room-full',
  'room-locked': 'room-locked',
  'bad-token': 'room-refused',
  'token-required': 'room-refused',
  'token-expired': 'room-refused',
  'wrong-room': 'room-refused',
  'no-such-room': 'room-refused',
};

export class Room {
  readonly members = new Map<PeerId, Member>();
  self: PeerId | null = null;
  name: string;
  private readonly leftFiles = new Map<string, Blob>();
  private order = 0;
  private servers: RTCIceServer[] = [];
  private readonly signal: SignalClient;
  private everWelcomed = false;
  private over = false;
  private attempts = 0;
  private downSince: number | null = null;
  private saidGone = false;
  private lastError: { code: string; message: string } | null = null;
  private cancelGone: (() => void) | null = null;
  private cancelGiveUp: (() => void) | null = null;
  private cancelAwaited: (() => void) | null = null;

  constructor(private readonly host: RoomHost, url: string, request: JoinRequest) {
    this.name = request.room;
    this.signal = new SignalClient(host.signalEnvironment, this.listener());
    this.downSince = host.timers.now();
    this.cancelGiveUp = host.timers.after(kGiveUpJoinMs, () => this.giveUp());
    this.signal.start(url, request);
  }

  get joined(): boolean {
    return this.self !== null && !this.over;
  }

  lock(locked: boolean): void {
    this.signal.lock(locked);
  }

  networkChanged(): void {
    this.signal.networkChanged();
    for (const member of this.members.values()) member.connection?.restartNow('network-change');
  }

  leave(): void {
    if (this.over) return;
    this.end();
    this.signal.leave();
    this.host.log.record('left', {});
  }

  /** Equal shares of an uplink of about 2.5 Mbit/s, and smaller pictures the more there are. */
  videoBudget(): { maxBitrate: number; scaleDown: number } {
    const n = Math.max(1, this.members.size);
    return {
      maxBitrate: Math.max(100_000, Math.round(2_500_000 / n)),
      scaleDown: n <= 2 ? 1 : n <= 4 ? 1.5 : n <= 8 ? 2 : 4,
    };
  }

  // ---- signalling ------------------------------------------------------------------------------

  private listener(): SignalListener {
    const { log } = this.host;
    return {
      connecting: (url, attempt) => {
        this.attempts = attempt;
        log.record('signal-connecting', { url, attempt });
      },
      opened: (url) => log.record('signal-open', { url }),
      joining: (resume) => log.record('signal-join', { room: this.name, resume }),
      welcomed: (welcome, unsent) => this.welcomed(welcome, unsent),
      message: (message) => this.message(message),
      closed: (code, reason, retryInMs) => this.closed(code, reason, retryInMs),
      refused: (code, message) => this.refused(code, message),
    };
  }

  private closed(code: number, reason: string, retryInMs: number | null): void {
    if (this.over) return;
    this.host.log.record('signal-closed', { code, reason, retryInMs });
    if (retryInMs === null) {
      this.fail('server-gone', { code: String(code), text: reason });
      this.end();
      this.host.ended('server-gone');
      return;
    }
    this.downSince ??= this.host.timers.now();
    this.cancelGone ??= this.host.timers.after(kGoneAfterMs, () => this.gone());
  }

  private gone(): void {
    if (this.over || this.signal.joined || this.saidGone) return;
    this.saidGone = true;
    const downMs = this.host.timers.now() - (this.downSince ?? this.host.timers.now());
    this.fail('server-gone', { attempts: this.attempts, downMs });
  }

  /** Nobody is here yet and nothing came of it: back to the lobby with the reason. */
  private giveUp(): void {
    if (this.everWelcomed || this.over) return;
    const cause: FailureCause = this.lastError ? 'server-refused' : 'server-gone';
    if (this.lastError) this.fail(cause, { code: this.lastError.code, text: this.lastError.message });
    else this.gone();
    this.end();
    this.signal.leave();
    this.host.ended(cause);
  }

  private refused(code: string, message: string): void {
    if (this.over) return;
    const cause = kRefusals[code] ?? 'server-refused';
    this.fail(cause, { code, text: message });
    this.end();
    this.host.ended(cause);
  }

  private fail(cause: FailureCause, evidence: FailureEvidence): void {
    this.host.log.record('failure', { cause, evidence });
  }

  private end(): void {
    this.over = true;
    this.self = null;
    this.cancelGone?.();
    this.cancelGiveUp?.();
    this.cancelAwaited?.();
    for (const member of [...this.members.values()]) this.remove(member);
  }

  // ---- welcome ---------------------------------------------------------------------------------

  private welcomed(welcome: Welcome, unsent: readonly Unsent[]): void {
    this.back();
    this.self = welcome.self;
    this.name = welcome.room;
    this.order = welcome.order;
    this.servers = welcome.iceServers;
    this.host.log.record('welcome', {
      self: welcome.self,
      room: welcome.room,
      peers: welcome.peers.map(({ id, name }) => ({ id, name })),
      resumed: welcome.resumed,
      locked: welcome.locked,
      iceServers: welcome.iceServers.map(({ urls, credential }) => ({
        urls: [urls].flat(),
        credential: credential !== undefined,
      })),
    });
    this.host.welcomed(welcome);
    if (!welcome.resumed && !welcome.returned) this.dropEverybody();
    for (const peer of welcome.peers) this.meet(peer, welcome.returned);
    if (welcome.returned) this.returned(welcome, unsent);
  }

  private back(): void {
    this.everWelcomed = true;
    this.downSince = null;
    this.lastError = null;
    this.cancelGone?.();
    this.cancelGiveUp?.();
    this.cancelGone = this.cancelGiveUp = null;
    if (this.saidGone) this.host.log.record('recovered', { cause: 'server-gone' });
    this.saidGone = false;
  }

  /** We are somebody new to the others: what we had with them is over. */
  private dropEverybody(): void {
    for (const member of [...this.members.values()]) {
      this.remove(member);
      this.host.log.record('peer-left', { reason: 'rejoined' }, { peer: member.id });
    }
  }

  /** The server restarted: live connections go on, the others begin anew (section 7). */
  private returned(welcome: Welcome, unsent: readonly Unsent[]): void {
    const here = new Set(welcome.peers.map((peer) => peer.id));
    for (const { to, data } of unsent) {
      if (here.has(to) && this.members.get(to)?.connection?.isConnected) this.signal.send(to, data);
    }
    this.cancelAwaited?.();
    this.cancelAwaited = this.host.timers.after(welcome.resumeWithin * 1000, () => this.stopAwaiting(here));
  }

  private stopAwaiting(here: ReadonlySet<PeerId>): void {
    for (const member of [...this.members.values()]) {
      if (here.has(member.id) || member.connection?.isConnected || member.returned) continue;
      this.remove(member);
      this.host.log.record('peer-left', { reason: 'timeout' }, { peer: member.id });
    }
  }

  /** A peer of whom the server speaks: known or not, before or after its restart. */
  private meet(peer: SignalPeer, returned: boolean): void {
    const known = this.members.get(peer.id);
    if (known && !returned) return;
    if (known) {
      known.order = peer.order;
      known.returned = true;
      if (known.connection?.isConnected) {
        known.connection.repeatOffer();
        return;
      }
      known.drop(false);
      if (this.order > peer.order) known.callThem();
      return;
    }
    if (this.members.size >= kMaxMembers) return;
    const member = new Member(peer, this.memberHost());
    this.members.set(peer.id, member);
    this.host.log.record('peer-joined', { name: peer.name }, { peer: peer.id });
    this.host.memberMade(member);
    this.shareAnew();
    // The newcomer calls (section 8).
    if (this.order > peer.order) member.callThem();
  }

  private memberHost(): MemberHost {
    const { host } = this;
    return {
      log: host.log,
      timers: host.timers,
      epoch: host.epoch,
      send: (to, data) => this.signal.send(to, data),
      configuration: () => host.configuration(this.servers),
      createConnection: (configuration) => host.createConnection(configuration),
      localTrack: (source) => host.localTrack(source),
      isOn: (source) => host.isOn(source),
      videoBudget: () => this.videoBudget(),
      mediaChanged: () => host.mediaChanged(),
      path: (member, pair) => host.path(member, pair),
    };
  }

  /** A file that came whole, also of a member who has left: a sender may go once it is delivered. */
  receivedFile(transfer: string): Blob | null {
    for (const { files } of this.members.values()) if (files.has(transfer)) return files.result(transfer);
    return this.leftFiles.get(transfer) ?? null;
  }

  private remove(member: Member): void {
    this.members.delete(member.id);
    for (const [transfer, file] of member.files.results()) this.leftFiles.set(transfer, file);
    for (const oldest of this.leftFiles.keys()) {
      if (this.leftFiles.size <= kMaxLeftFiles) break;
      this.leftFiles.delete(oldest);
    }
    member.leave(false);
    this.host.mediaChanged();
    this.shareAnew();
  }

  private shareAnew(): void {
    for (const member of this.members.values()) void member.connection?.applyBudget();
  }

  // ---- messages --------------------------------------------------------------------------------

  private message(message: ServerMessage): void {
    const { log } = this.host;
    switch (message.type) {
      case 'peer-joined':
        this.meet(message.peer, message.returned);
        break;
      case 'peer-left': {
        const member = this.members.get(message.id);
        if (!member) break;
        this.remove(member);
        log.record('peer-left', { reason: message.reason }, { peer: message.id });
        break;
      }
      case 'signal':
        this.members.get(message.from)?.receive(message.data);
        break;
      case 'lock':
        log.record('lock', { locked: message.locked });
        break;
      case 'ice-servers':
        this.servers = message.iceServers;
        log.record('ice-servers', { urls: message.iceServers.flatMap(({ urls }) => urls) });
        for (const member of this.members.values()) {
          member.connection?.updateServers(this.host.configuration(this.servers));
        }
        break;
      case 'error':
        this.lastError = message;
        log.record('server-error', { code: message.code, message: message.message });
        break;
      default:
        break;
    }
  }
}
