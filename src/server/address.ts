import { TandemError } from '../model/error.ts';

/** Where the server listens when nothing else is said. */
export const DEFAULT_LISTEN = '127.0.0.1:7070';

export interface Address {
  readonly host: string;
  /** 0 = any that is free. */
  readonly port: number;
}

/** Throws TD1051 for what is no address, TD1050 where a token is needed and missing. */
export function parseAddress(listen: string, token: string | undefined): Address {
  const [, bracketed, plain, port] = /^(?:\[([\da-f:.]+)\]|([^:\s]+)):(\d{1,5})$/i.exec(listen) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > 65_535) {
    throw new TandemError('TD1051', 'the address of the HTTP server cannot be read', {
      expected: 'host:port, such as 127.0.0.1:7070 or [::1]:7070',
      found: listen,
    });
  }
  if (!isLoopback(host) && token === undefined) {
    throw new TandemError('TD1050', 'the HTTP server would answer everybody who can reach this machine', {
      expected: 'a token, or an address of loopback',
      found: `listen: ${listen}, and no token`,
      fix: "server: { listen: '...', token: env('TANDEM_TOKEN') }",
    });
  }
  return { host, port: Number(port) };
}

/** Can only this machine reach it? */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
