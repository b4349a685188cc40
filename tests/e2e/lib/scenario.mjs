// What most tests of the page begin with: a server of their own, perhaps a proxy before it, and pages.
import assert from 'node:assert/strict';
import { CallPage } from './call_page.mjs';
import { Cleanup } from './cleanup.mjs';
import { theAuthority } from './ca.mjs';
import { Proxy } from './proxy.mjs';
import { Server } from './server.mjs';

export class Scenario {
  pages = [];

  /**
   * @param {import('node:test').TestContext} t
   * @param {{args?: string[], tls?: boolean, proxy?: boolean, fixedPorts?: boolean}} options
   *   tls: HTTPS, WSS and `turns:` under the name localhost, by the test authority
   */
  static async start(t, { args = [], tls = false, proxy = false, fixedPorts = false } = {}) {
    const self = new Scenario();
    self.cleanup = new Cleanup();
    t.after(() => self.cleanup.run());
    const all = [...args];
    if (tls) {
      const { cert, key } = theAuthority();
      all.push('--tls-cert', cert, '--tls-key', key, '--host', 'localhost');
    }
    self.server = await Server.start(self.cleanup, { args: all, fixedPorts });
    self.origin = tls ? `https://localhost:${self.server.httpPort}` : self.server.url;
    if (proxy) {
      self.proxy = await Proxy.start(self.cleanup, self.server.httpPort);
      self.origin = self.proxy.url;
    }
    return self;
  }

  async open(kind, path = '/r/quiet-blue-heron', options = {}) {
    const page = await CallPage.open(this.cleanup, kind, this.origin + path, options);
    this.pages.push(page);
    return page;
  }

  /** A healthy run leaves no policy violation, no script error, and asked nobody but our server. */
  async assertClean() {
    const host = new URL(this.origin).host;
    for (const page of this.pages) {
      assert.deepEqual(await page.violations(), [], `${page.kind}: policy violations`);
      assert.deepEqual(await page.errors(), [], `${page.kind}: script errors`);
      const elsewhere = page.requests.filter((url) => !/^(data|blob|about|moz-extension|chrome-extension):/.test(url) && new URL(url).host !== host);
      assert.deepEqual(elsewhere, [], `${page.kind}: requests to others`);
    }
  }
}
