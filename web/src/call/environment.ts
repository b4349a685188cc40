// What the engine takes from the browser, in one place: a test brings its own, and the engine
// itself names no window, document or navigator.

import type { Devices } from './local_media.ts';
import type { SocketLike } from './signal_client.ts';
import { realTimers } from './timers.ts';
import type { Timers } from './timers.ts';

export interface Environment {
  readonly href: string;
  readonly userAgent: string;
  readonly secure: boolean;
  readonly timers: Timers;
  /** timers.now() 0 in milliseconds since 1970. */
  readonly timeOrigin: number;
  readonly devices: Devices | undefined;
  random(): number;
  openSocket(url: string): SocketLike;
  createConnection(configuration: RTCConfiguration): RTCPeerConnection;
  /** null: not there, or not JSON. */
  fetchJson(path: string): Promise<unknown>;
  /** Tells of changes of the network. */
  onNetwork(listener: (online: boolean, change: 'online' | 'offline' | 'type') => void): void;
  /** The page is being closed. */
  onGone(listener: () => void): void;
  /** Keeps the screen awake until the result is called; told whether it holds. */
  keepAwake(listener: (held: boolean) => void): () => void;
}

interface NetworkInformation extends EventTarget {
  type?: string;
}

export function browserEnvironment(): Environment {
  return {
    href: location.href,
    userAgent: navigator.userAgent,
    secure: isSecureContext,
    timers: realTimers,
    timeOrigin: performance.timeOrigin,
    devices: navigator.mediaDevices as MediaDevices | undefined,
    random: Math.random,
    openSocket: (url) => new WebSocket(url) as unknown as SocketLike,
    createConnection: (configuration) => new RTCPeerConnection(configuration),
    fetchJson,
    onNetwork,
    onGone: (listener) => addEventListener('pagehide', (event) => event.persisted || listener()),
    keepAwake,
  };
}

async function fetchJson(path: string): Promise<unknown> {
  try {
    const response = await fetch(path, { cache: 'no-store' });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

function onNetwork(listener: (online: boolean, change: 'online' | 'offline' | 'type') => void): void {
  addEventListener('online', () => listener(true, 'online'));
  addEventListener('offline', () => listener(false, 'offline'));
  // 'change' also comes for mere estimates of speed; only another kind of link counts.
  const network = (navigator as { connection?: NetworkInformation }).connection;
  let type = network?.type;
  network?.addEventListener('change', () => {
    if (network.type === type) return;
    type = network.type;
    listener(navigator.onLine, 'type');
  });
}

/** Browsers drop the lock when the page is hidden; it is taken again when it is seen. */
function keepAwake(listener: (held: boolean) => void): () => void {
  let lock: WakeLockSentinel | null = null;
  let wanted = true;
  const take = async (): Promise<void> => {
    if (!wanted || lock || document.visibilityState !== 'visible') return;
    try {
      const taken = await (navigator.wakeLock as WakeLock | undefined)?.request('screen');
      if (!taken) return;
      if (!wanted) {
        void taken.release();
        return;
      }
      lock = taken;
      listener(true);
      taken.onrelease = () => {
        lock = null;
        listener(false);
      };
    } catch {
      // Low battery, or not allowed: the call goes on without it.
    }
  };
  const seen = (): void => void take();
  document.addEventListener('visibilitychange', seen);
  void take();
  return () => {
    wanted = false;
    document.removeEventListener('visibilitychange', seen);
    void lock?.release();
  };
}
