import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Below the range from which systems draw the local ports of outgoing connections: a server that is stopped and
// started again must find its port still free.
const firstPort = 17_000;
const lastPort = 31_999;
const attemptsMax = 200;

const handedOut = new Set<number>();

/** Finds a TCP port on 127.0.0.1 that nobody listens on, and never the same one twice. Throws when there is none. */
export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const port = randomInt(firstPort, lastPort + 1);
    if (handedOut.has(port) || !(await canListen(port))) continue;
    handedOut.add(port);
    return port;
  }
  throw new Error(`no free port between ${firstPort} and ${lastPort} after ${attemptsMax} attempts`);
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
