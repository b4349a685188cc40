// What goes wrong in the world, brought about inside one page before its scripts run. Each function
// is sent as text and must be self-contained.

/**
 * Sends chosen ICE servers elsewhere: {schemes: ['stun','turn','turns'], port} moves their port to one
 * where nobody answers; {credential} spoils the password.
 */
export function bendIceServers({ schemes = [], port, credential }) {
  const bend = (config) => {
    if (!config?.iceServers) return config;
    const iceServers = config.iceServers.map((server) => {
      const urls = [server.urls].flat().map((url) => (schemes.includes(url.split(':')[0])
        ? url.replace(/:\d+(?=\?|$)/, `:${port}`) : url));
      const bent = { ...server, urls };
      if (credential !== undefined && bent.credential) bent.credential = credential;
      return bent;
    });
    return { ...config, iceServers };
  };
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class RTCPeerConnection extends Native {
    constructor(config) { super(bend(config)); }
    setConfiguration(config) { return super.setConfiguration(bend(config)); }
  };
}

/** getUserMedia fails with this DOMException name: NotFoundError, NotAllowedError, NotReadableError. */
export function refuseMedia(name) {
  MediaDevices.prototype.getUserMedia = () => Promise.reject(new DOMException('refused for the test', name));
}

/** Every description and candidate gets lost on its way to this page: no pair can ever answer. */
export function dropCandidates() {
  RTCPeerConnection.prototype.addIceCandidate = () => Promise.resolve();
  const set = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function setRemoteDescription(description) {
    const sdp = description?.sdp?.replace(/^a=candidate:.*\r\n/gm, '');
    return set.call(this, { type: description.type, sdp });
  };
}
