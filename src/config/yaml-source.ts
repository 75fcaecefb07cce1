import { type Document, isCollection, isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { Finding } from '../model/finding.ts';
import { type ConfigSource, isAboutName, type Place, placeAt } from './source.ts';

export interface YamlFile {
  readonly source: ConfigSource;
  /** Plain data; undefined where the text is not YAML. */
  readonly tree: unknown;
  readonly findings: readonly Finding[];
}

/** Parses YAML and keeps where everything stands. A duplicate key is an error, as any other that YAML itself knows. */
export function readYaml(file: string, text: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const errors = document.errors.map(({ message, pos: [offset] }): YamlError => {
    const word = /^[\w-]+/.exec(text.slice(offset))?.[0] ?? '';
    return { message: firstLine(message), offset, length: word.length };
  });
  const findings = errors.map(
    ({ message }, at): Finding => ({
      code: 'TD1002',
      severity: 'error',
      message: `${file} is not valid YAML: ${message}`,
      path: [`yaml:${at}`],
    }),
  );
  const source: ConfigSource = {
    file,
    text,
    locate(finding) {
      const error = errors[Number(/^yaml:(\d+)$/.exec(String(finding.path?.[0]))?.[1])];
      return error === undefined ? locate(document, text, finding) : placeAt(text, error.offset, error.length);
    },
  };
  return { source, tree: errors.length > 0 ? undefined : document.toJS(), findings };
}

interface YamlError {
  readonly message: string;
  readonly offset: number;
  readonly length: number;
}

function firstLine(message: string): string {
  return message.split('\n')[0] ?? message;
}

/** Follows the path as far as the file has it; what is missing is reported at what should hold it. */
function locate(document: Document, text: string, finding: Pick<Finding, 'path' | 'found' | 'at'>): Place | null {
  let node: unknown = document.contents;
  let place: Place | null = null;
  const path = finding.path ?? [];
  for (const [index, step] of path.entries()) {
    const found = child(node, step);
    if (found === null) break;
    const last = index === path.length - 1;
    const scalar = last && isScalar(found.value) && !isAboutName(finding) ? found.value : found.key;
    place = rangePlace(text, isNode(scalar) ? scalar : found.value) ?? place;
    node = found.value;
  }
  return place;
}

interface Child {
  readonly key: unknown;
  readonly value: unknown;
}

function child(node: unknown, step: string | number): Child | null {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
    return pair === undefined ? null : { key: pair.key, value: pair.value };
  }
  if (!isCollection(node)) return null;
  const value = node.items[Number(step)];
  return value === undefined ? null : { key: value, value };
}

function rangePlace(text: string, node: unknown): Place | null {
  if (!isNode(node)) return null;
  const range = (node as Node).range;
  if (range === undefined || range === null) return null;
  const [start, end] = range;
  const written = text.slice(start, end).split('\n')[0] ?? '';
  return placeAt(text, start, written.trimEnd().length);
}
