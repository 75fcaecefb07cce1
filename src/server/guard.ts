import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { isLoopback } from './address.ts';

/** Lets through who knows the token. Takes the same time whether a guess is near or far. */
export function requireToken(token: string): MiddlewareHandler {
  const expected = digest(token);
  return async (context, next) => {
    const given = /^Bearer (.+)$/i.exec(context.req.header('authorization') ?? '')?.[1] ?? '';
    if (timingSafeEqual(digest(given), expected)) return next();
    return context.text('a token is needed: Authorization: Bearer ...\n', 401, { 'WWW-Authenticate': 'Bearer' });
  };
}

/** As digests, so that both are of one length. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * Without a token only this machine may ask, and a browser on it may be sent here by a page of somebody else's under a
 * name of his own (DNS rebinding): then the name is not one of loopback.
 */
export const requireLoopbackName: MiddlewareHandler = async (context, next) => {
  const host = (context.req.header('host') ?? '').replace(/:\d+$/, '').replaceAll(/^\[|\]$/g, '');
  if (isLoopback(host)) return next();
  return context.text('this server answers to names of loopback only\n', 421);
};
