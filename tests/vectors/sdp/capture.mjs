// Writes what the installed Chromium and Firefox offer and answer, as vectors of the parser:
//
//   node tests/vectors/sdp/capture.mjs        (in the repository, after tools/npm-ready tests/e2e)
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { browser } from '../../e2e/lib/browsers.mjs';
import { atEnd } from '../../e2e/lib/cleanup.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));

/* Runs in the page. */
async function descriptions() {
  const out = {};
  const gathered = (pc) => new Promise((resolve) => {
    if (pc.iceGatheringState === 'complete') resolve();
    pc.onicegatheringstatechange = () => pc.iceGatheringState === 'complete' && resolve();
    setTimeout(resolve, 8000);
  });
  const exchange = async (name, prepare, answerer = () => {}, options = {}) => {
    const a = new RTCPeerConnection(options);
    const b = new RTCPeerConnection();
    await prepare(a);
    await a.setLocalDescription();
    await gathered(a);
    out[`${name}_offer`] = a.localDescription.sdp;
    await b.setRemoteDescription(a.localDescription);
    await answerer(b);
    await b.setLocalDescription();
    await gathered(b);
    out[`${name}_answer`] = b.localDescription.sdp;
    await a.setRemoteDescription(b.localDescription);
    return [a, b];
  };
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  const addAll = (pc) => stream.getTracks().forEach((t) => pc.addTrack(t, stream));

  const [a, b] = await exchange('data', (pc) => pc.createDataChannel('x'));
  a.restartIce();
  await a.setLocalDescription();
  out.data_restart_offer = a.localDescription.sdp;
  a.close(); b.close();
  const [c, d] = await exchange('media', (pc) => { addAll(pc); pc.createDataChannel('x'); }, addAll);
  c.getTransceivers()[0].stop();
  c.getTransceivers()[1].direction = 'inactive';
  await c.setLocalDescription();
  out.media_stopped_offer = c.localDescription.sdp;
  await d.setRemoteDescription(c.localDescription);
  await d.setLocalDescription();
  out.media_stopped_answer = d.localDescription.sdp;
  c.close(); d.close();
  (await exchange('max_compat', (pc) => { addAll(pc); pc.createDataChannel('x'); }, () => {},
    { bundlePolicy: 'max-compat' })).forEach((pc) => pc.close());
  (await exchange('max_bundle', (pc) => { addAll(pc); pc.createDataChannel('x'); }, () => {},
    { bundlePolicy: 'max-bundle' })).forEach((pc) => pc.close());
  (await exchange('simulcast', (pc) => {
    pc.addTransceiver(stream.getVideoTracks()[0], {
      streams: [stream],
      sendEncodings: [{ rid: 'q', scaleResolutionDownBy: 4 }, { rid: 'h', scaleResolutionDownBy: 2 }, { rid: 'f' }],
    });
  })).forEach((pc) => pc.close());
  (await exchange('recvonly', (pc) => {
    pc.addTransceiver('audio', { direction: 'recvonly' });
    pc.addTransceiver('video', { direction: 'inactive' });
  }, addAll)).forEach((pc) => pc.close());
  return out;
}

// localhost is a secure origin, where getUserMedia exists.
const server = http.createServer((_, answer) => answer.end('<!doctype html><p>')).listen(0, '127.0.0.1');
await once(server, 'listening');
for (const kind of ['chromium', 'firefox']) {
  const page = await (await browser(kind)).newPage();
  await page.goto(`http://localhost:${server.address().port}/`);
  const all = await page.evaluate(descriptions);
  for (const [name, sdp] of Object.entries(all)) {
    writeFileSync(path.join(here, `${kind}_${name}.sdp`), sdp);
    console.log(`${kind}_${name}.sdp ${sdp.length}`);
  }
  await page.close();
}
await atEnd.run();
server.close();
