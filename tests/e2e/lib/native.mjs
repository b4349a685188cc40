// Verbs of the native peer as children of the test, and files between them and a page.
import assert from 'node:assert/strict';
import path from 'node:path';
import { theAuthority } from './ca.mjs';
import { downloaded, makeFile, sha256Of } from './files.mjs';
import { Child } from './process.mjs';
import { binary, cleanEnvironment } from './server.mjs';
import { usual, within } from './wait.mjs';

export const card = (direction, stage) => `[data-file][data-direction="${direction}"][data-stage="${stage}"]`;

export class Native {
  /**
   * Starts `parley VERB … --json LINK`.
   * @param {import('./scenario.mjs').Scenario} s started with `tls`
   * @param {{name?: string, args?: string[], relay?: 'udp'|'tcp'|'tls'}} options
   */
  constructor(s, verb, link, { name = 'Nat', args = [], relay } = {}) {
    const home = s.cleanup.tempDir('native');
    this.verb = verb;
    this.name = name;
    this.child = new Child(binary, [verb, '--json', '--name', name, '--tls-ca', theAuthority().ca,
      ...(relay ? ['--relay', relay] : []), ...args, link], { cwd: home, env: cleanEnvironment(home) });
    s.cleanup.add(() => this.child.stop('SIGINT'));
  }

  /** What it has said with --json so far; a line that is still being written is not counted. */
  events(kind) {
    return this.child.stdout.split('\n').slice(0, -1).filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line)).filter((event) => !kind || event.event === kind);
  }

  /** Waits for an event of that kind whose fields equal `fields`. */
  event(kind, fields = {}) {
    return this.child.output(`event ${kind} ${JSON.stringify(fields)} of parley ${this.verb}`, () =>
      this.events(kind).find((event) => Object.keys(fields).every((key) => event[key] === fields[key])));
  }

  says(words) {
    return this.child.output(`"${words}"`, (child) => child.stderr.includes(words));
  }

  type(line) {
    this.child.process.stdin.write(`${line}\n`);
  }

  endInput() {
    this.child.process.stdin.end();
  }

  /** Waits for its end and wants this exit code. */
  async ends(code, timeout = 4 * usual) {
    const ended = await within(`parley ${this.verb} to end`, this.child.exited, timeout).catch((error) => {
      throw new Error(`${error.message}\n${this.child.stderr.slice(-4000)}${this.child.stdout.slice(-4000)}`);
    });
    await this.child.closed;
    const said = `parley ${this.verb} said:\n${this.child.stderr.slice(-4000)}${this.child.stdout.slice(-4000)}`;
    assert.deepEqual({ code: ended.code, signal: ended.signal }, { code, signal: null }, said);
  }

  /** The ways that its progress names, one each second: "direct, UDP, 0.4 ms" or "relayed, TLS, 1.2 ms". */
  assertPath(relay) {
    const wanted = relay ? `relayed, ${relay.toUpperCase()}` : 'direct, UDP';
    const ways = this.events('progress').map((event) => event.path).filter(Boolean);
    assert.deepEqual(ways.filter((way) => !way.startsWith(wanted)), [], `${wanted} and nothing else`);
  }
}

/** The page's own word for the same, of the native peer's connection. */
async function assertPageSaw(page, peer, relay) {
  await page.event('relay', relay ? { peer, used: true } : { peer, used: false });
}

/** Starts the native peer and brings the page into the room if it is not there: before it, or after. */
async function meet(page, native, nativeFirst) {
  if (nativeFirst) {
    const peer = native();
    await peer.event('joined');
    await page.join({ devices: false });
    await page.inCall();
    return peer;
  }
  if (await page.has('[data-screen="lobby"]')) {
    await page.join({ devices: false });
    await page.inCall();
  }
  return native();
}

/** Its member id in the room, once the page has its chat channel open. */
async function together(page, peer) {
  const { self } = await peer.event('joined');
  await page.event('channel', { peer: self, label: 'chat', state: 'open' });
  return self;
}

/** `parley receive --yes --into DIR` takes a file that the page sends. */
export async function pageToNative(s, page, link, { size, relay, nativeFirst }) {
  const file = makeFile(s.cleanup.tempDir('file'), 'from the page.bin', size);
  const into = s.cleanup.tempDir('into');
  const began = Date.now();
  const peer = await meet(page, () => new Native(s, 'receive', link, { relay, args: ['--yes', '--into', into] }), nativeFirst);
  const self = await together(page, peer);
  await peer.says('waiting for files');
  const met = Date.now();
  await page.sendFiles(file.path);
  await page.event('file', { peer: self, direction: 'send', stage: 'done', sha256: file.sha256 }, { timeout: 4 * usual });
  const done = Date.now();
  await peer.ends(0);
  const [received] = peer.events('file');
  assert.equal(received.result, 'received');
  assert.equal(await sha256Of(path.join(into, received.path)), file.sha256, 'the bytes that arrived are those that were sent');
  peer.assertPath(relay);
  await assertPageSaw(page, self, relay);
  return { meetMs: met - began, speed: size / 1000 / (done - met) };
}

/** The page takes what `parley send FILE` offers. */
export async function nativeToPage(s, page, link, { size, relay, nativeFirst }) {
  const file = makeFile(s.cleanup.tempDir('file'), 'from the terminal.bin', size);
  const began = Date.now();
  const peer = await meet(page, () => new Native(s, 'send', link, { relay, args: [file.path] }), nativeFirst);
  const self = await together(page, peer);
  await page.openChat();
  await page.visible(card('receive', 'offered'));
  // It names its way while it waits for the answer; a small file would be over before.
  await peer.child.output('the way it takes', () => peer.events('progress').some((event) => event.path));
  const met = Date.now();
  await page.click(`${card('receive', 'offered')} [data-action="accept"]`);
  await page.visible(card('receive', 'done'), 4 * usual);
  const done = Date.now();
  await peer.ends(0);
  assert.equal(peer.events('file')[0].result, 'delivered');
  await page.click(`${card('receive', 'done')} [data-action="download"]`);
  assert.equal(await sha256Of(await downloaded(page.downloads, size)), file.sha256, 'the bytes that arrived are those that were sent');
  peer.assertPath(relay);
  await assertPageSaw(page, self, relay);
  return { meetMs: met - began, speed: size / 1000 / (done - met) };
}
