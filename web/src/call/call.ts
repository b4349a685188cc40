// The face of the call's engine towards the page. The page holds one Call, listens to its events
// and gives its commands; everything visible is drawn from the events (events.ts), and only live
// objects that cannot be written into a log (MediaStream, File) are asked for here.
//
// Commands never throw for what the world does: a refused camera, a full room or a vanished server
// is a 'failure' event. They throw TypeError only when called in a way that cannot mean anything.
// Nothing here touches the DOM; `watch` is handed media elements made by the page.

import type { CallEvent, FailureCause, PeerId, Source } from './events.ts';

/** What the page's address asks for. */
export interface PageAddress {
  room: string | null; // from /r/ROOM
  token: string | null; // #token=… or ?token=…
  icePolicy: 'all' | 'relay'; // ?ice=relay
  relayFilter: 'udp' | 'tcp' | 'tls' | null; // ?relay=udp|tcp|tls keeps only these TURN URLs
}

export interface LobbyResult {
  room: string; // the room of the address, or a new name of three words
  made: boolean; // true: made here (about 39 bits); false: came with the address
}

export interface MemberMedia {
  /** Microphone and camera of the member; the same object for the life of the member. */
  main: MediaStream;
  /** Their shared screen (and its sound), null when none. */
  screen: MediaStream | null;
  /** True: attach with `muted`, for it plays on the same machine. */
  playMuted: boolean;
}

export interface MediaView {
  /** Your camera (preview it muted and mirrored) and screen; null when not open. */
  readonly camera: MediaStream | null;
  readonly microphone: MediaStream | null; // for a level meter
  readonly screen: MediaStream | null;
  readonly members: ReadonlyMap<PeerId, MemberMedia>;
}

export interface Self {
  id: PeerId | null; // known after welcome
  name: string;
  room: string | null;
  joined: boolean;
}

export interface DeviceChoice {
  camera: string | null; // deviceId, null: browser's choice
  microphone: string | null;
}

/** How to receive a file. `canStream()` says which the browser offers. */
export type SinkChoice = 'auto' | 'disk' | 'private-disk' | 'memory';

export interface SaveOptions {
  /** Default true: addresses, ufrags, passwords, fingerprints, names and chat are masked. */
  redact?: boolean;
}

export interface Call {
  readonly address: PageAddress;
  readonly self: Readonly<Self>;
  /** All events so far, in order of seq. Live: the same array grows (thinning may remove some). */
  readonly events: readonly CallEvent[];
  readonly media: MediaView;

  /** Calls back for every later event, once each, in order. Returns the way to stop it. */
  onEvent(listener: (event: CallEvent) => void): () => void;
  /** Called after a stream of `media` appeared, went or changed `playMuted`. */
  onMedia(listener: () => void): () => void;
  /** Milliseconds on the clock of the events' `t`. */
  now(): number;

  // ---- lobby -----------------------------------------------------------------------------------
  /** Starts step 1 (the STUN probe), lists devices, makes a room name if the address has none. */
  enterLobby(): Promise<LobbyResult>;
  /** A new name of three words. */
  makeRoomName(): string;
  /** The link to hand out for a room. */
  roomLink(room: string): string;
  /** Whether a link of this page opens on this computer only (loopback host). */
  readonly loopbackOnly: boolean;
  /** Ask the STUN ports again. */
  probe(): Promise<void>;

  // ---- devices: each may be called in the lobby and during the call ------------------------------
  /** Opens (or switches to) a device and sends it to everyone. False: see the 'failure' event. */
  openCamera(deviceId?: string | null): Promise<boolean>;
  openMicrophone(deviceId?: string | null): Promise<boolean>;
  /** Releases the device altogether (its light goes out). */
  closeCamera(): void;
  closeMicrophone(): void;
  readonly devices: Readonly<DeviceChoice>;
  /** Mute keeps the microphone open; a muted camera is released. Opens the device if none is. */
  setMuted(source: 'microphone' | 'camera', muted: boolean): Promise<void>;
  isMuted(source: 'microphone' | 'camera'): boolean; // true also when no device is open
  readonly canShareScreen: boolean;
  shareScreen(): Promise<boolean>; // call from a user gesture
  stopScreen(): void;
  /** Override the muting of a member on the same machine. */
  setPlayback(peer: PeerId, muted: boolean): void;

  // ---- the call --------------------------------------------------------------------------------
  /** Resolves when welcomed or refused; the reason of a refusal is also a 'failure' event. */
  join(room: string, name: string, token?: string | null): Promise<null | FailureCause>;
  leave(): void;
  lockRoom(locked: boolean): void;
  /** ICE restart towards one member, or everyone. */
  restart(peer?: PeerId): void;
  sendChat(text: string): void;

  // ---- files -----------------------------------------------------------------------------------
  /** One transfer per member (all present, or one). Returns their ids. */
  offerFile(file: File, to?: PeerId): string[];
  /** Which sinks this browser has, best first. */
  readonly sinks: readonly Exclude<SinkChoice, 'auto'>[];
  /** Call from a user gesture: 'disk' opens the browser's save dialogue. False: dialogue closed. */
  acceptFile(transfer: string, sink?: SinkChoice): Promise<boolean>;
  declineFile(transfer: string): void;
  cancelFile(transfer: string): void;
  /** The received file of a finished transfer, to be linked for download; null if on disk already. */
  receivedFile(transfer: string): Promise<Blob | null>;

  // ---- looking -----------------------------------------------------------------------------------
  /** Records 'first-frame' for the source shown by this element. */
  watch(element: HTMLVideoElement, peer: PeerId, source: Source): void;
  /** The report as JSON text, which `parley explain` reads. */
  saveReport(options?: SaveOptions): string;
}
