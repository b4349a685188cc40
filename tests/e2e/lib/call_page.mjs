// One browser window on Parley's page, driven as a person would (the hooks of web/README.md) and
// watched by the tests' own eyes (instrument.mjs).
import { browser } from './browsers.mjs';
import { instrument, readConnections } from './instrument.mjs';
import { until, usual } from './wait.mjs';

export class CallPage {
  requests = []; // every address the page asked for
  console = []; // what it wrote to the console at error level

  /**
   * @param {import('./cleanup.mjs').Cleanup} cleanup
   * @param {'chromium'|'firefox'} kind
   * @param {string} url
   * @param {{name?: string, before?: Function, argument?: any, viewport?: object, browser?: object}} options
   *   before: a function run in the page before its scripts, with `argument`
   *   browser: `extra` of browsers.mjs; onDisk: in the browser's own profile, not a fresh context
   */
  static async open(cleanup, kind, url, options = {}) {
    const self = new CallPage();
    self.kind = kind;
    self.name = options.name ?? (kind === 'chromium' ? 'Chloe' : 'Fritz');
    self.browser = await browser(kind, options.browser);
    self.downloads = cleanup.tempDir('downloads');
    if (options.onDisk) {
      // A fresh context is like a private window: its "disk" is memory. The profile's own is not.
      self.context = self.browser.defaultBrowserContext();
    } else {
      self.context = await self.browser.createBrowserContext({ downloadBehavior: { policy: 'allow', downloadPath: self.downloads } });
      cleanup.add(() => self.context.close().catch(() => {}));
    }
    // A window of its own: Firefox hides all tabs but one, and a hidden page gets no frames to draw in.
    self.page = await self.context.newPage({ type: 'window' });
    self.page.on('request', (request) => self.requests.push(request.url()));
    self.page.on('console', (message) => {
      if (message.type() === 'error') self.console.push(message.text());
    });
    await self.page.setViewport(options.viewport ?? { width: 1200, height: 800 });
    if (options.media) await self.page.emulateMediaFeatures(options.media);
    if (options.before) await self.page.evaluateOnNewDocument(options.before, options.argument);
    await self.page.evaluateOnNewDocument(instrument);
    await self.page.goto(url, { waitUntil: 'load', timeout: usual });
    return self;
  }

  // ---- looking ------------------------------------------------------------------------------------

  evaluate(fn, ...args) {
    return this.page.evaluate(fn, ...args);
  }

  /** Waits for an element that is laid out; returns its handle. */
  async visible(selector, timeout = usual) {
    await this.until(`${selector} on the screen`, () => this.evaluate((s) => {
      const box = document.querySelector(s)?.getBoundingClientRect();
      return Boolean(box && box.width > 0 && box.height > 0);
    }, selector), { timeout });
    return this.page.$(selector);
  }

  has(selector) {
    return this.evaluate((s) => document.querySelector(s) !== null, selector);
  }

  text(selector) {
    return this.evaluate((s) => document.querySelector(s)?.innerText?.trim() ?? null, selector);
  }

  attribute(selector, name) {
    return this.evaluate((s, n) => document.querySelector(s)?.getAttribute(n) ?? null, selector, name);
  }

  /** What is on the screen, for failure messages. */
  async describe() {
    return this.evaluate(() => {
      const events = window.parley?.events ?? [];
      return `${location.href}\n${document.body.innerText.slice(0, 2500)}\n--- events: `
        + events.filter((e) => e.kind !== 'stats').slice(-25)
          .map((e) => `${e.kind}${e.stage ? `/${e.stage}` : ''}${e.state ? `/${e.state}` : ''}${e.cause ? `/${e.cause}` : ''}`).join(' ')
        + `\n--- errors: ${window.__seen?.errors.join('; ')}`;
    }).catch((error) => `(page cannot be asked: ${error.message})`);
  }

  async until(what, probe, options) {
    try {
      return await until(`${this.name} (${this.kind}): ${what}`, probe, options);
    } catch (error) {
      throw new Error(`${error.message}\n${await this.describe()}`);
    }
  }

  /** The page's own events of a kind (window.parley), as plain values. */
  events(kind) {
    return this.evaluate((k) => window.parley.events.filter((e) => !k || e.kind === k).map((e) => JSON.parse(JSON.stringify(e))), kind);
  }

  /** Waits for an event of that kind whose fields equal `fields`. */
  event(kind, fields = {}, options) {
    return this.until(`event ${kind} ${JSON.stringify(fields)}`, () => this.evaluate((k, f) => {
      const hit = window.parley.events.find((e) => e.kind === k && Object.keys(f).every((key) => e[key] === f[key]));
      return hit ? JSON.parse(JSON.stringify(hit)) : null;
    }, kind, fields), options);
  }

  /** What getStats says of each connection with a remote description (instrument.mjs). */
  connections() {
    return this.evaluate(readConnections);
  }

  violations() {
    return this.evaluate(() => window.__seen.violations);
  }

  errors() {
    return this.evaluate(() => window.__seen.errors);
  }

  /** Opens one of the panel's tabs: path, steps, numbers. */
  async openTab(tab) {
    if (!(await this.has('[data-tab]'))) await this.act('path', '.controls');
    await this.click(`[data-tab="${tab}"]`);
    await this.visible(`[data-panel="${tab}"]`);
  }

  async openChat() {
    if (!(await this.has('[data-panel="chat"]'))) await this.act('chat', '.controls');
    await this.visible('[data-panel="chat"]');
  }

  /** A stone as shown: state, reason (its key) and words. The list is open in the panel or while connecting. */
  stone(n) {
    return this.evaluate((step) => {
      const stone = document.querySelector(`li[data-stone="${step}"]`);
      return stone && { state: stone.dataset.state, reason: stone.dataset.reason, words: stone.textContent.replace(/\s+/g, ' ') };
    }, n);
  }

  failures() {
    return this.evaluate(() => [...document.querySelectorAll('[data-failure]')].map((e) => e.dataset.failure));
  }

  /**
   * Waits until `count` peers are connected and each delivers at least `frames` more decoded video
   * frames than now. Returns the connections.
   */
  async framesFlow(count = 1, { frames = 10, timeout } = {}) {
    const up = (list) => list.filter((c) => c.state === 'connected');
    const first = await this.until(`${count} connection(s) with decoded frames`, async () => {
      const list = up(await this.connections());
      if (list.length === count && list.every((c) => c.framesDecoded > 0)) return list;
      throw new Error(JSON.stringify(list));
    }, { timeout });
    return this.until('more frames', async () => {
      const list = up(await this.connections());
      if (list.length === count && list.every((c, i) => c.framesDecoded >= first[i].framesDecoded + frames)) return list;
      throw new Error(JSON.stringify(list));
    }, { timeout });
  }

  /** Waits until the picture in every matching video element has changed. */
  async picturesMove(selector = 'video[data-video]:not([data-video^="self"])', count = 1) {
    const digest = () => this.evaluate((s) => [...document.querySelectorAll(s)].map((video) => {
      if (!video.videoWidth) return null;
      const canvas = document.createElement('canvas');
      canvas.width = 64;
      canvas.height = 48;
      const context = canvas.getContext('2d', { willReadFrequently: true });
      context.drawImage(video, 0, 0, 64, 48);
      const { data } = context.getImageData(0, 0, 64, 48);
      let sum = 2166136261;
      let light = 0;
      for (let i = 0; i < data.length; i += 4) {
        sum = Math.imul(sum ^ data[i] ^ (data[i + 1] << 8) ^ (data[i + 2] << 16), 16777619) >>> 0;
        light = Math.max(light, data[i], data[i + 1], data[i + 2]);
      }
      return light > 16 ? sum : null; // black is no picture
    }), selector);
    const first = await this.until(`${count} picture(s)`, async () => {
      const now = await digest();
      return now.filter((d) => d !== null).length >= count && now;
    });
    await this.until('the picture to change', async () => {
      const now = await digest();
      if (now.every((d, i) => first[i] === null || (d !== null && d !== first[i]))) return true;
      throw new Error(`first ${first}, now ${now}`);
    });
  }

  // ---- doing --------------------------------------------------------------------------------------

  /** Clicks the hook of that name as a person would. */
  async act(action, scope = '') {
    return this.click(`${scope} [data-action="${action}"]`.trim());
  }

  /** The page redraws as events come, so a handle may be stale by the time of the click: ask again. */
  async click(selector) {
    await this.until(`click ${selector}`, async () => {
      const handle = await this.page.$(selector);
      if (!handle) throw new Error('not there');
      try {
        await handle.click();
      } finally {
        await handle.dispose();
      }
      return true;
    });
  }

  /** Replaces what an input holds. */
  async fill(input, value) {
    const selector = `[data-input="${input}"]`;
    await this.visible(selector);
    await this.evaluate((s, v) => {
      const element = document.querySelector(s);
      const proto = element.tagName === 'TEXTAREA' ? HTMLTextAreaElement.prototype
        : element.tagName === 'SELECT' ? HTMLSelectElement.prototype : HTMLInputElement.prototype;
      Object.getOwnPropertyDescriptor(proto, 'value').set.call(element, v);
      element.dispatchEvent(new Event('input', { bubbles: true }));
      element.dispatchEvent(new Event('change', { bubbles: true }));
    }, selector, value);
  }

  /** Through the lobby into the room. `devices`: turn camera and microphone on first. */
  async join({ devices = true, room } = {}) {
    await this.visible('[data-screen="lobby"]');
    if (devices) await this.devicesOn();
    await this.fill('name', this.name);
    if (room) await this.fill('room', room);
    await this.act('join');
    return this;
  }

  /** Where the browser allows devices already the page opens them by itself: the button may vanish. */
  async devicesOn() {
    let pressed = false;
    await this.until('the preview', async () => {
      if (await this.has('[data-preview="on"]')) return true;
      const button = pressed ? null : await this.page.$('[data-action="devices-on"]');
      if (button) pressed = await button.click().then(() => true, () => false);
      return false;
    });
  }

  /** What the browser says when the machine changes networks. */
  changeNetwork() {
    return this.evaluate(() => { window.dispatchEvent(new Event('online')); });
  }

  /** Picks files in the browser's own dialogue. */
  async sendFiles(...paths) {
    await this.openChat();
    const [chooser] = await Promise.all([this.page.waitForFileChooser({ timeout: usual }), this.act('send-file')]);
    await chooser.accept(paths);
  }

  async say(text) {
    await this.openChat();
    await this.fill('chat', text);
    await this.act('send-chat');
  }

  async heard(text) {
    await this.event('chat', { text });
    await this.openChat();
    await this.until(`"${text}" on the screen`, () => this.evaluate(
      (words) => [...document.querySelectorAll('[data-said-by]')].some((e) => e.textContent.includes(words)), text));
  }

  async inCall() {
    await this.visible('[data-screen="call"]');
    return this;
  }
}

/** Two pages through the lobby into one room; the second is the newcomer and calls. */
export async function call(first, second, options = {}) {
  await first.join(options);
  await first.inCall();
  await second.join(options);
  await second.inCall();
}
