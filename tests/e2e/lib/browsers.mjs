// Real browsers: Debian's Chromium over the DevTools protocol and stock Firefox ESR over WebDriver
// BiDi, both through puppeteer-core. One process of each is started when first asked for and reused by
// every test of the file in a fresh context (own cookies, storage and permissions).
//
// Both get a fake camera and microphone without asking. What differs, and why:
//  - Firefox talks to STUN and TURN on loopback only with media.peerconnection.ice.loopback, and to
//    `turns:` only with a certificate it trusts: the test CA goes into its profile's cert9.db.
//  - Chromium ignores certificate errors.
//  - Both resolve parley.test to 127.0.0.1, which is an insecure origin on plain HTTP (localhost is
//    not): there getUserMedia does not exist.
import { existsSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import puppeteer from 'puppeteer-core';
import { theAuthority } from './ca.mjs';
import { atEnd } from './cleanup.mjs';
import { run } from './process.mjs';
import { patience } from './wait.mjs';

const firstThere = (...candidates) => candidates.find((file) => file && existsSync(file));

export const executables = {
  chromium: firstThere(process.env.PARLEY_E2E_CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'),
  firefox: firstThere(process.env.PARLEY_E2E_FIREFOX, '/usr/bin/firefox-esr', '/usr/bin/firefox'),
};

const started = new Map();

const loopbackOnly = Object.values(os.networkInterfaces()).flat().every((address) => address.internal);

const chromiumArgs = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--disable-background-timer-throttling', '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
  '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required', '--ignore-certificate-errors',
  '--host-resolver-rules=MAP parley.test 127.0.0.1',
  // As a user's browser would, Chromium leaves loopback out; on a machine with nothing else (a
  // container without network) it needs it.
  ...(loopbackOnly ? ['--allow-loopback-in-peer-connection'] : []),
];

const firefoxPrefs = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.autoplay.default': 0,
  'media.autoplay.blocking_policy': 0,
  'media.getusermedia.insecure.enabled': false,
  'media.gmp-manager.updateEnabled': false,
  'media.gmp-provider.enabled': false,
  'network.dns.localDomains': 'parley.test',
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'network.proxy.type': 0,
  'dom.min_background_timeout_value': 4,
  'dom.timeout.enable_budget_timer_throttling': false,
  'dom.ipc.processCount': 2,
  'dom.ipc.processPrelaunch.enabled': false,
  'browser.safebrowsing.downloads.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.download.folderList': 2,
  'browser.download.useDownloadDir': true,
  'browser.download.always_ask_before_handling_new_types': false,
  'browser.download.alwaysOpenPanel': false,
  'intl.accept_languages': 'en-US, en',
  'extensions.systemAddon.update.enabled': false,
  'app.normandy.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
};

async function startChromium(extra) {
  const profile = atEnd.tempDir('chromium');
  return puppeteer.launch({
    browser: 'chrome', executablePath: executables.chromium, headless: true,
    userDataDir: profile, protocolTimeout: 120_000 * patience,
    args: [...chromiumArgs, ...(extra.args ?? [])],
  });
}

async function startFirefox(extra) {
  const profile = atEnd.tempDir('firefox');
  const downloads = path.join(profile, 'downloads');
  mkdirSync(downloads);
  run('certutil', ['-N', '-d', `sql:${profile}`, '--empty-password']);
  run('certutil', ['-A', '-n', 'Parley test CA', '-t', 'C,,', '-i', theAuthority().ca, '-d', `sql:${profile}`]);
  const browser = await puppeteer.launch({
    browser: 'firefox', protocol: 'webDriverBiDi', executablePath: executables.firefox, headless: true,
    userDataDir: profile, protocolTimeout: 120_000 * patience,
    extraPrefsFirefox: { ...firefoxPrefs, 'browser.download.dir': downloads, ...(extra.prefs ?? {}) },
    args: extra.args ?? [],
  });
  browser.parleyDownloads = downloads;
  return browser;
}

/**
 * The running browser of that kind, started at need.
 * @param {'chromium'|'firefox'} kind
 * @param {{key?: string, args?: string[], prefs?: object}} extra a different `key` is another process
 */
export function browser(kind, extra = {}) {
  const key = `${kind}/${extra.key ?? ''}`;
  if (!started.has(key)) {
    started.set(key, (async () => {
      const running = await (kind === 'chromium' ? startChromium(extra) : startFirefox(extra));
      running.parleyKind = kind;
      atEnd.add(async () => {
        const child = running.process();
        const gone = new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve()));
        const insist = setTimeout(() => child.kill('SIGKILL'), 10_000);
        await running.close().catch(() => {});
        await gone;
        clearTimeout(insist);
      });
      return running;
    })());
  }
  return started.get(key);
}

/**
 * For node:test's `skip`: false when all kinds are installed, else a reason, which is also printed
 * aloud once: a missing browser never passes silently.
 */
export function missing(...kinds) {
  const absent = [...new Set(kinds)].filter((kind) => !executables[kind]);
  if (absent.length === 0) return false;
  return `SKIPPED: ${absent.join(' and ')} not installed`;
}
