// Runs inside the page before any of its scripts: the tests' own eyes, independent of what the page
// believes. It keeps every RTCPeerConnection, counts descriptions, and notes policy violations and
// errors. It must be self-contained: it is sent as text.

export function instrument() {
  const seen = {
    connections: [], // {pc, made, offers, answers, restarts, states}
    violations: [],
    errors: [],
    sockets: [], // WebSocket addresses, in order
  };
  Object.defineProperty(window, '__seen', { value: seen });

  document.addEventListener('securitypolicyviolation', (event) => {
    seen.violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
  });
  window.addEventListener('error', (event) => {
    if (event.message) seen.errors.push(`${event.message} ${event.filename}:${event.lineno}`);
  });
  window.addEventListener('unhandledrejection', (event) => {
    seen.errors.push(`unhandled: ${event.reason?.stack ?? event.reason}`);
  });

  const Native = window.RTCPeerConnection;
  if (Native) {
    window.RTCPeerConnection = class RTCPeerConnection extends Native {
      constructor(config) {
        super(config);
        const record = { pc: this, made: performance.now(), offers: 0, answers: 0, states: [] };
        seen.connections.push(record);
        this.addEventListener('connectionstatechange', () => record.states.push(this.connectionState));
      }

      async setLocalDescription(description) {
        await super.setLocalDescription(description);
        const record = seen.connections.find((r) => r.pc === this);
        const type = description?.type ?? (this.signalingState === 'have-local-offer' ? 'offer' : 'answer');
        if (type === 'offer') ++record.offers;
        if (type === 'answer') ++record.answers;
      }
    };
  }
  const NativeSocket = window.WebSocket;
  window.WebSocket = class WebSocket extends NativeSocket {
    constructor(...args) {
      super(...args);
      seen.sockets.push(`${args[0]}`);
    }
  };
}

/** What getStats says of every connection that carries something, in a small form. Runs in the page. */
export async function readConnections() {
  const out = [];
  for (const record of window.__seen.connections) {
    const { pc } = record;
    if (pc.signalingState === 'closed' || !pc.remoteDescription) continue;
    const all = [...(await pc.getStats()).values()];
    const byId = new Map(all.map((s) => [s.id, s]));
    const transport = all.find((s) => s.type === 'transport');
    const pair = byId.get(transport?.selectedCandidatePairId)
      ?? all.find((s) => s.type === 'candidate-pair' && s.selected)
      ?? all.find((s) => s.type === 'candidate-pair' && s.nominated && s.state === 'succeeded');
    const local = pair && byId.get(pair.localCandidateId);
    const remote = pair && byId.get(pair.remoteCandidateId);
    const inbound = (kind) => all.filter((s) => s.type === 'inbound-rtp' && s.kind === kind);
    out.push({
      state: pc.connectionState, ice: pc.iceConnectionState, offers: record.offers, answers: record.answers,
      made: record.made, states: [...record.states],
      local: local && { type: local.candidateType, protocol: local.protocol, relayProtocol: local.relayProtocol,
        address: local.address, port: local.port },
      remote: remote && { type: remote.candidateType, protocol: remote.protocol },
      rttMs: pair?.currentRoundTripTime === undefined ? null : pair.currentRoundTripTime * 1000,
      framesDecoded: inbound('video').reduce((sum, s) => sum + (s.framesDecoded ?? 0), 0),
      videoStreams: inbound('video').filter((s) => s.framesDecoded > 0).length,
      audioPackets: inbound('audio').reduce((sum, s) => sum + (s.packetsReceived ?? 0), 0),
      bytesReceived: pair?.bytesReceived ?? 0,
      ufrag: /a=ice-ufrag:(\S+)/.exec(pc.localDescription?.sdp ?? '')?.[1],
    });
  }
  return out;
}
