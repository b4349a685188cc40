// Takes a picture of every story in headless Chromium:
//   node stories/shoot.mjs DIR [--only NAME,NAME] [--desktop] [--phone] [--light] [--dark] [--en] [--ko] [--landscape]
// Needs puppeteer-core (the end-to-end tests have it) and a Chromium; CHROMIUM names another one.
// Also says when something is cut off or overlaps the edge of the window.
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildStories } from './build.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2);
const has = (name) => args.includes(name);
const only = has('--only') ? args[args.indexOf('--only') + 1].split(',') : null;
const out = resolve(args[0] && !args[0].startsWith('--') ? args[0] : join(tmpdir(), 'parley-stories'));

async function puppeteer() {
  for (const from of [here, join(here, '../../tests/e2e')]) {
    try {
      const path = createRequire(pathToFileURL(join(from, 'x.js'))).resolve('puppeteer-core');
      return (await import(pathToFileURL(path))).default;
    } catch {
      // Not there: look at the next place.
    }
  }
  throw new Error('puppeteer-core is not installed (tools/npm-ready tests/e2e)');
}

const pick = (names) => (names.some((n) => has(`--${n}`)) ? names.filter((n) => has(`--${n}`)) : names);
const sizes = { desktop: [1280, 800], phone: [390, 844], landscape: [844, 390] };
const shapes = ['desktop', 'phone', 'landscape'].some((n) => has(`--${n}`))
  ? Object.keys(sizes).filter((n) => has(`--${n}`)) : ['desktop', 'phone'];

/** What a person would call broken: sideways scrolling, or words cut at an edge. */
function faults() {
  const list = [];
  if (document.documentElement.scrollWidth > innerWidth + 1) list.push(`page is ${document.documentElement.scrollWidth} wide`);
  for (const element of document.querySelectorAll('button, p, h1, h2, b, span, dd, label')) {
    const box = element.getBoundingClientRect();
    if (box.width === 0 || element.closest('.sr, svg, .room-name, .ribbon, .nameplate, pre')) continue;
    if (box.right > innerWidth + 1 || box.left < -1) list.push(`outside: ${element.className || element.tagName} "${element.textContent.slice(0, 40)}"`);
    if (element.scrollWidth > element.clientWidth + 2 && getComputedStyle(element).overflow !== 'visible') list.push(`cut: ${element.className} "${element.textContent.slice(0, 40)}"`);
    if (element.tagName === 'BUTTON' && innerWidth < 500 && box.height > 0 && box.height < 44 && !element.closest('.stone-head, .dots, .tile-label, .tile-note')) {
      list.push(`small button ${Math.round(box.height)} px: "${element.textContent.slice(0, 30) || element.getAttribute('aria-label')}"`);
    }
  }
  return [...new Set(list)].slice(0, 6);
}

const chromium = await puppeteer();
const site = await mkdtemp(join(tmpdir(), 'parley-stories-'));
const server = createServer(async (request, response) => {
  const name = new URL(request.url, 'http://x').pathname.slice(1) || 'index.html';
  try {
    const type = name.endsWith('.css') ? 'text/css' : name.endsWith('.js') ? 'text/javascript' : 'text/html';
    response.writeHead(200, { 'content-type': type });
    response.end(await readFile(join(site, name)));
  } catch {
    response.end();
  }
});
try {
  await buildStories(site);
  await mkdir(out, { recursive: true });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const base = `http://127.0.0.1:${server.address().port}/`;
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'],
  });
  for (const shape of shapes) {
    const [width, height] = sizes[shape];
    for (const scheme of pick(['light', 'dark'])) {
      const context = await browser.createBrowserContext();
      const page = await context.newPage();
      await page.setViewport({ width, height, deviceScaleFactor: 1, hasTouch: shape !== 'desktop', isMobile: shape !== 'desktop' });
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      page.on('pageerror', (error) => console.log(`ERROR ${error.message}`));
      await page.goto(`${base}?story=lobby`);
      const names = only ?? (await page.evaluate('window.storyNames'));
      for (const name of names) {
        for (const lang of pick(['en', 'ko'])) {
          await page.goto(`${base}?story=${name}&lang=${lang}`);
          await page.waitForSelector('html[data-ready]', { timeout: 10000 }).catch(() => console.log(`never ready: ${name}`));
          await new Promise((done) => setTimeout(done, 300));
          await page.screenshot({ path: join(out, `${name}-${shape}-${scheme}-${lang}.png`) });
          for (const fault of await page.evaluate(faults)) console.log(`${name}-${shape}-${scheme}-${lang}: ${fault}`);
        }
      }
      await context.close();
    }
  }
  await browser.close();
  console.log(`pictures in ${out}`);
} finally {
  server.close();
  await rm(site, { recursive: true, force: true });
}
