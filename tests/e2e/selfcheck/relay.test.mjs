// Proves the harness without Parley: a bare RTCPeerConnection in each page, node carrying the
// descriptions, coturn relaying on loopback.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, test } from 'node:test';
import { browser, missing } from '../lib/browsers.mjs';
import { atEnd, Cleanup } from '../lib/cleanup.mjs';
import { coturnThere, startCoturn } from '../lib/coturn.mjs';
import { until } from '../lib/wait.mjs';

after(() => atEnd.run());

async function blankSite(cleanup) {
  const server = http.createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><video autoplay playsinline muted></video>');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup.add(() => { server.closeAllConnections(); server.close(); });
  return server.address().port;
}

async function openPage(cleanup, kind, url) {
  const context = await (await browser(kind)).createBrowserContext();
  cleanup.add(() => context.close());
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

const prepare = (page, config) => page.evaluate(async (config) => {
  const pc = (window.pc = new RTCPeerConnection(config));
  window.found = [];
  window.failed = [];
  pc.onicecandidate = (e) => e.candidate && window.found.push(e.candidate.toJSON());
  pc.onicecandidateerror = (e) => window.failed.push(`${e.url} ${e.errorCode} ${e.errorText}`);
  pc.ontrack = (e) => { document.querySelector('video').srcObject = e.streams[0]; };
  const stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
  for (const track of stream.getTracks()) pc.addTrack(track, stream);
}, config);

const gathered = (page) => until('gathering to end', () => page.evaluate(() =>
  window.pc.iceGatheringState === 'complete' && window.pc.localDescription.toJSON()));

async function connect(caller, callee) {
  await caller.evaluate(async () => window.pc.setLocalDescription());
  const offer = await gathered(caller);
  await callee.evaluate(async (offer) => {
    await window.pc.setRemoteDescription(offer);
    await window.pc.setLocalDescription();
  }, offer);
  const answer = await gathered(callee);
  await caller.evaluate((answer) => window.pc.setRemoteDescription(answer), answer);
}

const seen = (page) => page.evaluate(async () => {
  const all = [...(await window.pc.getStats()).values()];
  const pair = all.find((s) => s.type === 'candidate-pair' && (s.selected || s.nominated) && s.state === 'succeeded');
  const local = pair && all.find((s) => s.id === pair.localCandidateId);
  return {
    frames: all.find((s) => s.type === 'inbound-rtp' && s.kind === 'video')?.framesDecoded ?? 0,
    type: local?.candidateType, protocol: local?.relayProtocol, failed: window.failed,
    state: window.pc.iceConnectionState,
  };
});

for (const [first, second] of [['chromium', 'chromium'], ['firefox', 'firefox'], ['chromium', 'firefox'], ['firefox', 'chromium']]) {
  for (const by of ['udp', 'tcp', 'tls']) {
    const skip = missing(first, second) || (coturnThere ? false : 'SKIPPED: coturn not installed');
    test(`${first} calls ${second} through coturn over ${by}`, { skip }, async (t) => {
      const cleanup = new Cleanup();
      t.after(() => cleanup.run());
      const coturn = await startCoturn(cleanup);
      const port = await blankSite(cleanup);
      const config = { iceTransportPolicy: 'relay',
        iceServers: [{ urls: [coturn.urls[by]], username: coturn.username, credential: coturn.credential }] };
      const pages = [];
      for (const kind of [first, second]) {
        const page = await openPage(cleanup, kind, `http://localhost:${port}/`);
        await prepare(page, config);
        pages.push(page);
      }
      await connect(pages[0], pages[1]);
      for (const page of pages) {
        const stats = await until('twenty frames', async () => {
          const s = await seen(page);
          if (s.frames > 20 && s.type) return s;
          throw new Error(JSON.stringify(s));
        });
        assert.equal(stats.type, 'relay');
        if (stats.protocol) assert.equal(stats.protocol, by);
      }
    });
  }
}
