// The signalling half of RTCPeerConnection as webrtc-pc section 4.4.1 has it: an operations chain,
// implicit descriptions and implicit rollback, no media. Descriptions carry a counter as their SDP.

import type { NegotiationConnection } from '../../src/call/negotiation.ts';
import { settle } from './virtual_time.ts';

export class FakeConnection implements NegotiationConnection {
  signalingState: RTCSignalingState = 'stable';
  localDescription: RTCSessionDescription | null = null;
  remoteDescription: RTCSessionDescriptionInit | null = null;
  readonly candidates: string[] = [];
  /** Pairs of offer and answer that both took effect here. */
  readonly agreed: string[] = [];
  refuseCandidates = false;
  private stableLocal: RTCSessionDescription | null = null;
  private chain: Promise<unknown> = Promise.resolve();
  private made = 0;

  constructor(private readonly name: string, private readonly delay: () => Promise<void> = settle) {}

  private enqueue<T>(operation: () => Promise<T>): Promise<T> {
    const next = this.chain.then(operation);
    this.chain = next.catch(() => undefined);
    return next;
  }

  setLocalDescription(): Promise<void> {
    return this.enqueue(async () => {
      await this.delay();
      const type = this.signalingState === 'have-remote-offer' ? 'answer' : 'offer';
      if (type === 'offer' && this.signalingState !== 'stable') throw new Error(`offer in ${this.signalingState}`);
      this.made += 1;
      this.localDescription = { type, sdp: `a=ice-ufrag:${this.name}\r\n${this.name}${this.made}` } as RTCSessionDescription;
      if (type === 'answer') this.agree(this.remoteDescription!, this.localDescription);
      this.signalingState = type === 'offer' ? 'have-local-offer' : 'stable';
    });
  }

  setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    return this.enqueue(async () => {
      await this.delay();
      if (description.type === 'offer') {
        if (this.signalingState === 'have-local-offer') this.localDescription = this.stableLocal; // rollback
        this.signalingState = 'have-remote-offer';
      } else {
        if (this.signalingState !== 'have-local-offer') throw new Error(`answer in ${this.signalingState}`);
        this.agree(this.localDescription!, description);
        this.signalingState = 'stable';
      }
      this.remoteDescription = description;
    });
  }

  private agree(offer: RTCSessionDescriptionInit, answer: RTCSessionDescriptionInit): void {
    this.agreed.push(`${offer.sdp?.split('\n')[1]}+${answer.sdp?.split('\n')[1]}`);
    this.stableLocal = this.localDescription;
  }

  addIceCandidate(candidate?: RTCIceCandidateInit | null): Promise<void> {
    return this.enqueue(async () => {
      await this.delay();
      if (!this.remoteDescription || this.refuseCandidates) throw new Error('no remote description');
      this.candidates.push(candidate?.candidate ?? '');
    });
  }
}
