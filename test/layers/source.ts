import { readdirSync, readFileSync } from 'node:fs';
import { posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Node, parseSync, visitorKeys } from 'oxc-parser';

/** A reference from one file to another, or to a package. */
export interface Reference {
  readonly line: number;
  /** As written: `./x.ts`, `node:fs`, `pg`. */
  readonly specifier: string;
  /** Path of the file from the top of the repository; undefined for a package. */
  readonly target: string | undefined;
  readonly reExport: boolean;
}

/** One parsed source file. */
export interface Source {
  /** From the top of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly references: readonly Reference[];
  readonly nodes: readonly Located[];
}

export interface Located {
  readonly node: Node;
  readonly line: number;
  readonly lastLine: number;
}

const top = fileURLToPath(new URL('../..', import.meta.url));

/** Parses every TypeScript file under the folders, from the top of the repository. */
export function readSources(folders: readonly string[]): Source[] {
  const sources: Source[] = [];
  for (const folder of folders) {
    for (const entry of listFiles(`${top}${folder}`)) {
      sources.push(parseSource(relative(top, entry).replaceAll('\\', '/'), readFileSync(entry, 'utf8')));
    }
  }
  return sources;
}

function listFiles(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
    const files = entries.filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name));
    return files.map((entry) => `${entry.parentPath}/${entry.name}`).toSorted();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Parses one file. Throws when it is not TypeScript. */
export function parseSource(path: string, text: string): Source {
  const { program, errors } = parseSync(path, text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${path}: ${error.message}`);
  const lineAt = lineFinder(text);
  const nodes: Located[] = [];
  collect(program, (node) => nodes.push({ node, line: lineAt(node.start), lastLine: lineAt(node.end) }));
  const references = nodes.flatMap((located) => referenceOf(path, located));
  return { path, text, lines: text.split('\n'), references, nodes };
}

function collect(node: Node, visit: (node: Node) => void): void {
  visit(node);
  const fields = node as unknown as Record<string, Node | (Node | null)[] | null | undefined>;
  for (const key of visitorKeys[node.type] ?? []) {
    const value = fields[key];
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child !== null && child !== undefined) collect(child, visit);
    }
  }
}

function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

function referenceOf(path: string, { node, line }: Located): Reference[] {
  const specifier = specifierOf(node);
  if (specifier === undefined) return [];
  const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined;
  const reExport = node.type === 'ExportAllDeclaration' || node.type === 'ExportNamedDeclaration';
  return [{ line, specifier, target, reExport }];
}

/** Imports of every kind, types included, and `new URL('./file.ts', import.meta.url)`, which names a program to run. */
function specifierOf(node: Node): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
      return node.source.value;
    case 'ExportNamedDeclaration':
      return node.source?.value;
    case 'ImportExpression':
    case 'TSImportType':
      return node.source.type === 'Literal' && typeof node.source.value === 'string' ? node.source.value : undefined;
    case 'NewExpression': {
      const [first] = node.arguments;
      const isUrl = node.callee.type === 'Identifier' && node.callee.name === 'URL';
      if (!isUrl || first?.type !== 'Literal' || typeof first.value !== 'string') return undefined;
      return /^\.\.?\/.*\.tsx?$/.test(first.value) ? first.value : undefined;
    }
    default:
      return undefined;
  }
}
