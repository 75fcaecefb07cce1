const passwordInUrl = /([a-z][a-z0-9+.-]*:\/\/[^\s:/@"]*):[^\s"]*@/gi;
const passwordInQuery = /([?&](?:password|passwd|pwd|sslpassword)=)[^&\s"]+/gi;

/**
 * The text without the passwords of URLs. Everything that a command writes passes through here, because a driver's
 * message may quote the URL it was given. Greedy up to the last `@`, because people forget to encode theirs.
 */
export function redact(text: string): string {
  if (!text.includes('://')) return text;
  return text.replace(passwordInUrl, '$1:***@').replace(passwordInQuery, '$1***');
}
