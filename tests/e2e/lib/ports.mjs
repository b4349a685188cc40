// Free ports. The server takes its own with port 0; only what must be known beforehand (a restart on
// the same ports, a proxy in front, coturn) asks here.
import dgram from 'node:dgram';
import net from 'node:net';

function tryTcp(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(0));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const taken = server.address().port;
      server.close(() => resolve(taken));
    });
  });
}

function tryUdp(port) {
  return new Promise((resolve) => {
    const socket = dgram.createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => socket.close(() => resolve(true)));
  });
}

/** A port free for both TCP and UDP on loopback just now. */
export async function freePort() {
  for (let attempt = 0; attempt < 50; ++attempt) {
    const port = await tryTcp(0);
    if (port && (await tryUdp(port))) return port;
  }
  throw new Error('no free port found');
}

export async function freePorts(count) {
  const ports = new Set();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
