// A Call that only tells a recorded log: it does nothing, and shows painted pictures for cameras.

import type { Call, MemberMedia } from '../src/call/call.ts';
import type { CallEvent, PeerId } from '../src/call/events.ts';

/** A person drawn in a few strokes, as a stream. `hue` and `seed` tell one from another. */
export function painted(width: number, height: number, hue: number, screen = false): MediaStream {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const g = canvas.getContext('2d');
  const stream = canvas.captureStream(5);
  const draw = (): void => {
    if (!g) return;
    if (screen) paintScreen(g, width, height);
    else paintPerson(g, width, height, hue);
  };
  draw();
  setInterval(draw, 200);
  return stream;
}

function paintPerson(g: CanvasRenderingContext2D, w: number, h: number, hue: number): void {
  const wall = g.createLinearGradient(0, 0, w, h);
  wall.addColorStop(0, `hsl(${hue} 26% 78%)`);
  wall.addColorStop(1, `hsl(${hue + 25} 24% 58%)`);
  g.fillStyle = wall;
  g.fillRect(0, 0, w, h);
  g.fillStyle = `hsl(${hue + 40} 34% 88% / 0.75)`;
  g.fillRect(w * 0.07, h * 0.08, w * 0.2, h * 0.46);
  g.fillStyle = `hsl(${hue - 30} 22% 42%)`;
  g.fillRect(w * 0.78, h * 0.32, w * 0.16, h * 0.7);
  const cx = w * 0.5;
  const r = Math.min(w, h) * 0.17;
  g.fillStyle = `hsl(${(hue + 190) % 360} 30% 34%)`;
  g.beginPath();
  g.ellipse(cx, h * 1.08, r * 2.3, h * 0.42, 0, 0, 2 * Math.PI);
  g.fill();
  g.fillStyle = 'hsl(26 46% 68%)';
  g.fillRect(cx - r * 0.34, h * 0.52, r * 0.68, h * 0.2);
  g.beginPath();
  g.ellipse(cx, h * 0.43, r * 0.86, r * 1.08, 0, 0, 2 * Math.PI);
  g.fill();
  g.fillStyle = `hsl(${(hue * 3) % 60} 30% 22%)`;
  g.beginPath();
  g.ellipse(cx, h * 0.43 - r * 0.56, r * 0.98, r * 0.72, 0, Math.PI * 0.92, Math.PI * 2.08);
  g.fill();
}

function paintScreen(g: CanvasRenderingContext2D, w: number, h: number): void {
  g.fillStyle = '#f4f4f2';
  g.fillRect(0, 0, w, h);
  g.fillStyle = '#2d3442';
  g.fillRect(0, 0, w, h * 0.08);
  g.fillStyle = '#d5d7da';
  for (let i = 0; i < 9; i++) g.fillRect(w * 0.08, h * (0.18 + i * 0.08), w * (0.4 + ((i * 37) % 40) / 100), h * 0.026);
}

export interface Fake {
  events: CallEvent[];
  camera?: boolean;
  microphone?: boolean;
  sharing?: string; // member who shares
  invited?: boolean;
  loopback?: boolean;
  muted?: boolean;
  room: string;
  extra?: number; // milliseconds since the last event
}

const nothing = (): void => undefined;

export function fakeCall(fake: Fake): Call {
  const wide = innerWidth > innerHeight;
  const size: [number, number] = wide ? [960, 600] : [600, 800];
  const members = new Map<PeerId, MemberMedia>();
  let hue = 20;
  for (const event of fake.events) {
    const ids = event.kind === 'welcome' ? event.peers.map((p) => p.id) : event.kind === 'peer-joined' && event.peer ? [event.peer] : [];
    for (const id of ids) {
      hue = (hue + 137) % 360;
      members.set(id, {
        main: painted(...size, hue), playMuted: fake.events.some((e) => e.kind === 'playback' && e.peer === id),
        screen: fake.sharing === id ? painted(1280, 720, 0, true) : null,
      });
    }
  }
  const last = fake.events[fake.events.length - 1]?.t ?? 0;
  const camera = fake.camera === false ? null : painted(...size, 38);
  const microphone = fake.microphone === false ? null : new MediaStream();
  return {
    address: { room: fake.invited ? fake.room : null, token: null, icePolicy: 'all', relayFilter: null },
    self: { id: 'you1', name: 'Ada', room: fake.room, joined: true },
    events: fake.events,
    media: { camera, microphone, screen: null, members },
    onEvent: () => nothing,
    onMedia: () => nothing,
    now: () => last + (fake.extra ?? 0),
    enterLobby: async () => ({ room: fake.room, made: !fake.invited }),
    makeRoomName: () => 'tarin-solu-mede',
    roomLink: (room) => `${fake.loopback ? 'http://127.0.0.1:8080' : 'https://call.example.org'}/r/${room}`,
    loopbackOnly: fake.loopback === true,
    probe: async () => undefined,
    openCamera: async () => true,
    openMicrophone: async () => true,
    closeCamera: nothing,
    closeMicrophone: nothing,
    devices: { camera: camera ? 'c1' : null, microphone: microphone ? 'm1' : null },
    setMuted: async () => undefined,
    isMuted: (source) => (source === 'camera' ? camera === null : microphone === null || fake.muted === true),
    canShareScreen: true,
    shareScreen: async () => true,
    stopScreen: nothing,
    setPlayback: nothing,
    join: async () => null,
    leave: nothing,
    lockRoom: nothing,
    restart: nothing,
    sendChat: nothing,
    offerFile: () => [],
    sinks: ['disk', 'memory'],
    acceptFile: async () => true,
    declineFile: nothing,
    cancelFile: nothing,
    receivedFile: async () => null,
    watch: nothing,
    saveReport: () => '{}',
  };
}
