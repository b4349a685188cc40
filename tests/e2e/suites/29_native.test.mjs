// The native peer with the page in real browsers: `parley chat`, `parley send` and `parley receive`,
// direct and through the relay by UDP, TCP and TLS, whoever comes first.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, test } from 'node:test';
import { missing } from '../lib/browsers.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { makeFile } from '../lib/files.mjs';
import { Native, card, nativeToPage, pageToNative } from '../lib/native.mjs';
import { Scenario } from '../lib/scenario.mjs';

after(() => atEnd.run());

const MB = 1024 * 1024;
const room = '/r/native-room';
const kinds = ['chromium', 'firefox'];

for (const kind of kinds) {
  for (const nativeFirst of [true, false]) {
    const name = nativeFirst ? `${kind} comes to parley chat` : `parley chat comes to ${kind}`;
    test(`${name}: both are heard`, { skip: missing(kind) }, async (t) => {
      const s = await Scenario.start(t, { tls: true });
      const page = await s.open(kind, room, { name: 'Ann' });
      let chat;
      const start = () => { chat = new Native(s, 'chat', s.origin + room); };
      if (nativeFirst) {
        start();
        await chat.event('joined');
      }
      await page.join({ devices: false });
      await page.inCall();
      if (!nativeFirst) start();
      const { self } = await chat.event('joined');
      await chat.event('ready', { name: 'Ann' });
      await page.event('channel', { peer: self, label: 'chat', state: 'open' });
      const roles = (await page.events('connection-made')).map((event) => event.role);
      assert.deepEqual(roles, [nativeFirst ? 'caller' : 'callee'], 'the newcomer calls, and once');

      chat.type('Hello Ann <b>&amp;</b>');
      await page.heard('Hello Ann <b>&amp;</b>');
      await page.say('안녕하세요 Nat 👋');
      await chat.event('text', { name: 'Ann', text: '안녕하세요 Nat 👋' });
      chat.type('and one more');
      chat.endInput();
      await page.heard('and one more');
      await chat.ends(0);
      assert.equal(chat.events('text').length, 1, 'nothing comes twice');
      await page.event('peer-left', { peer: self, reason: 'left' });
      assert.deepEqual(await page.failures(), [], 'leaving is no failure');
      await s.assertClean();
    });
  }
}

// The first verb of a pair is in the room before the page, the second finds it there. The relays get
// less to carry each day than `big/` gives them.
const ways = [
  ['chromium', undefined, 'receive', 50], ['firefox', undefined, 'send', 50],
  ['chromium', 'udp', 'receive', 10], ['chromium', 'tcp', 'send', 10], ['chromium', 'tls', 'receive', 10],
  ['firefox', 'udp', 'send', 10], ['firefox', 'tcp', 'receive', 10], ['firefox', 'tls', 'send', 10],
];

for (const [kind, relay, first, size] of ways) {
  const by = relay ? `relayed by ${relay.toUpperCase()}` : 'direct';
  test(`${size} MB each way between parley and ${kind}, ${by}, ${first} first`, { skip: missing(kind) }, async (t) => {
    const s = await Scenario.start(t, { tls: true });
    const page = await s.open(kind, room, { name: 'Ann' });
    const steps = first === 'receive' ? [pageToNative, nativeToPage] : [nativeToPage, pageToNative];
    for (const [i, step] of steps.entries()) {
      const { meetMs, speed } = await step(s, page, s.origin + room, { size: size * MB + 17, relay, nativeFirst: i === 0 });
      t.diagnostic(`${step.name}: ready after ${meetMs} ms, ${speed.toFixed(1)} MB/s`);
    }
    assert.deepEqual(await page.failures(), []);
    await s.assertClean();
  });
}

for (const kind of kinds) {
  test(`${kind} declines what parley sends, and parley what ${kind} sends`, { skip: missing(kind) }, async (t) => {
    const s = await Scenario.start(t, { tls: true });
    const page = await s.open(kind, room, { name: 'Ann' });
    await page.join({ devices: false });
    await page.inCall();
    const file = makeFile(s.cleanup.tempDir('file'), 'unwanted.bin', MB);
    const send = new Native(s, 'send', s.origin + room, { args: [file.path] });
    await page.openChat();
    await page.click(`${card('receive', 'offered')} [data-action="decline"]`);
    await send.ends(4);
    assert.equal(send.events('file')[0].result, 'declined');

    const into = s.cleanup.tempDir('into');
    const receive = new Native(s, 'receive', s.origin + room, { args: ['--into', into] });
    const { self } = await receive.event('joined');
    await receive.says('waiting for files');
    await page.event('channel', { peer: self, label: 'chat', state: 'open' });
    await page.sendFiles(file.path);
    await receive.says('Take it? [y/n]');
    receive.type('n');
    await page.event('file', { peer: self, direction: 'send', stage: 'declined' });
    await receive.ends(4);
    assert.deepEqual(readdirSync(into), [], 'nothing was written');
    assert.deepEqual(await page.failures(), []);
    await s.assertClean();
  });
}
