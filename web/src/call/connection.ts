// One RTCPeerConnection to one member, from the first candidate to the last packet: wires
// negotiation, recovery and observation together and sends this side's tracks. A member may have
// several of these one after another (each with its own `session`), never two at a time.
//
// Lines: the first audio line is the microphone, the first video line the camera, any later line a
// screen or its sound. Both first lines exist from the start, with or without a device, so that
// opening a camera later needs no negotiation.

import type { CandidateInfo, EventBodies, EventKind, FailureCause, FailureEvidence, PairInfo, RestartReason, Source } from './events.ts';
import { Negotiation } from './negotiation.ts';
import { PathWatch } from './path_watch.ts';
import { Recovery } from './recovery.ts';
import { RelayErrors } from './relay.ts';
import type { PairData } from './signal_messages.ts';
import type { LineRoles } from './stats.ts';
import type { Timers } from './timers.ts';

export type Role = 'caller' | 'callee';

export interface ConnectionHost {
  readonly timers: Timers;
  configuration(): RTCConfiguration;
  createConnection(configuration: RTCConfiguration): RTCPeerConnection;
  record<K extends EventKind>(kind: K, body: EventBodies[K]): void;
  send(data: PairData): void;
  /** This side's track of a source now, or null. */
  localTrack(source: Source): MediaStreamTrack | null;
  /** Upper bound for one video stream, bits per second. */
  videoBudget(): { maxBitrate: number; scaleDown: number };
  remoteTrack(source: Source, track: MediaStreamTrack, on: boolean): void;
  channel(channel: RTCDataChannel): void;
  path(pair: PairInfo): void;
  connected(): void;
  /** DTLS is broken for good, which no ICE restart mends: another connection is needed. */
  broken(): void;
}

const kMaxTheirCandidates = 512;

export class Connection {
  readonly connection: RTCPeerConnection;
  private readonly negotiation: Negotiation;
  private readonly recovery: Recovery;
  readonly watch: PathWatch;
  private readonly relayErrors = new RelayErrors();
  private readonly theirs: CandidateInfo[] = [];
  private readonly screens = new Map<Source, RTCRtpTransceiver>();
  private gathered = 0;
  private negotiated = false;
  private failure: FailureCause | null = null;
  private restartedAt: number | null = null;
  private closed = false;
  private iceWasUp = false;

  constructor(
    readonly role: Role,
    readonly session: string,
    private readonly host: ConnectionHost,
  ) {
    const configuration = host.configuration();
    this.connection = host.createConnection(configuration);
    host.record('connection-made', { role, polite: role === 'caller' });
    this.negotiation = new Negotiation(this.connection, role === 'caller', {
      send: (data) => this.send(data),
      record: (body) => this.described(body),
      recordCandidate: (stage, candidate, text) => this.candidate(stage, candidate, text),
      beforeAnswer: () => this.attachToOffer(),
      theirRestart: () => this.restarted('their-restart', 0),
      failed: (text) => this.fail('media-failed', { text }),
    });
    this.recovery = new Recovery(host.timers, {
      restart: (why, attempt) => this.restart(why, attempt),
      noPath: () => this.noPath(),
      lost: (downMs, attempts) => this.fail('connection-lost', { downMs, attempts }),
      connected: (ms) => this.connected(ms),
    });
    this.watch = new PathWatch(this.connection, host.timers, {
      record: (kind, body) => host.record(kind, body),
      lines: () => this.lines(),
      policy: configuration.iceTransportPolicy === 'relay' ? 'relay' : 'all',
      theirCandidates: () => this.theirs,
      path: (pair) => this.path(pair),
    });
    this.listen();
    if (role === 'caller') this.open();
  }

  /** The caller's channels and lines; negotiationneeded follows by itself. */
  private open(): void {
    for (const [label, protocol] of [['chat', 'parley.chat.1'], ['events', 'parley.events.1']] as const) {
      this.host.channel(this.connection.createDataChannel(label, { protocol }));
    }
    for (const source of ['microphone', 'camera'] as const) {
      const track = this.host.localTrack(source);
      const kind = source === 'microphone' ? 'audio' : 'video';
      this.connection.addTransceiver(track ?? kind, { direction: 'sendrecv' });
    }
  }

  /** The callee sends on the lines that the offer brought. */
  private async attachToOffer(): Promise<void> {
    this.negotiated = true;
    for (const source of ['microphone', 'camera'] as const) {
      const line = this.line(source);
      if (!line || line.direction === 'stopped') continue;
      if (this.role === 'callee') line.direction = 'sendrecv';
      await line.sender.replaceTrack(this.host.localTrack(source));
    }
  }

  private listen(): void {
    const pc = this.connection;
    pc.onnegotiationneeded = () => {
      // Before the first offer has come the callee has nothing to negotiate about.
      if (this.role === 'caller' || this.negotiated) void this.negotiation.offer();
    };
    pc.onicecandidate = ({ candidate }) => {
      // The event with null says the same as the empty candidate before it, or stands for it.
      if (candidate && candidate.candidate !== '') this.negotiation.gathered(candidate);
      else if (!candidate) this.negotiation.gathered(null);
    };
    pc.onicecandidateerror = (event) => this.candidateError(event);
    pc.ondatachannel = ({ channel }) => this.host.channel(channel);
    pc.ontrack = ({ track, transceiver }) => this.track(track, transceiver);
    this.listenToStates();
  }

  private listenToStates(): void {
    const pc = this.connection;
    const state = (machine: EventBodies['state']['machine'], value: string): void => {
      if (!this.closed) this.host.record('state', { machine, state: value });
    };
    pc.onsignalingstatechange = () => {
      state('signaling', pc.signalingState);
      if (pc.signalingState === 'stable') this.settled();
    };
    pc.onicegatheringstatechange = () => {
      state('gathering', pc.iceGatheringState);
      if (pc.iceGatheringState === 'complete' && this.gathered === 0) this.recovery.noCandidates();
    };
    pc.oniceconnectionstatechange = () => {
      state('ice', pc.iceConnectionState);
      if (['connected', 'completed'].includes(pc.iceConnectionState)) this.iceWasUp = true;
      void this.watch.look();
    };
    pc.onconnectionstatechange = () => {
      state('connection', pc.connectionState);
      if (pc.connectionState === 'failed') void this.watch.look();
      const broken = pc.connectionState === 'failed' && this.transport()?.state === 'failed';
      // Firefox lets DTLS fail with an ICE that never found a pair: then no path is what to tell.
      if (!broken || !this.iceWasUp) this.recovery.state(pc.connectionState);
      if (broken) this.host.broken();
    };
  }

  private transport(): RTCDtlsTransport | null {
    return this.connection.sctp?.transport ?? this.line('microphone')?.sender.transport ?? null;
  }

  /** An offer and its answer are in place: transports exist, screens may be added. */
  private settled(): void {
    this.negotiated = true;
    const transport = this.transport();
    if (transport && !transport.onstatechange) {
      transport.onstatechange = () => {
        if (!this.closed) this.host.record('state', { machine: 'dtls', state: transport.state });
      };
      this.host.record('state', { machine: 'dtls', state: transport.state });
      const ice = transport.iceTransport;
      if (ice) ice.onselectedcandidatepairchange = () => void this.watch.look();
    }
    this.syncScreen();
    void this.applyBudget();
  }

  // ---- signalling ------------------------------------------------------------------------------

  private send(data: PairData): void {
    if (!this.closed) this.host.send({ ...data, session: this.session });
  }

  private described(body: EventBodies['description']): void {
    if (!this.closed) this.host.record('description', body);
  }

  private candidate(stage: EventBodies['candidate']['stage'], candidate: CandidateInfo, text?: string): void {
    if (this.closed) return;
    if (stage === 'gathered' && candidate.type !== 'end') this.gathered += 1;
    if (stage === 'gathered' && candidate.type === 'relay') this.relayErrors.worked(candidate.url);
    if (stage === 'received' && this.theirs.length < kMaxTheirCandidates) this.theirs.push(candidate);
    this.host.record('candidate', text === undefined ? { stage, candidate } : { stage, candidate, text });
  }

  private candidateError(event: RTCPeerConnectionIceErrorEvent): void {
    const { url, errorCode, errorText } = event;
    this.relayErrors.add(url, errorCode, errorText);
    this.host.record('candidate-error', {
      url,
      code: errorCode,
      text: errorText,
      address: event.address ?? '',
      port: event.port ?? 0,
    });
  }

  receiveDescription(description: RTCSessionDescriptionInit): void {
    void this.negotiation.receive(description);
  }

  receiveCandidate(candidate: RTCIceCandidateInit | null): void {
    void this.negotiation.receiveCandidate(candidate);
  }

  /** The server restarted and may have lost what was on its way. */
  repeatOffer(): void {
    this.negotiation.repeatOffer();
  }

  get isConnected(): boolean {
    return this.connection.connectionState === 'connected';
  }

  // ---- recovery --------------------------------------------------------------------------------

  restartNow(why: RestartReason): void {
    this.recovery.restartNow(why);
  }

  /** The callee saw the connection fail and asks us, the caller, to offer anew. */
  askedToRestart(): void {
    if (this.role === 'caller') this.recovery.restartNow('asked');
  }

  updateServers(configuration: RTCConfiguration): void {
    try {
      this.connection.setConfiguration(configuration);
    } catch {
      // Old credentials stay in use; the relay outlives them (docs/signalling.md section 14).
    }
  }

  private restart(why: RestartReason, attempt: number): void {
    if (this.closed) return;
    this.restarted(why, attempt);
    if (this.role === 'callee') {
      this.send({ restart: true });
      return;
    }
    this.updateServers(this.host.configuration());
    if (this.connection.signalingState === 'have-local-offer') this.negotiation.repeatOffer();
    this.connection.restartIce();
  }

  private restarted(why: RestartReason, attempt: number): void {
    this.theirs.length = 0;
    this.gathered = 0;
    this.watch.restarted();
    this.restartedAt = this.host.timers.now();
    this.host.record('restart', { why, attempt });
  }

  /** Browsers restart a living connection without changing its state; the new pair shows it. */
  private path(pair: PairInfo): void {
    if (this.restartedAt !== null && this.isConnected) this.connected(this.host.timers.now() - this.restartedAt);
    this.host.path(pair);
  }

  private connected(ms: number): void {
    if (this.failure) this.host.record('recovered', { cause: this.failure });
    this.failure = null;
    this.restartedAt = null;
    this.host.record('connected', { ms });
    this.watch.setConnected(true);
    this.host.connected();
  }

  private noPath(): void {
    const relayErrors = this.relayErrors.list();
    const evidence: FailureEvidence = {
      pairsTried: this.watch.pairs.tried,
      pairsAnswered: this.watch.pairs.answered,
      relayErrors,
    };
    const iceUp = ['connected', 'completed'].includes(this.connection.iceConnectionState);
    const relayOnly = this.host.configuration().iceTransportPolicy === 'relay';
    if (iceUp || evidence.pairsAnswered) this.fail('media-failed', evidence);
    else if (relayErrors.length > 0 && (relayOnly || evidence.pairsTried === 0)) this.fail('relay-refused', evidence);
    else this.fail('no-pair-answered', evidence);
  }

  private fail(cause: FailureCause, evidence: FailureEvidence): void {
    if (this.closed || this.failure === cause) return;
    this.failure = cause;
    this.host.record('failure', { cause, evidence });
  }

  // ---- tracks ----------------------------------------------------------------------------------

  /** The line of a source: the first of its kind, or the screen line made for it. */
  private line(source: Source): RTCRtpTransceiver | null {
    const screen = this.screens.get(source);
    if (screen) return screen;
    const kind = source === 'microphone' || source === 'screen-audio' ? 'audio' : 'video';
    if (source === 'screen' || source === 'screen-audio') return null;
    const ownScreens = [...this.screens.values()];
    const lines = this.connection.getTransceivers();
    return lines.find((line) => line.receiver.track.kind === kind && !ownScreens.includes(line)) ?? null;
  }

  private lines(): LineRoles {
    return { audio: this.line('microphone')?.mid ?? null, video: this.line('camera')?.mid ?? null };
  }

  private track(track: MediaStreamTrack, line: RTCRtpTransceiver): void {
    const audio = track.kind === 'audio';
    const first = line === this.line(audio ? 'microphone' : 'camera');
    const source: Source = first ? (audio ? 'microphone' : 'camera') : audio ? 'screen-audio' : 'screen';
    const record = (state: EventBodies['track']['state']): void => {
      if (this.closed) return;
      this.host.record('track', { media: audio ? 'audio' : 'video', source, state });
      this.host.remoteTrack(source, track, state !== 'ended' && !(state === 'muted' && !first));
    };
    record('added');
    track.onmute = () => record('muted');
    track.onunmute = () => record('unmuted');
    track.onended = () => record('ended');
  }

  /** A track of ours came, went or changed. */
  localChanged(source: Source): void {
    if (source === 'screen' || source === 'screen-audio') {
      this.syncScreen();
      return;
    }
    // Before the offer is applied the callee has no line; attachToOffer takes the track then.
    if (this.role === 'callee' && !this.negotiated) return;
    const line = this.line(source);
    if (!line) return;
    line.sender.replaceTrack(this.host.localTrack(source)).then(
      () => this.applyBudget(),
      (error: unknown) => this.fail('media-failed', { text: String(error), source }),
    );
  }

  /** Screens have lines of their own, made at the first sharing and reused later. */
  private syncScreen(): void {
    if (!this.negotiated || this.closed || this.connection.signalingState === 'closed') return;
    for (const source of ['screen', 'screen-audio'] as const) {
      const track = this.host.localTrack(source);
      const line = this.screens.get(source);
      if (track && !line) {
        this.screens.set(source, this.connection.addTransceiver(track, { direction: 'sendonly' }));
      } else if (line && line.sender.track !== track) {
        line.direction = track ? 'sendonly' : 'inactive';
        void line.sender.replaceTrack(track).catch(() => undefined);
      }
    }
  }

  /** In a mesh every further member costs another encoding and another share of the uplink. */
  async applyBudget(): Promise<void> {
    const sender = this.line('camera')?.sender;
    if (this.closed || !sender?.track) return;
    const parameters = sender.getParameters();
    const [encoding] = parameters.encodings ?? [];
    if (!encoding) return;
    const { maxBitrate, scaleDown } = this.host.videoBudget();
    if (encoding.maxBitrate === maxBitrate && (encoding.scaleResolutionDownBy ?? 1) === scaleDown) return;
    encoding.maxBitrate = maxBitrate;
    encoding.scaleResolutionDownBy = scaleDown;
    await sender.setParameters(parameters).catch(() => undefined);
  }

  close(tell: boolean): void {
    if (this.closed) return;
    if (tell) this.send({ close: true });
    this.closed = true;
    this.recovery.stop();
    this.watch.stop();
    this.negotiation.close();
    this.connection.close();
  }
}

