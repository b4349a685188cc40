// Offers and answers of our negotiator, taken by real browsers, and theirs by it: first and later
// ones, ICE restarts, every bundle policy, sections stopped and used again, media that we cannot do.
// No packet flows; it is the browsers' own judgement of the text.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import readline from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { browser, missing } from '../lib/browsers.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { binary } from '../lib/server.mjs';

const tool = path.join(path.dirname(binary), 'tests/jsep_peer');
const absent = existsSync(tool) ? false : `SKIPPED: ${tool} is not built`;
after(() => atEnd.run());

/** Our side: a process that answers each line with one. */
class Ours {
  constructor(media, policy) {
    this.process = spawn(tool, [media, policy], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = readline.createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }
  async say(line) {
    this.process.stdin.write(`${line}\n`);
    const { value } = await this.lines.next();
    assert.ok(value !== undefined && !value.startsWith('error'), `${line.slice(0, 30)}: ${value}`);
    return value;
  }
  async local() {
    const said = await this.say('local');
    const space = said.indexOf(' ');
    return { type: said.slice(0, space), sdp: said.slice(space + 1).replaceAll('\\r\\n', '\r\n') };
  }
  remote({ type, sdp }) {
    return this.say(`${type} ${sdp.replaceAll('\r\n', '\\r\\n')}`);
  }
  async end() {
    this.process.stdin.end();
    if (this.process.exitCode === null) await once(this.process, 'exit');
  }
}

/** The ports of a description's sections: "audio 9, video 0". */
const sections = ({ sdp }) => [...sdp.matchAll(/^m=(\w+) (\d+)/gm)].map((m) => `${m[1]} ${m[2] === '0' ? 'no' : 'yes'}`).join(', ');

for (const kind of ['chromium', 'firefox']) {
  describe(`descriptions (${kind})`, { skip: missing(kind) || absent }, () => {
    let page;
    before(async () => {
      const server = http.createServer((_, answer) => answer.end('<!doctype html><p>')).listen(0, '127.0.0.1');
      await once(server, 'listening');
      atEnd.add(() => server.close());
      page = await (await browser(kind)).newPage();
      await page.goto(`http://localhost:${server.address().port}/`);
    });

    /** A fresh connection on both sides; `fn` gets ours and an exchange begun by either. */
    const scenario = (name, { media = 'media', policy = 'balanced', theirs = 'balanced' }, fn) => test(name, async () => {
      const ours = new Ours(media, policy);
      await page.evaluate((bundlePolicy) => {
        globalThis.pc?.close();
        globalThis.pc = new RTCPeerConnection({ bundlePolicy });
      }, theirs);
      const weOffer = async () => {
        const offer = await ours.local();
        const answer = await page.evaluate(async (description) => {
          await pc.setRemoteDescription(description);
          await pc.setLocalDescription();
          return { type: 'answer', sdp: pc.localDescription.sdp };
        }, offer);
        await ours.remote(answer);
        return answer;
      };
      const theyOffer = async () => {
        const offer = await page.evaluate(async () => {
          await pc.setLocalDescription();
          return { type: 'offer', sdp: pc.localDescription.sdp };
        });
        await ours.remote(offer);
        const answer = await ours.local();
        await page.evaluate((description) => pc.setRemoteDescription(description), answer);
        return answer;
      };
      try {
        await fn(ours, weOffer, theyOffer);
      } finally {
        await ours.end();
      }
    });

    scenario('data: our offer, a second, ICE restarts of both', { media: 'data' }, async (ours, weOffer, theyOffer) => {
      await ours.say('add data');
      assert.equal(sections(await weOffer()), 'application yes');
      await weOffer();
      await ours.say('restart');
      await weOffer();
      await page.evaluate(() => pc.restartIce());
      await theyOffer();
      assert.equal(await page.evaluate(() => pc.sctp.maxMessageSize), 262144);
    });

    scenario('data: their offer, then ours', { media: 'data' }, async (ours, weOffer, theyOffer) => {
      await page.evaluate(() => { pc.createDataChannel('x'); });
      assert.equal(sections(await theyOffer()), 'application yes');
      await weOffer();
    });

    for (const theirs of ['balanced', 'max-compat', 'max-bundle']) {
      scenario(`their media, ${theirs}, where we have none`, { media: 'data', theirs }, async (ours, weOffer, theyOffer) => {
        await page.evaluate(() => {
          pc.addTransceiver('audio');
          pc.addTransceiver('video');
          pc.createDataChannel('x');
        });
        // The first describes the bundle's transport, and is answered inactive.
        assert.equal(sections(await theyOffer()), 'audio yes, video no, application yes');
        await weOffer();
        await theyOffer();
      });
    }

    for (const policy of ['balanced', 'max-compat', 'max-bundle']) {
      scenario(`our media, ${policy}: stopped, used again, appended`, { policy }, async (ours, weOffer, theyOffer) => {
        for (const what of ['audio', 'video', 'data', 'video']) await ours.say(`add ${what}`);
        assert.equal(sections(await weOffer()), 'audio yes, video yes, video yes, application yes');
        await weOffer();
        await theyOffer();
        await ours.say('stop 0');
        assert.equal(sections(await weOffer()), 'audio no, video yes, video yes, application yes');
        await ours.say('add audio');
        await ours.say('add audio');
        assert.equal(sections(await weOffer()), 'audio yes, video yes, video yes, application yes, audio yes');
        await theyOffer();
      });
    }

    scenario('their media: stopped, and used again', {}, async (ours, weOffer, theyOffer) => {
      await page.evaluate(() => {
        pc.addTransceiver('audio');
        pc.addTransceiver('video');
        pc.createDataChannel('x');
      });
      assert.equal(sections(await theyOffer()), 'audio yes, video yes, application yes');
      await weOffer();
      await page.evaluate(() => pc.getTransceivers()[1].stop());
      assert.equal(sections(await theyOffer()), 'audio yes, video no, application yes');
      await page.evaluate(() => { pc.addTransceiver('video'); });
      assert.equal(sections(await theyOffer()), 'audio yes, video yes, application yes');
      await weOffer();
    });

    scenario('simulcast is offered', {}, async (ours, weOffer) => {
      await ours.say('add simulcast');
      assert.equal(sections(await weOffer()), 'video yes');
    });
  });
}
