// Takes the pictures of docs/img/: the real server, real calls between two browsers, every screen that
// README and docs show. `tools/screenshots` builds what is needed and runs this.
//
//   node screenshots.mjs [OUT] [NAME...]    NAME: only pictures whose name contains it
//
// The people in front of the cameras are drawn (a Y4M file for Chromium's fake camera), so that the
// pictures show nobody and are the same on every machine.
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { PNG } from 'pngjs';
import { atEnd, Cleanup } from './lib/cleanup.mjs';
import { makeFile } from './lib/files.mjs';
import { bendIceServers, dropCandidates } from './lib/sabotage.mjs';
import { Scenario } from './lib/scenario.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const [out = path.join(here, '../../docs/img'), ...only] = process.argv.slice(2);
const room = '/r/quiet-blue-heron';
const desktop = { width: 1280, height: 800 };
const phone = { width: 390, height: 844, deviceScaleFactor: 1.5, isMobile: true, hasTouch: true };

/** A face before a window: colours by `palette`, the head nods a little. 1280 × 720, one second. */
function drawCamera(file, { wall, skin, hair, shirt, light }) {
  const [w, h, frames] = [1280, 720, 15];
  const fd = openSync(file, 'w');
  writeSync(fd, `YUV4MPEG2 W${w} H${h} F15:1 Ip A1:1 C420jpeg\n`);
  const yuv = ([r, g, b]) => [0.299 * r + 0.587 * g + 0.114 * b,
    128 - 0.1687 * r - 0.3313 * g + 0.5 * b, 128 + 0.5 * r - 0.4187 * g - 0.0813 * b];
  const inside = (x, y, cx, cy, rx, ry) => ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1;
  const colour = (x, y, nod) => {
    const cy = 165 + nod;
    if (y > cy - 28 && y < cy - 20 && (inside(x, y, 292, cy - 24, 16, 5) || inside(x, y, 348, cy - 24, 16, 5))) return hair;
    if (inside(x, y, 293, cy - 8, 6, 7) || inside(x, y, 347, cy - 8, 6, 7)) return [38, 32, 30];
    if (inside(x, y, 320, cy + 38, 26, 12) && y > cy + 38) return [150, 72, 66];
    if (inside(x, y, 320, cy, 74, 92) && y > cy - 52 - 8 * Math.cos((x - 320) / 40)) return skin;
    if (inside(x, y, 320, cy - 22, 90, 98) && y < cy + 70) return hair;
    if (Math.abs(x - 320) < 28 && y > cy + 60 && y < cy + 130) return skin.map((c) => c * 0.93);
    if (inside(x, y, 320, 388, 190, 120)) return shirt;
    if (x > 455 && x < 600 && y > 30 && y < 215) {
      if (Math.abs(x - 527) < 4 || Math.abs(y - 122) < 4) return wall.map((c) => c * 0.8);
      return light;
    }
    if (x > 45 && x < 175 && y > 120 && y < 128) return wall.map((c) => c * 0.68);
    if (x > 60 && x < 160 && y > 62 && y < 120) return (x % 24 < 20) ? hair.map((c, i) => (c + light[i] + (x % 48 < 24 ? 40 : -30)) / 2.2) : wall.map((c) => c * 0.9);
    return wall;
  };
  for (let f = 0; f < frames; ++f) {
    const nod = (4 * Math.sin((2 * Math.PI * f) / frames));
    const [Y, U, V] = [Buffer.alloc(w * h), Buffer.alloc((w * h) / 4), Buffer.alloc((w * h) / 4)];
    for (let y = 0; y < h; ++y) {
      for (let x = 0; x < w; ++x) {
        const [l, u, v] = yuv(colour(x / 2, y / 2, nod));
        Y[y * w + x] = Math.max(0, Math.min(255, l));
        if (y % 2 === 0 && x % 2 === 0) {
          U[(y / 2) * (w / 2) + x / 2] = u;
          V[(y / 2) * (w / 2) + x / 2] = v;
        }
      }
    }
    writeSync(fd, 'FRAME\n');
    for (const plane of [Y, U, V]) writeSync(fd, plane);
  }
  closeSync(fd);
  return file;
}

const cameras = atEnd.tempDir('cameras');
const faces = {
  Mina: { wall: [214, 205, 190], skin: [236, 196, 166], hair: [52, 40, 38], shirt: [72, 108, 128], light: [226, 238, 244] },
  Jonas: { wall: [176, 190, 178], skin: [214, 166, 132], hair: [128, 84, 48], shirt: [186, 96, 70], light: [250, 236, 206] },
};
for (const [name, face] of Object.entries(faces)) drawCamera(path.join(cameras, `${name}.y4m`), face);
const browserOf = (name) => ({ key: name, args: [`--use-file-for-fake-video-capture=${path.join(cameras, `${name}.y4m`)}`] });

/** Runs in the page: language and colours before anything is drawn. */
function choose({ lang, bend, dropped }) {
  localStorage.setItem('parley.language', lang);
  // Chromium calls its fake devices by the file's path.
  for (const type of [MediaStreamTrack, MediaDeviceInfo]) {
    Object.defineProperty(type.prototype, 'label', { get() { return this.kind.startsWith('video') ? 'Built-in camera' : 'Built-in microphone'; } });
  }
  if (bend) (0, eval)(`(${bend.code})`)(bend.argument);
  if (dropped) (0, eval)(`(${dropped})`)();
}

async function open(s, name, where, { lang = 'en', dark = false, small = false, bend, drop = false } = {}) {
  return s.open('chromium', where, {
    name, browser: browserOf(name), viewport: small ? phone : desktop,
    media: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }],
    before: choose, argument: { lang, bend: bend && { code: bendIceServers.toString(), argument: bend },
      dropped: drop && dropCandidates.toString() },
  });
}

/** Six bits a channel, no alpha: the noise of the video codec costs most of a picture's bytes. */
function slim(bytes) {
  const picture = PNG.sync.read(Buffer.from(bytes));
  const { data } = picture;
  for (let i = 0; i < data.length; ++i) data[i] = i % 4 === 3 ? 255 : Math.min(255, ((data[i] + 2) >> 2) * 4);
  return PNG.sync.write(picture, { colorType: 2, inputColorType: 6, inputHasAlpha: true, deflateLevel: 9, filterType: -1 });
}

async function shoot(page, name) {
  const file = path.join(out, `${name}.png`);
  await page.page.bringToFront();
  // Fonts and the last transition: two frames after everything is still.
  await page.evaluate(async () => {
    await document.fonts.ready;
    await Promise.all(document.getAnimations().filter((a) => a.effect?.getTiming().iterations !== Infinity).map((a) => a.finished.catch(() => {})));
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  });
  const bytes = slim(await page.page.screenshot());
  writeFileSync(file, bytes);
  console.log(`${name}.png ${Math.round(bytes.length / 1024)} KiB`);
}

/** Mina waits, Jonas calls; the pictures are taken on Jonas' side unless `of` says otherwise. */
async function talking(s, options = {}, { query = '' } = {}) {
  const mina = await open(s, 'Mina', room + query);
  const jonas = await open(s, 'Jonas', room + query, options);
  await mina.join();
  await mina.inCall();
  await jonas.join();
  await jonas.inCall();
  await jonas.framesFlow(1, { frames: 40 });
  await mina.framesFlow();
  await jonas.until('some statistics', async () => (await jonas.events('stats')).length > 4);
  return { mina, jonas };
}

const pictures = {
  async lobby(s) {
    for (const [name, options] of [['lobby-desktop-light-en', {}], ['lobby-desktop-dark-ko', { dark: true, lang: 'ko' }],
      ['lobby-phone-light-ko', { small: true, lang: 'ko' }]]) {
      const page = await open(s, 'Jonas', '/', options);
      await page.visible('[data-screen="lobby"]');
      await page.devicesOn();
      await page.fill('name', 'Jonas');
      await page.event('probe-done');
      await page.event('media-opened', { source: 'camera' });
      await page.until('a picture', () => page.evaluate(() => document.querySelector('[data-video]')?.videoWidth > 0));
      await shoot(page, name);
    }
  },
  async connecting(s) {
    for (const [name, where, options] of [['connecting-desktop-light-en', '/r/calm-green-otter', {}],
      ['connecting-phone-dark-en', '/r/brave-red-robin', { small: true, dark: true }]]) {
      const mina = await open(s, 'Mina', where, { drop: true });
      const jonas = await open(s, 'Jonas', where, { ...options, drop: true });
      await mina.join();
      await mina.inCall();
      await jonas.join();
      await jonas.inCall();
      await jonas.event('description', { type: 'answer', stage: 'applied' });
      await jonas.until('candidates of both', async () => (await jonas.events('candidate')).filter((e) => e.stage === 'received').length > 2);
      await shoot(jonas, name);
    }
  },
  async call(s) {
    const { jonas } = await talking(s);
    await shoot(jonas, 'call-desktop-light-en');
    await jonas.openTab('path');
    await shoot(jonas, 'panel-path-desktop-light-en');
    await jonas.openTab('steps');
    await shoot(jonas, 'panel-steps-desktop-light-en');
  },
  async chat(s) {
    const { mina, jonas } = await talking(s);
    await jonas.say('Here are the pictures of the lake.');
    const file = makeFile(s.cleanup.tempDir('file'), 'lake.zip', 8_400_000);
    await jonas.sendFiles(file.path);
    await mina.openChat();
    await mina.click('[data-file] [data-action="accept"]');
    await jonas.event('file', { stage: 'done' });
    await mina.say('호수 사진 고마워!');
    await jonas.heard('호수 사진 고마워!');
    await shoot(jonas, 'chat-desktop-light-en');
  },
  async phone(s) {
    const { jonas } = await talking(s, { small: true, lang: 'ko' });
    await shoot(jonas, 'call-phone-light-ko');
  },
  async relayed(s) {
    const { jonas } = await talking(s, { dark: true, lang: 'ko' }, { query: '?ice=relay&relay=tcp' });
    await jonas.openTab('path');
    await shoot(jonas, 'panel-relay-desktop-dark-ko');
    await jonas.openTab('numbers');
    await shoot(jonas, 'panel-numbers-desktop-dark-ko');
  },
  async sheet(s) {
    const { jonas } = await talking(s, { small: true, dark: true }, { query: '?ice=relay&relay=udp' });
    await jonas.openTab('steps');
    await shoot(jonas, 'panel-phone-dark-en');
  },
  async failure(s) {
    for (const [name, where, options] of [['failure-desktop-light-en', '/r/calm-green-otter?ice=relay', {}],
      ['failure-phone-dark-ko', '/r/brave-red-robin?ice=relay', { small: true, dark: true, lang: 'ko' }]]) {
      const bend = { credential: 'spoiled' };
      const mina = await open(s, 'Mina', where, { bend });
      const jonas = await open(s, 'Jonas', where, { ...options, bend });
      await mina.join();
      await mina.inCall();
      await jonas.join();
      await jonas.inCall();
      await jonas.visible('[data-failure] [data-remedy]', 60_000);
      await shoot(jonas, name);
    }
  },
};

mkdirSync(out, { recursive: true });
try {
  for (const [name, take] of Object.entries(pictures)) {
    if (only.length > 0 && !only.some((part) => name.includes(part))) continue;
    const cleanup = new Cleanup();
    try {
      await take(await Scenario.start({ after: (fn) => cleanup.add(fn) }));
    } finally {
      await cleanup.run();
    }
  }
} finally {
  await atEnd.run();
}
