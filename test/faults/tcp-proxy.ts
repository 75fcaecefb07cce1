import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type Direction = 'toServer' | 'toClient';

/** A way to a server on which things go wrong when they are told to. */
export interface TcpProxy extends AsyncDisposable {
  /** The address of the same server, through here. */
  url(address: string): string;
  /** Connections that stand open now. */
  readonly open: number;
  /** Connections that were made so far. */
  readonly made: number;
  /** Resets every connection. */
  cut(): void;
  /** Resets each connection that stands now once so many more bytes have gone that way. */
  cutAfter(bytes: number, direction: Direction): void;
  /**
   * The next connection that sends `text` gets it through, and is reset when the server answers: the client never
   * learns the answer. Resolves when that has happened.
   */
  loseReplyTo(text: string): Promise<void>;
  /** Holds back what comes, in both directions, by so many milliseconds. */
  delay(ms: number): void;
  /** Leads new connections to another server, and resets those that stand. */
  redirect(port: number): void;
  /** Nothing goes through the connections that stand now any more, and nobody is told. */
  freeze(): void;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  frozen: boolean;
  losesReply: (() => void) | null;
  readonly bytesLeft: Record<Direction, number>;
}

export async function openProxy(firstPort: number): Promise<TcpProxy> {
  let port = firstPort;
  const links = new Set<Link>();
  let made = 0;
  let delayMs = 0;
  let wanted: { readonly text: Buffer; readonly done: () => void } | null = null;

  const reset = (link: Link): void => {
    links.delete(link);
    link.client.resetAndDestroy();
    link.server.resetAndDestroy();
  };

  const forward = (link: Link, chunk: Buffer, direction: Direction): void => {
    if (link.frozen || !links.has(link)) return;
    if (direction === 'toClient' && link.losesReply !== null) {
      link.losesReply();
      return reset(link);
    }
    if (direction === 'toServer' && wanted !== null && chunk.includes(wanted.text)) {
      link.losesReply = wanted.done;
      wanted = null;
    }
    const left = link.bytesLeft[direction];
    link.bytesLeft[direction] -= chunk.length;
    const to = direction === 'toServer' ? link.server : link.client;
    if (chunk.length <= left) return void to.write(chunk);
    to.write(chunk.subarray(0, left), () => reset(link));
  };

  const proxy = createServer((client) => {
    made += 1;
    const bytesLeft = { toServer: Infinity, toClient: Infinity };
    const server = connect(port, '127.0.0.1');
    const link: Link = { client, server, frozen: false, losesReply: null, bytesLeft };
    links.add(link);
    for (const [socket, direction] of [[client, 'toServer'] as const, [server, 'toClient'] as const]) {
      socket.on('data', (chunk: Buffer) => {
        if (delayMs === 0) forward(link, chunk, direction);
        else setTimeout(() => forward(link, chunk, direction), delayMs);
      });
      // A frozen connection tells neither end that the other has gone.
      socket.on('close', () => link.frozen || reset(link));
      socket.on('error', () => undefined);
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const own = (proxy.address() as AddressInfo).port;

  return {
    url: (address) => Object.assign(new URL(address), { port: String(own), hostname: '127.0.0.1' }).href,
    get open() {
      return links.size;
    },
    get made() {
      return made;
    },
    cut() {
      for (const link of links) reset(link);
    },
    cutAfter(bytes, direction) {
      for (const link of links) link.bytesLeft[direction] = bytes;
    },
    loseReplyTo: (text) =>
      new Promise((resolve) => {
        wanted = { text: Buffer.from(text), done: resolve };
      }),
    delay(ms) {
      delayMs = ms;
    },
    redirect(other) {
      port = other;
      for (const link of links) reset(link);
    },
    freeze() {
      for (const link of links) link.frozen = true;
    },
    async [Symbol.asyncDispose]() {
      for (const link of links) reset(link);
      proxy.close();
      await once(proxy, 'close');
    },
  };
}
