import { enumMap, flip, titleCase, upperCase } from './codecs.ts';
import type { DeclaredCodec } from './declaration.ts';

/** A built-in codec that turns one set of values into the other, both ways, or null where none does. */
export function suggestCodec(left: readonly string[], right: readonly string[]): DeclaredCodec | null {
  if (left.length !== right.length) return null;
  const simple = [titleCase(), upperCase(), flip(titleCase()), flip(upperCase())];
  const exact = simple.find((codec) => left.every((value) => maps(codec, value, right)));
  if (exact !== undefined) return exact;
  const table: Record<string, string> = {};
  for (const value of left) {
    const counterpart = right.find((candidate) => letters(candidate) === letters(value));
    if (counterpart === undefined) return null;
    table[value] = counterpart;
  }
  if (new Set(Object.values(table)).size !== left.length) return null;
  return enumMap(table) as unknown as DeclaredCodec;
}

function maps(codec: DeclaredCodec, value: string, right: readonly string[]): boolean {
  const mapped = codec.toRight(value);
  return typeof mapped === 'string' && right.includes(mapped) && codec.toLeft(mapped) === value;
}

function letters(text: string): string {
  return text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');
}
