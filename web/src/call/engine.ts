// The call: implements call.ts over the browser that environment.ts hands in. Puts the parts
// together and keeps what belongs to no single member: the log, the devices, the room.

import { filterIceServers, isLoopbackHost, parseAddress, roomLink, signalUrl } from './address.ts';
import type { Call, DeviceChoice, LobbyResult, MediaView, MemberMedia, PageAddress, SaveOptions, Self, SinkChoice } from './call.ts';
import { clip } from './chat.ts';
import type { Environment } from './environment.ts';
import type { CallEvent, FailureCause, PairInfo, PeerId, Source } from './events.ts';
import { LocalMedia } from './local_media.ts';
import { EventLog } from './log.ts';
import type { Member } from './member.ts';
import { isObject, randomId } from './peer_messages.ts';
import { probe } from './probe.ts';
import { writeReport } from './report.ts';
import { Room } from './room.ts';
import { makeRoomName } from './room_name.ts';
import { isLocalPath, SameMachine } from './same_machine.ts';
import { availableSinks, clearPrivateDisk, kMaxMemoryBytes, MemorySink, openDisk, openPrivateDisk } from './transfer/sinks.ts';
import type { Sink, SinkKind } from './transfer/sinks.ts';
import type { Offer } from './transfer/wire.ts';

const kApp = 'parley-web/0.1';
/** Where the server says which STUN ports a lobby may ask. */
const kPageFacts = '/page.json';
const kMaxProbeUrls = 4;
/** Files up to this are kept in memory even where a private disk exists: fewer moving parts. */
const kSmallFileBytes = 64 * 1024 * 1024;

export class CallEngine implements Call {
  readonly address: PageAddress;
  readonly sinks: readonly SinkKind[] = availableSinks();
  private readonly log: EventLog;
  private readonly local: LocalMedia;
  private readonly sameMachine: SameMachine;
  private readonly mediaListeners = new Set<() => void>();
  private readonly neighbours = new Set<PeerId>(); // members in other windows of this browser
  private readonly epoch: number;
  private room: Room | null = null;
  private settleJoin: ((cause: FailureCause | null) => void) | null = null;
  private allowSleep: (() => void) | null = null;
  private noStunAnswer = false;
  private name = '';
  private lobbyRoom: string | null = null;

  constructor(private readonly environment: Environment) {
    const origin = environment.timers.now();
    this.epoch = environment.timeOrigin + origin;
    this.log = new EventLog(() => environment.timers.now() - origin);
    this.address = parseAddress(environment.href);
    this.log.record('log-start', {
      version: 1,
      app: kApp,
      wall: new Date(this.epoch).toISOString(),
      userAgent: environment.userAgent,
      secure: environment.secure,
      loopback: this.loopbackOnly,
      icePolicy: this.address.icePolicy,
      relayFilter: this.address.relayFilter,
    });
    this.local = new LocalMedia(environment.devices, this.log, (source) => this.localChanged(source));
    this.sameMachine = new SameMachine((id, room) => this.neighbour(id, room));
    environment.onNetwork((online, change) => this.network(online, change));
    environment.onGone(() => this.leave());
    this.log.subscribe((event) => this.overhear(event));
  }

  // ---- looking ---------------------------------------------------------------------------------

  get self(): Readonly<Self> {
    const room = this.room;
    return {
      id: room?.self ?? null,
      name: this.name,
      room: room?.name ?? this.lobbyRoom,
      joined: room?.joined ?? false,
    };
  }

  get events(): readonly CallEvent[] {
    return this.log.events;
  }

  get media(): MediaView {
    const members = new Map<PeerId, MemberMedia>();
    for (const { id, main, screen, playMuted } of this.room?.members.values() ?? []) {
      members.set(id, { main, screen, playMuted });
    }
    return {
      camera: this.local.stream('camera'),
      microphone: this.local.stream('microphone'),
      screen: this.local.stream('screen'),
      members,
    };
  }

  onEvent(listener: (event: CallEvent) => void): () => void {
    return this.log.subscribe(listener);
  }

  onMedia(listener: () => void): () => void {
    this.mediaListeners.add(listener);
    return () => this.mediaListeners.delete(listener);
  }

  now(): number {
    return this.log.now();
  }

  /** For tests and curious people: what the browser itself says of each connection. */
  async getStats(): Promise<Record<PeerId, unknown[]>> {
    const all: Record<PeerId, unknown[]> = {};
    for (const member of this.room?.members.values() ?? []) {
      const report = await member.connection?.connection.getStats();
      const stats: unknown[] = [];
      report?.forEach((stat) => stats.push(stat));
      all[member.id] = stats;
    }
    return all;
  }

  saveReport(options?: SaveOptions): string {
    return writeReport(this.log.events, options);
  }

  watch(element: HTMLVideoElement, peer: PeerId, source: Source): void {
    let seen = false;
    const frame = (): void => {
      if (seen || element.videoWidth === 0) return;
      seen = true;
      element.removeEventListener('loadeddata', frame);
      element.removeEventListener('resize', frame);
      this.log.record('first-frame', { source, width: element.videoWidth, height: element.videoHeight }, { peer });
    };
    if (typeof element.requestVideoFrameCallback === 'function') element.requestVideoFrameCallback(frame);
    element.addEventListener('loadeddata', frame);
    element.addEventListener('resize', frame);
  }

  // ---- lobby -----------------------------------------------------------------------------------

  async enterLobby(): Promise<LobbyResult> {
    const made = this.address.room === null;
    const room = this.address.room ?? this.makeRoomName();
    this.lobbyRoom = room;
    this.log.record('lobby', { room, made });
    this.sameMachine.ask();
    void clearPrivateDisk();
    void this.local.list();
    void this.probe();
    return { room, made };
  }

  makeRoomName(): string {
    return makeRoomName();
  }

  roomLink(room: string): string {
    return roomLink(this.environment.href, room);
  }

  get loopbackOnly(): boolean {
    return isLoopbackHost(new URL(this.environment.href).hostname);
  }

  async probe(): Promise<void> {
    const facts = await this.environment.fetchJson(kPageFacts);
    const listed = isObject(facts) && Array.isArray(facts['stun']) ? facts['stun'] : [];
    const urls = listed.filter((url): url is string => typeof url === 'string' && /^stun:/i.test(url));
    if (urls.length === 0) return; // a server that names no STUN port: nothing to ask, nothing said
    const create = (configuration: RTCConfiguration): RTCPeerConnection =>
      this.environment.createConnection(configuration);
    const verdict = await probe(urls.slice(0, kMaxProbeUrls), create, this.log, this.environment.timers);
    if (verdict === 'none') {
      this.noStunAnswer = true;
      this.log.record('failure', { cause: 'no-stun-answer', evidence: { stunUrls: urls } });
    } else this.stunRecovered();
  }

  private stunRecovered(): void {
    if (this.noStunAnswer) this.log.record('recovered', { cause: 'no-stun-answer' });
    this.noStunAnswer = false;
  }

  // ---- devices ---------------------------------------------------------------------------------

  openCamera(deviceId: string | null = null): Promise<boolean> {
    return this.local.open('camera', deviceId);
  }

  openMicrophone(deviceId: string | null = null): Promise<boolean> {
    return this.local.open('microphone', deviceId);
  }

  closeCamera(): void {
    this.local.close('camera', 'asked');
  }

  closeMicrophone(): void {
    this.local.close('microphone', 'asked');
  }

  get devices(): Readonly<DeviceChoice> {
    return this.local.chosen;
  }

  setMuted(source: 'microphone' | 'camera', muted: boolean): Promise<void> {
    return this.local.setMuted(source, muted);
  }

  isMuted(source: 'microphone' | 'camera'): boolean {
    return this.local.isMuted(source);
  }

  get canShareScreen(): boolean {
    return this.local.canShareScreen;
  }

  shareScreen(): Promise<boolean> {
    return this.local.shareScreen();
  }

  stopScreen(): void {
    this.local.close('screen', 'asked');
  }

  private localChanged(source: Source): void {
    for (const member of this.room?.members.values() ?? []) member.localChanged(source);
    this.mediaChanged();
  }

  private mediaChanged(): void {
    for (const listener of [...this.mediaListeners]) listener();
  }

  // ---- one machine, several windows --------------------------------------------------------------

  private neighbour(id: PeerId, room: string): void {
    if (this.neighbours.has(id)) return;
    this.neighbours.add(id);
    const member = this.room?.members.get(id);
    if (member) this.muteNeighbour(member, 'broadcast');
    else if (!this.room || room !== this.room.name) this.log.record('same-machine', { how: 'broadcast' });
  }

  private muteNeighbour(member: Member, how: 'broadcast' | 'host-candidate'): void {
    if (member.sameMachine) return;
    member.sameMachine = true;
    this.log.record('same-machine', { how }, { peer: member.id });
    this.playback(member, true, 'same-machine');
  }

  private playback(member: Member, muted: boolean, why: 'same-machine' | 'asked'): void {
    if (member.playMuted === muted) return;
    member.playMuted = muted;
    this.log.record('playback', { muted, why }, { peer: member.id });
    this.mediaChanged();
  }

  setPlayback(peer: PeerId, muted: boolean): void {
    const member = this.room?.members.get(peer);
    if (member) this.playback(member, muted, 'asked');
  }

  // ---- the call --------------------------------------------------------------------------------

  join(room: string, name: string, token: string | null = this.address.token): Promise<null | FailureCause> {
    if (this.room) throw new TypeError('already in a room');
    this.name = name;
    return new Promise((resolve) => {
      this.settleJoin = resolve;
      this.room = this.makeRoom(room, name, token);
    });
  }

  private makeRoom(room: string, name: string, token: string | null): Room {
    const { environment } = this;
    return new Room(
      {
        log: this.log,
        timers: environment.timers,
        epoch: this.epoch,
        signalEnvironment: environment,
        configuration: (servers) => this.configuration(servers),
        createConnection: (configuration) => environment.createConnection(configuration),
        localTrack: (source) => this.local.track(source),
        isOn: (source) => this.local.isOn(source),
        mediaChanged: () => this.mediaChanged(),
        path: (member, pair) => this.path(member, pair),
        memberMade: (member) => {
          if (this.neighbours.has(member.id)) this.muteNeighbour(member, 'broadcast');
          this.mediaChanged();
        },
        welcomed: (welcome) => {
          this.name = welcome.name || this.name;
          this.sameMachine.announce(welcome.self, welcome.room);
          this.allowSleep ??= environment.keepAwake((held) => this.log.record('wake-lock', { held }));
          this.settle(null);
        },
        ended: (cause) => this.ended(cause),
      },
      signalUrl(environment.href),
      { room, name, token },
    );
  }

  private configuration(servers: readonly RTCIceServer[]): RTCConfiguration {
    return {
      iceServers: filterIceServers(servers, this.address.relayFilter),
      iceTransportPolicy: this.address.icePolicy,
      bundlePolicy: 'max-bundle',
    };
  }

  private path(member: Member, pair: PairInfo): void {
    if (isLocalPath(pair, this.loopbackOnly)) this.muteNeighbour(member, 'host-candidate');
  }

  private settle(cause: FailureCause | null): void {
    const settle = this.settleJoin;
    this.settleJoin = null;
    settle?.(cause);
  }

  private ended(cause: FailureCause | null): void {
    this.room = null;
    this.sameMachine.forget();
    this.allowSleep?.();
    this.allowSleep = null;
    this.mediaChanged();
    this.settle(cause);
  }

  leave(): void {
    const room = this.room;
    if (!room) return;
    room.leave();
    this.ended(null);
    this.local.closeAll();
  }

  lockRoom(locked: boolean): void {
    this.room?.lock(locked);
  }

  restart(peer?: PeerId): void {
    for (const member of this.room?.members.values() ?? []) {
      if (peer === undefined || peer === member.id) member.connection?.restartNow('asked');
    }
  }

  private network(online: boolean, change: 'online' | 'offline' | 'type'): void {
    this.log.record('network', { online, change });
    if (online) this.room?.networkChanged();
  }

  private overhear(event: CallEvent): void {
    // A call that works needs no STUN answer: the lobby's warning is over.
    if (event.kind === 'connected' && event.by === 'you') this.stunRecovered();
  }

  sendChat(text: string): void {
    const clipped = clip(text.trim());
    if (!this.room || clipped === '') return;
    const id = randomId();
    const members = [...this.room.members.values()];
    this.log.record('chat', { id, text: clipped, to: members.map((member) => member.id) });
    for (const member of members) member.chat.post({ id, at: this.epoch + this.log.now(), text: clipped });
  }

  // ---- files -----------------------------------------------------------------------------------

  offerFile(file: File, to?: PeerId): string[] {
    const ids: string[] = [];
    for (const member of this.room?.members.values() ?? []) {
      if (to !== undefined && to !== member.id) continue;
      const id = randomId();
      member.files.send(id, file);
      ids.push(id);
    }
    return ids;
  }

  private holder(transfer: string): Member | null {
    for (const member of this.room?.members.values() ?? []) if (member.files.has(transfer)) return member;
    return null;
  }

  async acceptFile(transfer: string, sink: SinkChoice = 'auto'): Promise<boolean> {
    const member = this.holder(transfer);
    return member ? member.files.accept(transfer, (offer) => openSink(transfer, offer, sink)) : false;
  }

  declineFile(transfer: string): void {
    this.holder(transfer)?.files.decline(transfer);
  }

  cancelFile(transfer: string): void {
    this.holder(transfer)?.files.cancel(transfer);
  }

  async receivedFile(transfer: string): Promise<Blob | null> {
    return this.room?.receivedFile(transfer) ?? null;
  }
}

async function openSink(transfer: string, offer: Offer, choice: SinkChoice): Promise<Sink | null> {
  if (choice === 'disk') return openDisk(offer.name);
  const large = offer.size > kSmallFileBytes;
  if (choice === 'private-disk' || (choice === 'auto' && large)) {
    const sink = await openPrivateDisk(transfer.replace(/[^A-Za-z0-9_-]/g, '_'), offer.size);
    if (sink) return sink;
  }
  if (offer.size > kMaxMemoryBytes) throw new RangeError('too large to keep in memory');
  return new MemorySink();
}
