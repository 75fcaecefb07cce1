import type { Finding } from '../model/finding.ts';

/** Where in a file something is said. Lines and columns count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** A configuration file as it was read, and the way from a path in the tree to a place in its text. */
export interface ConfigSource {
  /** As messages show it: relative to the folder where the command runs. */
  readonly file: string;
  readonly text: string;
  locate(finding: Pick<Finding, 'path' | 'found' | 'at'>): Place | null;
}

export function placeAt(text: string, offset: number, length: number): Place {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - lineStart + 1, length: Math.max(1, length) };
}

/** Is the finding about the name of a property rather than about its value? */
export function isAboutName(finding: Pick<Finding, 'path' | 'found' | 'at'>): boolean {
  const last = finding.path?.at(-1);
  return last !== undefined && finding.found === String(last) && finding.at?.['side'] !== 'right';
}

/**
 * A TypeScript or JavaScript file, searched for one property name after the other. Without a parser this can miss
 * (names made by code); then the nearest enclosing property that is found stands for it.
 */
export function codeSource(file: string, text: string): ConfigSource {
  return {
    file,
    text,
    locate(finding) {
      let place: Place | null = null;
      let at = 0;
      for (const [index, name] of (finding.path ?? []).entries()) {
        const found = findProperty(text, String(name), at);
        if (found === null) continue;
        at = found.end;
        const last = index === (finding.path?.length ?? 0) - 1;
        place = (last && !isAboutName(finding) ? placeOfValue(text, at, finding.found) : null) ?? found.place;
      }
      return place;
    },
  };
}

function findProperty(
  text: string,
  name: string,
  from: number,
): { readonly place: Place; readonly end: number } | null {
  const escaped = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(`(?<![\\w$.'"])(['"]?)${escaped}\\1\\s*:`, 'g');
  pattern.lastIndex = from;
  const match = pattern.exec(text);
  if (match === null) return null;
  const quotes = (match[1] ?? '').length;
  return { place: placeAt(text, match.index, name.length + 2 * quotes), end: match.index + match[0].length };
}

/** The wrong value itself, where it is written as a string on the same line. */
function placeOfValue(text: string, from: number, found: string | undefined): Place | null {
  if (found === undefined || found === '') return null;
  const lineEnd = text.indexOf('\n', from);
  const line = text.slice(from, lineEnd < 0 ? text.length : lineEnd);
  const at = [`'${found}'`, `"${found}"`].map((quoted) => line.indexOf(quoted)).find((index) => index >= 0);
  return at === undefined ? null : placeAt(text, from + at, found.length + 2);
}
