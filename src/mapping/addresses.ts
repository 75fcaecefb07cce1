import { isIPv4, isIPv6 } from 'node:net';

/**
 * Network addresses as the types of PostgreSQL and MariaDB print them, from any spelling of them; null for what such a
 * type does not hold. A column that holds them as text knows many spellings of one address, a column of the type one.
 */
export const ADDRESSES: Readonly<Record<string, (text: string) => string | null>> = {
  inet: (text) => inet(text, false),
  cidr: (text) => inet(text, true),
  inet4: (text) => (isIPv4(text) ? text : null),
  inet6: (text) => (isIPv6(text) && !text.includes('%') ? printIpv6(ipv6Bytes(text), 1) : null),
  macaddr: (text) => mac(text, 6),
  macaddr8: (text) => mac(text, 8),
};

function inet(text: string, network: boolean): string | null {
  const [, address = '', mask] = /^([\da-f:.]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  const bytes = bytesOf(address);
  if (bytes === null) return null;
  const size = bytes.length * 8;
  const bits = mask === undefined ? size : Number(mask);
  if (bits > size || (network && hasHostBits(bytes, bits))) return null;
  const printed = bytes.length === 4 ? bytes.join('.') : printIpv6(bytes, 2);
  return bits === size && !network ? printed : `${printed}/${bits}`;
}

function bytesOf(address: string): readonly number[] | null {
  if (isIPv4(address)) return address.split('.').map(Number);
  return isIPv6(address) ? ipv6Bytes(address) : null;
}

function ipv6Bytes(address: string): readonly number[] {
  const wordsOf = (part: string): number[] =>
    part === ''
      ? []
      : part.split(':').flatMap((word) => {
          if (!word.includes('.')) return [Number.parseInt(word, 16)];
          const [a = 0, b = 0, c = 0, d = 0] = word.split('.').map(Number);
          return [a * 256 + b, c * 256 + d];
        });
  const [head = '', tail] = address.split('::');
  const [first, last] = [wordsOf(head), wordsOf(tail ?? '')];
  const words = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
  return words.flatMap((word) => [word >> 8, word & 255]);
}

function hasHostBits(bytes: readonly number[], bits: number): boolean {
  return bytes.some((byte, at) => {
    const hostBits = Math.min(8, Math.max(0, (at + 1) * 8 - bits));
    return (byte & ((1 << hostBits) - 1)) !== 0;
  });
}

/**
 * `::` for the first longest run of zeros, IPv4 in dots behind it. PostgreSQL begins at a run of two (inet_net_ntop),
 * MariaDB at one (sql_type_inet.cc).
 */
function printIpv6(bytes: readonly number[], shortest: 1 | 2): string {
  const words = Array.from({ length: 8 }, (_, at) => (bytes[at * 2] ?? 0) * 256 + (bytes[at * 2 + 1] ?? 0));
  let [runAt, runLength] = [-1, shortest - 1];
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (to < 8 && words[to] === 0) to += 1;
    if (to - from > runLength) [runAt, runLength] = [from, to - from];
  }
  const hex = (part: readonly number[]): string => part.map((word) => word.toString(16)).join(':');
  if (runAt < 0) return hex(words);
  if (runAt === 0 && (runLength === 6 || (runLength === 5 && words[5] === 0xff_ff))) {
    return `::${runLength === 5 ? 'ffff:' : ''}${bytes.slice(12).join('.')}`;
  }
  return `${hex(words.slice(0, runAt))}::${hex(words.slice(runAt + runLength))}`;
}

const SEPARATED = /^[\da-f]{2}([:-])(?:[\da-f]{2}\1)+[\da-f]{2}$|^[\da-f]{4}([.-])(?:[\da-f]{4}\2)+[\da-f]{4}$/i;
const PLAIN = /^[\da-f]+$/i;

function mac(text: string, bytes: number): string | null {
  if (!SEPARATED.test(text) && !PLAIN.test(text)) return null;
  const digits = text.replaceAll(/[:.-]/g, '').toLowerCase();
  return digits.length === bytes * 2 ? (digits.match(/../g)?.join(':') ?? null) : null;
}
