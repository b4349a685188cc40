// Your own devices: opening, switching, muting, and saying exactly what went wrong. Does not send
// anything; connections ask for the current track of each source when told of a change.

import type { DeviceInfo, EventBodies, FailureCause, Source } from './events.ts';
import type { EventLog } from './log.ts';

export type DeviceSource = 'microphone' | 'camera';
/** The part of navigator.mediaDevices that is used; undefined where the page is not secure. */
export type Devices = Pick<MediaDevices, 'getUserMedia' | 'enumerateDevices'> &
  Partial<Pick<MediaDevices, 'getDisplayMedia' | 'addEventListener'>>;

const kCamera: MediaTrackConstraints = {
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30 },
};
const kMicrophone: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
};

interface Wish {
  deviceId: string | null;
  settle: ((opened: boolean) => void)[];
}

export class LocalMedia {
  readonly chosen: Record<DeviceSource, string | null> = { microphone: null, camera: null };
  private readonly tracks = new Map<Source, MediaStreamTrack>();
  private readonly streams = new Map<'camera' | 'microphone' | 'screen', MediaStream>();
  private readonly failed = new Map<Source, FailureCause>();
  private readonly wishes = new Map<DeviceSource, Wish>();
  private silent = false; // microphone open but muted

  constructor(
    private readonly devices: Devices | undefined,
    private readonly log: EventLog,
    private readonly changed: (source: Source) => void,
  ) {
    devices?.addEventListener?.('devicechange', () => void this.list());
  }

  track(source: Source): MediaStreamTrack | null {
    return this.tracks.get(source) ?? null;
  }

  stream(source: 'camera' | 'microphone' | 'screen'): MediaStream | null {
    return this.streams.get(source) ?? null;
  }

  /** Whether something of this source leaves the machine. */
  isOn(source: Source): boolean {
    return this.tracks.has(source) && !(source === 'microphone' && this.silent);
  }

  async list(): Promise<void> {
    if (!this.devices) return;
    try {
      const all = await this.devices.enumerateDevices();
      const of = (kind: MediaDeviceKind): DeviceInfo[] =>
        all
          .filter((device) => device.kind === kind && device.deviceId !== '')
          .map((device) => ({ id: device.deviceId, label: device.label }));
      this.log.record('devices', {
        cameras: of('videoinput'),
        microphones: of('audioinput'),
        speakers: of('audiooutput'),
      });
    } catch {
      // A list is a convenience; opening a device tells what is wrong.
    }
  }

  /** Wishes of one turn are opened together, so that the browser asks the user once. */
  open(source: DeviceSource, deviceId: string | null): Promise<boolean> {
    return new Promise((resolve) => {
      const wish = this.wishes.get(source);
      if (wish) {
        wish.deviceId = deviceId;
        wish.settle.push(resolve);
        return;
      }
      this.wishes.set(source, { deviceId, settle: [resolve] });
      if (this.wishes.size === 1) queueMicrotask(() => void this.openWished());
    });
  }

  private async openWished(): Promise<void> {
    const wishes = new Map(this.wishes);
    this.wishes.clear();
    for (const source of wishes.keys()) this.log.record('media-asked', { source });
    const settle = (source: DeviceSource, opened: boolean): void => {
      for (const done of wishes.get(source)!.settle) done(opened);
    };
    const together = wishes.size === 2 && (await this.openTogether(wishes));
    for (const [source, wish] of wishes) {
      settle(source, together || (await this.openOne(source, wish.deviceId)));
    }
    void this.list();
  }

  private async openTogether(wishes: ReadonlyMap<DeviceSource, Wish>): Promise<boolean> {
    try {
      const stream = await this.devices?.getUserMedia({
        audio: constraints('microphone', wishes.get('microphone')!.deviceId),
        video: constraints('camera', wishes.get('camera')!.deviceId),
      });
      const [audio] = stream?.getAudioTracks() ?? [];
      const [video] = stream?.getVideoTracks() ?? [];
      if (!audio || !video) return false;
      this.take('microphone', audio);
      this.take('camera', video);
      return true;
    } catch {
      return false; // asked one by one it tells which one it was
    }
  }

  private async openOne(source: DeviceSource, deviceId: string | null, again = false): Promise<boolean> {
    if (!this.devices) return this.fail(source, 'page-not-secure', undefined);
    try {
      const wanted = constraints(source, deviceId);
      const stream = await this.devices.getUserMedia(
        source === 'camera' ? { video: wanted } : { audio: wanted },
      );
      const [track] = stream.getTracks();
      if (!track) return this.fail(source, source === 'camera' ? 'no-camera' : 'no-microphone', undefined);
      this.take(source, track);
      return true;
    } catch (error) {
      // Phones open one camera at a time: let go of the old one and try once more.
      const name = error instanceof DOMException ? error.name : '';
      if (!again && this.tracks.has(source) && (name === 'NotReadableError' || name === 'AbortError')) {
        this.close(source, 'asked');
        return this.openOne(source, deviceId, true);
      }
      return this.fail(source, causeOf(source, name), error);
    }
  }

  private take(source: DeviceSource, track: MediaStreamTrack): void {
    const old = this.tracks.get(source);
    const settings = track.getSettings();
    this.tracks.set(source, track);
    this.streams.set(source, new MediaStream([track]));
    this.chosen[source] = settings.deviceId ?? null;
    if (source === 'microphone') this.silent = false;
    track.onended = () => {
      if (this.tracks.get(source) === track) this.close(source, 'ended');
    };
    this.log.record('media-opened', {
      source,
      label: track.label,
      deviceId: settings.deviceId ?? '',
      ...(settings.width ? { width: settings.width } : {}),
      ...(settings.height ? { height: settings.height } : {}),
      ...(settings.frameRate ? { frameRate: settings.frameRate } : {}),
    });
    const cause = this.failed.get(source);
    if (cause) this.log.record('recovered', { cause, source });
    this.failed.delete(source);
    this.changed(source);
    if (old) {
      old.onended = null;
      old.stop();
    }
  }

  private fail(source: Source, cause: FailureCause, error: unknown): false {
    this.failed.set(source, cause);
    const evidence: EventBodies['failure']['evidence'] = { source };
    if (error instanceof DOMException) {
      evidence.code = error.name;
      evidence.text = error.message;
    } else if (error) evidence.text = String(error);
    this.log.record('failure', { cause, evidence });
    return false;
  }

  close(source: Source, why: 'asked' | 'ended'): void {
    const track = this.tracks.get(source);
    if (!track) return;
    this.tracks.delete(source);
    track.onended = null;
    track.stop();
    if (source === 'screen') {
      this.streams.delete('screen');
      this.close('screen-audio', why);
    } else if (source !== 'screen-audio') this.streams.delete(source);
    this.log.record('media-closed', { source, why });
    this.changed(source);
  }

  isMuted(source: DeviceSource): boolean {
    return !this.isOn(source);
  }

  /** The microphone stays open for a quick return; the camera is released, so its light goes out. */
  async setMuted(source: DeviceSource, muted: boolean): Promise<void> {
    if (this.isMuted(source) === muted) return;
    if (source === 'microphone') {
      if (!muted && !this.tracks.has('microphone') && !(await this.open('microphone', this.chosen.microphone))) return;
      this.silent = muted;
      const track = this.tracks.get('microphone');
      if (track) track.enabled = !muted;
    } else if (muted) {
      this.close('camera', 'asked');
    } else if (!(await this.open('camera', this.chosen.camera))) return;
    this.log.record('mute', { source, muted });
    this.changed(source);
  }

  get canShareScreen(): boolean {
    return typeof this.devices?.getDisplayMedia === 'function';
  }

  async shareScreen(): Promise<boolean> {
    if (!this.devices?.getDisplayMedia) return this.fail('screen', 'page-not-secure', undefined);
    this.log.record('media-asked', { source: 'screen' });
    try {
      const stream = await this.devices.getDisplayMedia({ video: { frameRate: { max: 30 } }, audio: true });
      this.takeScreen(stream);
      return true;
    } catch (error) {
      const name = error instanceof DOMException ? error.name : '';
      // Closing the chooser is a change of mind, not a failure.
      if (name === 'NotAllowedError') {
        this.log.record('media-closed', { source: 'screen', why: 'asked' });
        return false;
      }
      return this.fail('screen', causeOf('screen', name), error);
    }
  }

  private takeScreen(stream: MediaStream): void {
    this.close('screen', 'asked');
    const [video] = stream.getVideoTracks();
    const [audio] = stream.getAudioTracks();
    if (!video) return;
    video.contentHint = 'detail';
    this.tracks.set('screen', video);
    if (audio) this.tracks.set('screen-audio', audio);
    this.streams.set('screen', stream);
    video.onended = () => this.close('screen', 'ended');
    const { width, height } = video.getSettings();
    this.log.record('media-opened', {
      source: 'screen',
      label: video.label,
      deviceId: '',
      ...(width ? { width } : {}),
      ...(height ? { height } : {}),
    });
    this.changed('screen');
  }

  closeAll(): void {
    for (const source of [...this.tracks.keys()]) this.close(source, 'asked');
  }
}

function constraints(source: DeviceSource, deviceId: string | null): MediaTrackConstraints {
  const base = source === 'camera' ? kCamera : kMicrophone;
  return deviceId ? { ...base, deviceId: { exact: deviceId } } : base;
}

export function causeOf(source: Source, name: string): FailureCause {
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'permission-refused';
    case 'NotReadableError':
    case 'AbortError':
      return 'device-busy';
    default:
      // NotFoundError, OverconstrainedError (the chosen device is gone)
      return source === 'microphone' ? 'no-microphone' : 'no-camera';
  }
}
