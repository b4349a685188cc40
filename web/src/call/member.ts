// One other member of the room: their connection (replaced when it must be), their media, and
// what goes over the data channels. Lives as long as the member does, across connections.

import { Chat } from './chat.ts';
import { Connection } from './connection.ts';
import type { Role } from './connection.ts';
import type { CallEvent, EventBodies, EventKind, FailureCause, PairInfo, PeerId, Source } from './events.ts';
import type { EventLog } from './log.ts';
import { asPeerMessage, encode, parsePeerMessage, randomId } from './peer_messages.ts';
import type { Json, PeerMessage } from './peer_messages.ts';
import type { PairData, SignalPeer } from './signal_messages.ts';
import { Storyteller } from './storyteller.ts';
import type { Timers } from './timers.ts';
import { Transfers } from './transfer/transfers.ts';
import { chunkBytes } from './transfer/wire.ts';
import type { FileChannel } from './transfer/wire.ts';

/** New connections in place of broken ones, each after a longer wait than the one before. */
const kMaxReplacements = 10;
const kReplaceAfterMs = 300;
const kAgent = 'parley-web/0.1';
const kSession = /^[A-Za-z0-9_-]{1,32}$/;
/** Told messages in one signalling message; more than any Parley sends. */
const kMaxToldAtOnce = 64;

export interface MemberHost {
  readonly log: EventLog;
  readonly timers: Timers;
  readonly epoch: number;
  send(to: PeerId, data: PairData): void;
  configuration(): RTCConfiguration;
  createConnection(configuration: RTCConfiguration): RTCPeerConnection;
  localTrack(source: Source): MediaStreamTrack | null;
  isOn(source: Source): boolean;
  videoBudget(): { maxBitrate: number; scaleDown: number };
  mediaChanged(): void;
  path(member: Member, pair: PairInfo): void;
}

export class Member {
  readonly id: PeerId;
  name: string;
  order: number;
  readonly main = new MediaStream();
  screen: MediaStream | null = null;
  playMuted = false;
  sameMachine = false;
  /** Seen again after a restart of the server. */
  returned = false;
  connection: Connection | null = null;
  readonly chat: Chat;
  readonly files: Transfers;
  private readonly storyteller: Storyteller;
  private readonly unsubscribe: () => void;
  private replacements = 0;
  /** What was told of a connection since replaced, and is not over. */
  private failed: FailureCause | null = null;
  private cancelReplacement: (() => void) | null = null;
  private eventsChannel: RTCDataChannel | null = null;
  private chatChannel: RTCDataChannel | null = null;

  constructor(peer: SignalPeer, private readonly host: MemberHost) {
    this.id = peer.id;
    this.name = peer.name;
    this.order = peer.order;
    this.chat = new Chat(({ id, text }) => host.log.record('chat', { id, text }, { by: peer.id, peer: peer.id }));
    this.storyteller = new Storyteller({
      log: host.log,
      timers: host.timers,
      epoch: host.epoch,
      peer: peer.id,
      signal: (events) => host.send(peer.id, { events }),
      state: () => ({
        microphone: host.isOn('microphone'),
        camera: host.isOn('camera'),
        screen: host.isOn('screen'),
      }),
      theirState: (state) => this.heardState(state),
    });
    this.files = new Transfers({
      timers: host.timers,
      peer: peer.id,
      emit: (event) => this.record('file', event),
      openChannel: (label, protocol) => this.openChannel(label, protocol),
      chunkBytes: () => chunkBytes(this.connection?.connection.sctp?.maxMessageSize ?? 65_536),
    });
    this.unsubscribe = host.log.subscribe((event) => this.overhear(event));
    this.storyteller.start();
    this.tellPast();
  }

  private record<K extends EventKind>(kind: K, body: EventBodies[K]): void {
    this.host.log.record(kind, body, { peer: this.id });
  }

  // ---- telling ---------------------------------------------------------------------------------

  /** Own events about this member, or about this page as such. */
  private overhear(event: CallEvent): void {
    if (event.by === 'you' && (event.peer === this.id || event.peer === undefined)) this.storyteller.tell(event);
  }

  /** The lobby's findings, which came before the member did. */
  private tellPast(): void {
    const last = new Map<string, CallEvent>();
    for (const event of this.host.log.events) {
      if (event.by !== 'you' || event.peer !== undefined) continue;
      if (event.kind === 'probe-done') last.set('probe', event);
      if (event.kind === 'failure' && event.evidence.source) last.set(event.evidence.source, event);
      if (event.kind === 'media-opened') last.delete(event.source);
    }
    for (const event of last.values()) this.storyteller.tell(event);
  }

  private heardState(state: Partial<Record<Source, boolean>>): void {
    for (const [source, on] of Object.entries(state) as [Source, boolean][]) {
      this.host.log.record('their-media', { source, on }, { by: this.id, peer: this.id });
    }
  }

  // ---- signalling ------------------------------------------------------------------------------

  /** We are the newcomer of the pair: call. */
  callThem(): void {
    this.replace('caller', randomId());
  }

  receive(data: PairData): void {
    const session = typeof data.session === 'string' && kSession.test(data.session) ? data.session : null;
    if (Array.isArray(data.events)) this.receiveTold(data.events);
    if (data.description && typeof data.description === 'object') this.receiveDescription(data.description, session);
    if (data.candidate !== undefined && this.isCurrent(session) && isCandidate(data.candidate)) {
      this.connection?.receiveCandidate(data.candidate);
    }
    if (data.restart === true && this.isCurrent(session)) this.connection?.askedToRestart();
    if (data.close === true && this.isCurrent(session)) this.beginAgain(false);
  }

  private receiveTold(messages: unknown[]): void {
    for (const value of messages.slice(0, kMaxToldAtOnce)) {
      const message = asPeerMessage(value);
      if (message) this.storyteller.receive(message);
    }
  }

  private isCurrent(session: string | null): boolean {
    return this.connection !== null && (session === null || session === this.connection.session);
  }

  private receiveDescription(description: RTCSessionDescriptionInit, session: string | null): void {
    if (!this.isCurrent(session)) {
      if (description.type !== 'offer') return;
      this.replace('callee', session ?? randomId());
    }
    this.connection?.receiveDescription(description);
  }

  // ---- the connection --------------------------------------------------------------------------

  private replace(role: Role, session: string): void {
    this.drop(false);
    const connection: Connection = new Connection(role, session, {
      timers: this.host.timers,
      configuration: () => this.host.configuration(),
      createConnection: (configuration) => this.host.createConnection(configuration),
      record: (kind, body) => {
        if (kind === 'failure') this.failed = (body as EventBodies['failure']).cause;
        if (kind === 'recovered') this.failed = null;
        this.record(kind, body);
      },
      send: (data) => this.host.send(this.id, data),
      localTrack: (source) => this.host.localTrack(source),
      videoBudget: () => this.host.videoBudget(),
      remoteTrack: (source, track, on) => this.remoteTrack(source, track, on),
      channel: (channel) => this.channel(channel),
      path: (pair) => this.host.path(this, pair),
      connected: () => {
        if (this.failed) this.record('recovered', { cause: this.failed });
        this.failed = null;
        this.files.connectionUp();
      },
      broken: () => this.beginAgain(true),
    });
    this.connection = connection;
  }

  /** The connection is beyond repair, here or there; the caller makes another, after a while. */
  private beginAgain(tell: boolean): void {
    const role = this.connection?.role;
    this.drop(tell && role === 'callee');
    this.host.mediaChanged();
    if (role !== 'caller' || this.replacements >= kMaxReplacements) return;
    this.replacements += 1;
    this.cancelReplacement?.();
    this.cancelReplacement = this.host.timers.after(kReplaceAfterMs * this.replacements, () => {
      if (!this.connection) this.callThem();
    });
  }

  /** Closes the connection; the member stays. */
  drop(tell: boolean): void {
    this.connection?.close(tell);
    this.connection = null;
    this.chat.detach();
    this.storyteller.detach();
    this.chatChannel = this.eventsChannel = null;
    this.files.connectionGone();
    for (const track of this.main.getTracks()) this.main.removeTrack(track);
    this.screen = null;
  }

  /** The member is gone for good. */
  leave(tell: boolean): void {
    this.cancelReplacement?.();
    this.files.peerLeft();
    this.drop(tell);
    this.storyteller.stop();
    this.unsubscribe();
  }

  // ---- media -----------------------------------------------------------------------------------

  private remoteTrack(source: Source, track: MediaStreamTrack, on: boolean): void {
    if (source === 'microphone' || source === 'camera') {
      for (const old of this.main.getTracks()) {
        if (old.kind === track.kind && old !== track) this.main.removeTrack(old);
      }
      if (!this.main.getTracks().includes(track)) this.main.addTrack(track);
    } else if (on) {
      this.screen ??= new MediaStream();
      if (!this.screen.getTracks().includes(track)) this.screen.addTrack(track);
    } else {
      this.screen?.removeTrack(track);
      if (this.screen?.getVideoTracks().length === 0) this.screen = null;
    }
    this.host.mediaChanged();
  }

  localChanged(source: Source): void {
    this.connection?.localChanged(source);
    this.storyteller.stateChanged();
  }

  // ---- data channels ---------------------------------------------------------------------------

  private openChannel(label: string, protocol: string): FileChannel | null {
    const connection = this.connection?.connection;
    if (!connection || connection.connectionState === 'closed' || connection.sctp === null) return null;
    return connection.createDataChannel(label, { protocol });
  }

  private channel(channel: RTCDataChannel): void {
    if (channel.label === 'chat' && channel.protocol === 'parley.chat.1') this.takeChat(channel);
    else if (channel.label === 'events' && channel.protocol === 'parley.events.1') this.takeEvents(channel);
    else if (channel.label.startsWith('file/') && channel.protocol === 'parley.file.1') this.files.incoming(channel);
    else channel.close();
  }

  private takeChat(channel: RTCDataChannel): void {
    this.chatChannel = channel;
    this.common(channel, (message) => this.chat.receive(message), () => {
      channel.send(encode('hello', { agent: kAgent, features: ['chat', 'events', 'files'] }));
      this.chat.attach((message) => send(channel, message));
    });
  }

  private takeEvents(channel: RTCDataChannel): void {
    this.eventsChannel = channel;
    this.common(channel, (message) => this.storyteller.receive(message), () =>
      this.storyteller.attach((message) => send(channel, message)),
    );
  }

  private common(channel: RTCDataChannel, receive: (message: PeerMessage) => void, opened: () => void): void {
    const current = (): boolean => channel === this.chatChannel || channel === this.eventsChannel;
    const open = (): void => {
      if (!current()) return;
      this.record('channel', { label: channel.label, state: 'open' });
      opened();
    };
    channel.onmessage = ({ data }) => {
      const message = parsePeerMessage(data);
      if (message && current()) receive(message);
    };
    channel.onclose = () => {
      if (!current()) return;
      this.record('channel', { label: channel.label, state: 'closed' });
      if (channel === this.chatChannel) this.chat.detach();
      else this.storyteller.detach();
    };
    if (channel.readyState === 'open') open();
    else channel.onopen = open;
  }
}

/** A channel that is just closing throws; its onclose follows and what matters is sent again. */
function send(channel: RTCDataChannel, message: string): void {
  if (channel.readyState === 'open') channel.send(message);
}

function isCandidate(value: unknown): value is RTCIceCandidateInit | null {
  return value === null || (typeof value === 'object' && typeof (value as Json)['candidate'] === 'string');
}
