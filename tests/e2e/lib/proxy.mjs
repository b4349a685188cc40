// A small TCP proxy in front of the server's HTTP port, so that a test can break the sockets between
// a page and a healthy server: reset them, refuse new ones, or hold the bytes back.
import net from 'node:net';

export class Proxy {
  #pairs = new Set();
  #server;
  #waiting = [];
  mode = 'pass'; // 'pass' | 'refuse' (reset new connections) | 'stall' (accept, move nothing)

  static async start(cleanup, targetPort) {
    const proxy = new Proxy();
    proxy.targetPort = targetPort;
    proxy.#server = net.createServer((client) => proxy.#accept(client));
    await new Promise((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    proxy.port = proxy.#server.address().port;
    proxy.url = `http://127.0.0.1:${proxy.port}`;
    cleanup.add(() => proxy.stop());
    return proxy;
  }

  #accept(client) {
    client.on('error', () => {});
    if (this.mode === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const server = net.connect(this.targetPort, '127.0.0.1');
    const pair = { client, server };
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    client.on('close', end);
    server.on('close', end);
    server.on('error', () => {});
    if (this.mode === 'stall') {
      client.pause();
      return;
    }
    client.pipe(server);
    server.pipe(client);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  get connections() {
    return this.#pairs.size;
  }

  /** Resets every connection there is; new ones are as `mode` says. Returns how many there were. */
  cut() {
    const count = this.#pairs.size;
    for (const { client, server } of [...this.#pairs]) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
    this.#pairs.clear();
    return count;
  }

  /** Moves no byte of the present connections any more, without closing them (half-open sockets). */
  freeze() {
    for (const { client, server } of this.#pairs) {
      client.unpipe();
      server.unpipe();
      client.pause();
      server.pause();
    }
  }

  /** Resolves when the next connection has been let through. */
  nextConnection() {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  stop() {
    this.cut();
    return new Promise((resolve) => this.#server.close(resolve));
  }
}
