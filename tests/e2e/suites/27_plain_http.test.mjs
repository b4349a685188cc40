// A page on plain HTTP under a name that is not localhost has no camera, no microphone and no
// WebCrypto. Joining, chat and files work all the same.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { missing } from '../lib/browsers.mjs';
import { call } from '../lib/call_page.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { downloaded, makeFile, sha256Of } from '../lib/files.mjs';
import { Scenario } from '../lib/scenario.mjs';

after(() => atEnd.run());

for (const kind of ['chromium', 'firefox']) {
  test(`without a secure context: words, chat and a file (${kind})`, { skip: missing(kind) }, async (t) => {
    const s = await Scenario.start(t, { args: ['--host', 'parley.test'] });
    s.origin = `http://parley.test:${s.server.httpPort}`;
    const a = await s.open(kind, '/r/plain', { name: 'Ann' });
    const b = await s.open(kind, '/r/plain', { name: 'Bo' });
    assert.equal(await a.evaluate(() => window.isSecureContext), false);
    assert.equal(await a.evaluate(() => navigator.mediaDevices === undefined && crypto.subtle === undefined), true);
    await a.visible('[data-screen="lobby"]');
    await a.until('the words about HTTPS', () => a.evaluate(() => /HTTPS|not secure/.test(document.body.innerText)));
    await call(a, b, { devices: false });
    await a.event('channel', { label: 'chat', state: 'open' });
    await a.say('plain but fine');
    await b.heard('plain but fine');
    const file = makeFile(s.cleanup.tempDir('file'), 'plain.bin', 3_000_003);
    await b.sendFiles(file.path);
    await a.openChat();
    await a.click('[data-file] [data-action="accept"]');
    await a.click('[data-file] [data-action="download"]');
    assert.equal(await sha256Of(await downloaded(a.downloads, file.size)), file.sha256);
    assert.deepEqual(await a.violations(), []);
    assert.deepEqual(await a.errors(), []);
  });
}
