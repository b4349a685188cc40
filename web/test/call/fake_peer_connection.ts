// As much of RTCPeerConnection as a member's connection touches, driven by the test: descriptions by
// fake_connection.ts, states set by hand, channels and lines that only remember.

import { FakeConnection } from './fake_connection.ts';

export class FakeMediaStream {
  private tracks: unknown[] = [];
  getTracks(): unknown[] {
    return this.tracks;
  }
  getVideoTracks(): unknown[] {
    return this.tracks;
  }
  addTrack(track: unknown): void {
    this.tracks.push(track);
  }
  removeTrack(track: unknown): void {
    this.tracks = this.tracks.filter((other) => other !== track);
  }
}
(globalThis as { MediaStream?: unknown }).MediaStream ??= FakeMediaStream;

interface Line {
  mid: string | null;
  direction: string;
  receiver: { track: { kind: string } };
  sender: { track: unknown; transport: null; replaceTrack(track: unknown): Promise<void>; getParameters(): object };
}

export class FakePeerConnection extends FakeConnection {
  connectionState: RTCPeerConnectionState = 'new';
  iceConnectionState: RTCIceConnectionState = 'new';
  iceGatheringState: RTCIceGatheringState = 'new';
  sctp: { transport: { state: string; iceTransport: null }; maxMessageSize: number } | null = null;
  closed = false;
  restarts = 0;
  readonly channels: { label: string; readyState: string }[] = [];
  readonly lines: Line[] = [];
  onnegotiationneeded: (() => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  onsignalingstatechange: (() => void) | null = null;

  constructor(name: string, readonly configuration: RTCConfiguration) {
    super(name);
  }

  private needed = false;
  private need(): void {
    if (this.needed) return;
    this.needed = true;
    queueMicrotask(() => {
      this.needed = false;
      if (!this.closed && this.signalingState === 'stable') this.onnegotiationneeded?.();
    });
  }

  addTransceiver(trackOrKind: string | { kind: string }): Line {
    const kind = typeof trackOrKind === 'string' ? trackOrKind : trackOrKind.kind;
    const sender: Line['sender'] = {
      track: typeof trackOrKind === 'string' ? null : trackOrKind,
      transport: null,
      replaceTrack: async (track) => void (sender.track = track),
      getParameters: () => ({ encodings: [] }),
    };
    const line: Line = { mid: String(this.lines.length), direction: 'sendrecv', receiver: { track: { kind } }, sender };
    this.lines.push(line);
    this.need();
    return line;
  }
  getTransceivers(): Line[] {
    return this.lines;
  }
  createDataChannel(label: string, { protocol }: { protocol: string }): { label: string; readyState: string } {
    const channel = { label, protocol, readyState: 'connecting' };
    this.channels.push(channel);
    this.need();
    return channel;
  }
  async getStats(): Promise<Map<string, object>> {
    return new Map();
  }
  setConfiguration(): void {}
  restartIce(): void {
    this.restarts += 1;
    this.need();
  }
  close(): void {
    this.closed = true;
    this.connectionState = 'closed';
  }

  become(state: RTCPeerConnectionState, dtls = 'connected'): void {
    this.connectionState = state;
    this.sctp = { transport: { state: dtls, iceTransport: null }, maxMessageSize: 262_144 };
    this.onconnectionstatechange?.();
  }
}
