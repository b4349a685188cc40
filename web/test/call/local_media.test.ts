import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallEvent, EventKind, Source } from '../../src/call/events.ts';
import { LocalMedia } from '../../src/call/local_media.ts';
import type { Devices } from '../../src/call/local_media.ts';
import { EventLog } from '../../src/call/log.ts';

class FakeTrack {
  enabled = true;
  stopped = false;
  contentHint = '';
  onended: (() => void) | null = null;
  constructor(readonly kind: 'audio' | 'video', private readonly deviceId: string) {}
  get label(): string {
    return `fake ${this.deviceId}`;
  }
  getSettings(): MediaTrackSettings {
    return { deviceId: this.deviceId, width: 1280, height: 720 };
  }
  stop(): void {
    this.stopped = true;
  }
}
class FakeStream {
  constructor(readonly tracks: FakeTrack[]) {}
  getTracks(): FakeTrack[] {
    return this.tracks;
  }
  getAudioTracks(): FakeTrack[] {
    return this.tracks.filter((track) => track.kind === 'audio');
  }
  getVideoTracks(): FakeTrack[] {
    return this.tracks.filter((track) => track.kind === 'video');
  }
}
(globalThis as { MediaStream?: unknown }).MediaStream = FakeStream;

interface Set {
  media: LocalMedia;
  log: EventLog;
  changes: Source[];
  asked: MediaStreamConstraints[];
  tracks: FakeTrack[];
  /** DOMException names to fail with, by kind; once or for ever. */
  failing: Partial<Record<'audio' | 'video', string>>;
}

function set(secure = true): Set {
  const log = new EventLog(() => 0);
  const made: Set = { log, changes: [], asked: [], tracks: [], failing: {} } as unknown as Set;
  const devices = {
    enumerateDevices: async () => [],
    getDisplayMedia: async () => {
      const track = new FakeTrack('video', 'screen');
      made.tracks.push(track);
      return new FakeStream([track]) as unknown as MediaStream;
    },
    getUserMedia: async (wanted: MediaStreamConstraints) => {
      made.asked.push(wanted);
      const tracks: FakeTrack[] = [];
      for (const kind of ['audio', 'video'] as const) {
        if (!wanted[kind]) continue;
        if (made.failing[kind]) throw new DOMException('no', made.failing[kind]);
        const exact = ((wanted[kind] as MediaTrackConstraints).deviceId as { exact?: string } | undefined)?.exact;
        tracks.push(new FakeTrack(kind, exact ?? `default ${kind}`));
      }
      made.tracks.push(...tracks);
      return new FakeStream(tracks) as unknown as MediaStream;
    },
  } as unknown as Devices;
  made.media = new LocalMedia(secure ? devices : undefined, log, (source) => made.changes.push(source));
  return made;
}

const kinds = <K extends EventKind>(log: EventLog, kind: K): CallEvent<K>[] =>
  log.events.filter((event) => event.kind === kind) as unknown as CallEvent<K>[];

test('camera and microphone wished for together are asked for once', async () => {
  const { media, asked, log } = set();
  assert.deepEqual(await Promise.all([media.open('camera', null), media.open('microphone', null)]), [true, true]);
  assert.equal(asked.length, 1);
  assert.deepEqual(kinds(log, 'media-opened').map((event) => event.source).sort(), ['camera', 'microphone']);
});

test('no camera does not cost the microphone, and is told as what it is', async () => {
  const { media, failing, log } = set();
  failing.video = 'NotFoundError';
  assert.deepEqual(await Promise.all([media.open('camera', null), media.open('microphone', null)]), [false, true]);
  assert.deepEqual(kinds(log, 'failure').map(({ cause, evidence }) => [cause, evidence.source]), [['no-camera', 'camera']]);
  failing.video = undefined;
  assert.equal(await media.open('camera', null), true);
  assert.deepEqual(kinds(log, 'recovered').map(({ cause, source }) => [cause, source]), [['no-camera', 'camera']]);
});

for (const [source, name, cause] of [
  ['camera', 'NotFoundError', 'no-camera'], ['microphone', 'NotFoundError', 'no-microphone'], ['camera', 'OverconstrainedError', 'no-camera'],
  ['camera', 'NotAllowedError', 'permission-refused'], ['microphone', 'NotReadableError', 'device-busy'], ['camera', 'AbortError', 'device-busy'],
] as const) {
  test(`${source}: ${name} is told as ${cause}`, async () => {
    const { media, failing, log } = set();
    failing.audio = failing.video = name;
    assert.equal(await media.open(source, null), false);
    assert.deepEqual(kinds(log, 'failure').map((event) => [event.cause, event.evidence.code]), [[cause, name]]);
  });
}

test('a page that is not secure says so', async () => {
  const { media, log } = set(false);
  assert.equal(await media.open('camera', null), false);
  assert.equal(kinds(log, 'failure')[0]!.cause, 'page-not-secure');
  assert.equal(media.canShareScreen, false);
});

test('switching opens the new device before it lets go of the old', async () => {
  const { media, tracks, changes } = set();
  await media.open('camera', 'one');
  await media.open('camera', 'two');
  assert.deepEqual(tracks.map((track) => [track.getSettings().deviceId, track.stopped]), [['one', true], ['two', false]]);
  assert.equal(media.chosen.camera, 'two');
  assert.deepEqual(changes, ['camera', 'camera']);
});

test('a camera that cannot be opened beside the old one is opened after it', async () => {
  const { media, tracks, failing } = set();
  await media.open('camera', 'one');
  failing.video = 'NotReadableError';
  const second = media.open('camera', 'two');
  // Freed as soon as the first is stopped, as phones do.
  Object.defineProperty(failing, 'video', { get: () => (tracks[0]!.stopped ? undefined : 'NotReadableError') });
  assert.equal(await second, true);
  assert.equal(tracks[0]!.stopped, true);
});

test('a muted microphone stays open, a muted camera is released', async () => {
  const { media, tracks, log } = set();
  await Promise.all([media.open('camera', null), media.open('microphone', null)]);
  await media.setMuted('microphone', true);
  await media.setMuted('camera', true);
  const [audio, video] = [tracks.find((track) => track.kind === 'audio')!, tracks.find((track) => track.kind === 'video')!];
  assert.deepEqual([audio.enabled, audio.stopped], [false, false]);
  assert.equal(video.stopped, true);
  assert.ok(media.isMuted('microphone') && media.isMuted('camera'));
  await media.setMuted('microphone', false);
  await media.setMuted('camera', false);
  assert.equal(audio.enabled, true);
  assert.ok(!media.isMuted('microphone') && !media.isMuted('camera'));
  assert.deepEqual(kinds(log, 'mute').map(({ source, muted }) => `${source} ${muted}`), ['microphone true', 'camera true', 'microphone false', 'camera false']);
});

test('a device that is unplugged is closed, and told', async () => {
  const { media, tracks, log } = set();
  await media.open('camera', null);
  tracks[0]!.onended!();
  assert.equal(media.track('camera'), null);
  assert.deepEqual(kinds(log, 'media-closed').map(({ source, why }) => [source, why]), [['camera', 'ended']]);
});

test('the browser\'s own "stop sharing" ends the screen', async () => {
  const { media, tracks, log } = set();
  assert.equal(await media.shareScreen(), true);
  assert.ok(media.isOn('screen'));
  tracks[0]!.onended!();
  assert.ok(!media.isOn('screen'));
  assert.equal(kinds(log, 'media-closed').at(-1)!.why, 'ended');
});
