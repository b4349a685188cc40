// Perfect negotiation (W3C webrtc-pc, section 10.7) of one RTCPeerConnection: either side may offer
// at any time, and when both do at once the polite one yields. Trickles candidates as they come.
// Knows neither who the other side is nor how messages travel.

import { describeCandidate } from './candidate.ts';
import type { CandidateInfo, EventBodies } from './events.ts';
import type { PairData } from './signal_messages.ts';

/** The part of RTCPeerConnection that negotiation needs. */
export type NegotiationConnection = Pick<
  RTCPeerConnection,
  'setLocalDescription' | 'setRemoteDescription' | 'addIceCandidate' | 'signalingState' | 'localDescription'
>;

export interface NegotiationHost {
  send(data: PairData): void;
  record(body: EventBodies['description']): void;
  recordCandidate(stage: EventBodies['candidate']['stage'], candidate: CandidateInfo, text?: string): void;
  /** An offer has been applied: attach what this side wants to send before it answers. */
  beforeAnswer(): Promise<void>;
  /** The other side's offer carries new ICE credentials. */
  theirRestart(): void;
  failed(text: string): void;
}

/** Candidates kept for a description that is still on its way; browsers gather about 40. */
const kMaxEarlyCandidates = 256;
export const kMaxSdpBytes = 60_000;

export class Negotiation {
  private makingOffer = false;
  private ignoringOffer = false;
  private settingAnswer = false;
  private closed = false;
  private remoteUfrag = '';
  private early: RTCIceCandidateInit[] = [];
  private haveRemote = false;

  constructor(
    private readonly connection: NegotiationConnection,
    private readonly polite: boolean,
    private readonly host: NegotiationHost,
  ) {}

  close(): void {
    this.closed = true;
    this.early = [];
  }

  /** For 'negotiationneeded'. */
  async offer(): Promise<void> {
    try {
      this.makingOffer = true;
      await this.connection.setLocalDescription();
      this.sendLocal();
    } catch (error) {
      this.problem('offer', error);
    } finally {
      this.makingOffer = false;
    }
  }

  /** The way to the other side was lost with messages on it: say the pending offer again. */
  repeatOffer(): void {
    if (this.connection.signalingState === 'have-local-offer') this.sendLocal(false);
  }

  private sendLocal(made = true): void {
    const local = this.connection.localDescription;
    if (this.closed || !local || (local.type !== 'offer' && local.type !== 'answer')) return;
    const body = { type: local.type, bytes: local.sdp.length };
    if (made) this.host.record({ ...body, stage: 'made', sdp: local.sdp });
    this.host.send({ description: { type: local.type, sdp: local.sdp } });
    this.host.record({ ...body, stage: 'sent' });
  }

  async receive(description: RTCSessionDescriptionInit): Promise<void> {
    const { type, sdp } = description;
    if ((type !== 'offer' && type !== 'answer') || typeof sdp !== 'string') return;
    if (sdp.length > kMaxSdpBytes) return;
    const ufrag = /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1] ?? '';
    const iceRestart = this.remoteUfrag !== '' && ufrag !== this.remoteUfrag;
    const body = { type, bytes: sdp.length, ...(iceRestart ? { iceRestart } : {}) };
    this.host.record({ ...body, stage: 'received', sdp });

    const ready = !this.makingOffer && (this.connection.signalingState === 'stable' || this.settingAnswer);
    const collision = type === 'offer' && !ready;
    this.ignoringOffer = !this.polite && collision;
    if (this.ignoringOffer) {
      this.host.record({ ...body, stage: 'ignored', text: 'glare: ours goes first' });
      return;
    }
    if (type === 'answer' && this.connection.signalingState !== 'have-local-offer') {
      this.host.record({ ...body, stage: 'ignored', text: 'nothing to answer' });
      return;
    }
    try {
      this.settingAnswer = type === 'answer';
      if (collision) this.host.record({ type: 'rollback', stage: 'applied', bytes: 0 });
      if (type === 'offer' && iceRestart) this.host.theirRestart();
      const applying = this.connection.setRemoteDescription({ type, sdp });
      this.remoteUfrag = ufrag;
      this.haveRemote = true;
      this.addEarly();
      await applying;
      this.settingAnswer = false;
      this.host.record({ ...body, stage: 'applied' });
      if (type === 'offer') {
        await this.host.beforeAnswer();
        await this.connection.setLocalDescription();
        this.sendLocal();
      }
    } catch (error) {
      this.problem(type, error);
    } finally {
      this.settingAnswer = false;
    }
  }

  /** null or an empty text ends the candidates of a generation. */
  async receiveCandidate(candidate: RTCIceCandidateInit | null): Promise<void> {
    const init: RTCIceCandidateInit = candidate ?? { candidate: '' };
    const info = describeCandidate({ ...init, candidate: String(init.candidate ?? '') });
    if (!info) return;
    this.host.recordCandidate('received', info);
    if (this.haveRemote) await this.add(init, info);
    else if (this.early.length < kMaxEarlyCandidates) this.early.push(init);
  }

  /** setRemoteDescription has been called: the connection's own queue keeps the order from here. */
  private addEarly(): void {
    for (const init of this.early.splice(0)) {
      const info = describeCandidate({ ...init, candidate: String(init.candidate ?? '') });
      if (info) void this.add(init, info);
    }
  }

  private async add(init: RTCIceCandidateInit, info: CandidateInfo): Promise<void> {
    try {
      // An end-of-candidates without m-line is for all of them, which browsers want as nothing.
      const forAll = info.type === 'end' && init.sdpMid == null && init.sdpMLineIndex == null;
      await this.connection.addIceCandidate(forAll ? undefined : init);
      this.host.recordCandidate('added', info);
    } catch (error) {
      // Candidates of an offer that we ignored have no place here, and that is no fault.
      if (this.ignoringOffer || this.closed) return;
      this.host.recordCandidate('rejected', info, words(error));
    }
  }

  gathered(candidate: RTCIceCandidate | null): void {
    if (this.closed) return;
    const init = candidate ? candidate.toJSON() : { candidate: '' };
    const info = describeCandidate(candidate ?? { candidate: '' });
    if (!info) return;
    this.host.recordCandidate('gathered', info);
    this.host.send({ candidate: init });
    this.host.recordCandidate('sent', info);
  }

  private problem(type: 'offer' | 'answer', error: unknown): void {
    if (this.closed) return;
    const text = words(error);
    this.host.record({ type, stage: 'failed', bytes: 0, text });
    this.host.failed(text);
  }
}

export function words(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
