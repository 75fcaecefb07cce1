import type { Located, Reference, Source } from './source.ts';

// Each rule takes all sources and returns what breaks it, one line each: where, what, and what to do about it.

const databases = 'databases/*';
const transports = 'transports/*';
const model = 'model';

/** The rooms of the pipeline, and what each may import of the others: the line, and no way back. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  'pipeline/lane': [],
  'pipeline/recognise': ['pipeline/lane'],
  'pipeline/map': ['pipeline/lane'],
  'pipeline/write': ['pipeline/lane', 'pipeline/map'],
  'pipeline/decide': ['pipeline/lane', 'pipeline/map', 'pipeline/write'],
  'pipeline/apply': ['pipeline/lane', 'pipeline/map', 'pipeline/write', 'pipeline/decide'],
};
const pipeline = Object.keys(rooms);
const upToEngine = [model, 'mapping', 'arbiter', ...pipeline, 'databases', databases, transports, 'config'];

/**
 * What each layer may import besides itself. Each room of the pipeline is a layer, `databases` is the registry
 * `databases/index.ts`, `databases/*` stands for each folder under it, `transports/*` for each folder or file under
 * transports.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  [model]: [],
  mapping: [model],
  arbiter: [model],
  ...Object.fromEntries(pipeline.map((room) => [room, [model, 'arbiter', ...(rooms[room] ?? [])]])),
  databases: [model, databases],
  [databases]: [model],
  [transports]: [model],
  config: [model, 'mapping', 'databases', 'transports/*/config'],
  engine: upToEngine,
  jobs: [...upToEngine, 'engine'],
  server: [model, 'engine', 'jobs'],
  cli: [...upToEngine, 'engine', 'jobs', 'server'],
};

/** Layers that compute and do nothing else: no packages, nothing of Node's. */
const pureLayers = new Set([model, 'arbiter', ...pipeline]);

/**
 * Where time, chance, the environment and the terminal may be touched: the edges, and the place that builds Context. A
 * driver's own pulse (keepalives, pauses of a socket) belongs to its connection and is no part of what is simulated.
 */
const edges = [
  /^src\/cli\//,
  /^src\/config\/load\.ts$/,
  /^src\/engine\/context\.ts$/,
  /^src\/databases\/postgres\/stream\.ts$/,
];

const entries = new Set(['src/index.ts', 'src/cli/main.ts']);
const functionLinesMax = 70;
const fileLinesMax = 400;
const lineWidthMax = 120;
const bannedWords = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'base', 'manager', 'abstract']);

function isTest(path: string): boolean {
  return /\.test(-d)?\.tsx?$/.test(path);
}

function isProduct(source: Source): boolean {
  return source.path.startsWith('src/') && !isTest(source.path);
}

/** The layer's key in `mayImport`, and the unit within it: two units of one layer are strangers to each other. */
function layerOf(path: string): { layer: string; unit: string } | undefined {
  const [src, folder, next, ...rest] = path.split('/');
  if (src !== 'src' || folder === undefined || next === undefined) return undefined;
  if (folder === 'databases') {
    if (rest.length === 0) return { layer: 'databases', unit: 'databases' };
    return { layer: databases, unit: `databases/${next}` };
  }
  if (folder === 'pipeline') return { layer: `pipeline/${next}`, unit: `pipeline/${next}` };
  if (folder === 'transports') return { layer: transports, unit: `transports/${next.replace(/\.ts$/, '')}` };
  return { layer: folder, unit: folder };
}

function allows(layer: string, target: string): boolean {
  const to = layerOf(target);
  if (to === undefined) return false;
  const allowed = mayImport[layer] ?? [];
  if (allowed.includes(to.layer)) return true;
  return allowed.includes('transports/*/config') && /^src\/transports\/[^/]+\/config\.ts$/.test(target);
}

export function imports(sources: readonly Source[]): string[] {
  const found: string[] = [];
  for (const source of sources.filter(isProduct)) {
    const from = layerOf(source.path);
    if (from === undefined) continue;
    if (!(from.layer in mayImport)) {
      found.push(`${source.path}:1 is in no known layer. Move it, or add the layer to the design and to this test.`);
      continue;
    }
    for (const reference of source.references) {
      const problem = importProblem(from, reference);
      if (problem !== undefined) found.push(`${source.path}:${reference.line} ${problem}`);
    }
  }
  return found;
}

function importProblem(from: { layer: string; unit: string }, { specifier, target }: Reference): string | undefined {
  if (target === undefined) {
    if (!pureLayers.has(from.layer)) return undefined;
    return `imports ${specifier}: ${from.unit} only computes. Take its outcome as an argument.`;
  }
  if (!target.startsWith('src/')) {
    return `imports ${specifier} from outside src/. What ships must not depend on what does not.`;
  }
  if (layerOf(target)?.unit === from.unit || allows(from.layer, target)) return undefined;
  const allowed = (mayImport[from.layer] ?? []).join(', ') || 'nothing else';
  return `imports ${specifier}: ${from.unit} may import ${allowed}. Move it inwards, or pass it as an argument.`;
}

export function cycles(sources: readonly Source[]): string[] {
  const graph = new Map(sources.filter(isProduct).map((source) => [source.path, source]));
  const done = new Set<string>();
  const found: string[] = [];

  function visit(path: string, trail: readonly string[]): void {
    const source = graph.get(path);
    if (source === undefined || done.has(path)) return;
    for (const { target, line } of source.references) {
      if (target === undefined) continue;
      const start = [...trail, path].indexOf(target);
      if (start === -1) visit(target, [...trail, path]);
      else {
        const circle = [...trail, path, target].slice(start).join(' -> ');
        found.push(`${path}:${line} closes a circle: ${circle}. Move what both need into a file of its own.`);
      }
    }
    done.add(path);
  }

  for (const path of graph.keys()) visit(path, []);
  return found;
}

export function reExports(sources: readonly Source[]): string[] {
  return sources.filter(isProduct).flatMap((source) => {
    if (source.path === 'src/index.ts') return [];
    const found = source.references.filter((reference) => reference.reExport);
    return found.map(
      ({ line, specifier }) => `${source.path}:${line} re-exports ${specifier}. Import it where it is needed.`,
    );
  });
}

export function functionSizes(sources: readonly Source[]): string[] {
  const kinds = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);
  return sources.filter(isProduct).flatMap((source) =>
    source.nodes.flatMap(({ node, line, lastLine }) => {
      const length = lastLine - line + 1;
      if (!kinds.has(node.type) || length <= functionLinesMax) return [];
      return [`${source.path}:${line} function of ${length} lines, at most ${functionLinesMax}. Name its parts.`];
    }),
  );
}

export function fileSizes(sources: readonly Source[]): string[] {
  return sources.filter(isProduct).flatMap((source) => {
    const length = source.text.replace(/\n$/, '').split('\n').length;
    if (length <= fileLinesMax) return [];
    return [`${source.path}:${fileLinesMax} file of ${length} lines, at most ${fileLinesMax}. Split it by subject.`];
  });
}

export function lineWidths(sources: readonly Source[]): string[] {
  return sources.flatMap((source) =>
    source.lines.flatMap((line, index) => {
      if (line.length <= lineWidthMax) return [];
      return [`${source.path}:${index + 1} line wider than ${lineWidthMax}. Break it, or run: npm run format.`];
    }),
  );
}

export function fileNames(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path }) => {
    const bad = path.split(/[/.-]/).find((word) => bannedWords.has(word));
    if (bad !== undefined) return [`${path}:1 is named "${bad}". Name it after what it is about.`];
    if (/[A-Z_ ]/.test(path)) return [`${path}:1 is not in kebab-case.`];
    return [];
  });
}

export function declaredNames(sources: readonly Source[]): string[] {
  return sources.flatMap((source) =>
    source.nodes.flatMap((located) => {
      const name = declaredName(located);
      if (name === undefined) return [];
      const remedy = nameProblem(located.node.type, name);
      return remedy === undefined ? [] : [`${source.path}:${located.line} ${name}: ${remedy}`];
    }),
  );
}

/**
 * Names of functions, classes and types. Short-lived variables are free, and `base` is a word of three-way comparison.
 */
function declaredName({ node }: Located): string | undefined {
  switch (node.type) {
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
    case 'TSInterfaceDeclaration':
    case 'TSTypeAliasDeclaration':
      return node.id?.name;
    case 'VariableDeclarator': {
      const isFunction = node.init?.type === 'ArrowFunctionExpression' || node.init?.type === 'FunctionExpression';
      return isFunction && node.id.type === 'Identifier' ? node.id.name : undefined;
    }
    default:
      return undefined;
  }
}

function nameProblem(kind: string, name: string): string | undefined {
  const words = name.split(/(?=[A-Z])|_/).map((word) => word.toLowerCase());
  const bad = words.find((word) => bannedWords.has(word));
  if (bad !== undefined) return `"${bad}" says nothing. Name it after what it does.`;
  if (kind === 'TSInterfaceDeclaration' && /^I[A-Z][a-z]/.test(name)) return 'drop the I; an interface is a type.';
  if (name.endsWith('Impl')) return 'drop the Impl; name what sets it apart from the others.';
  return undefined;
}

export function edgesOnly(sources: readonly Source[]): string[] {
  return sources.filter(isProduct).flatMap((source) => {
    if (edges.some((edge) => edge.test(source.path))) return [];
    return source.nodes.flatMap(({ node, line }) => {
      const what = worldly(node);
      if (what === undefined) return [];
      return [`${source.path}:${line} uses ${what}. Take it from Context, or do it in cli/ or config/load.ts.`];
    });
  });
}

export function exits(sources: readonly Source[]): string[] {
  return sources.filter(isProduct).flatMap((source) =>
    source.nodes.flatMap(({ node, line }) => {
      if (source.path.startsWith('src/cli/') || memberName(node) !== 'process.exit') return [];
      return [`${source.path}:${line} ends the process. Throw, and let cli/ decide.`];
    }),
  );
}

const worldlyMembers = new Set(['process.env', 'Date.now', 'performance.now', 'Math.random']);
const worldlyCalls = new Set(['setTimeout', 'setInterval']);
const worldlyModules = new Set(['node:process', 'node:timers', 'node:timers/promises', 'node:console']);

/** What a node takes from the world around: time, chance, the environment, the terminal. */
function worldly(node: Located['node']): string | undefined {
  const member = memberName(node);
  if (member !== undefined && worldlyMembers.has(member)) return member;
  if (member?.startsWith('console.') === true) return member;
  if (node.type === 'CallExpression' && node.callee.type === 'Identifier' && worldlyCalls.has(node.callee.name)) {
    return node.callee.name;
  }
  if (node.type === 'NewExpression' && node.callee.type === 'Identifier') {
    if (node.callee.name === 'Date' && node.arguments.length === 0) return 'new Date()';
  }
  if (node.type === 'ImportDeclaration' && worldlyModules.has(node.source.value)) return node.source.value;
  return undefined;
}

/** `object.property` of a plain member expression, also behind `globalThis`. */
function memberName(node: Located['node']): string | undefined {
  if (node.type !== 'MemberExpression') return undefined;
  const object = node.object.type === 'Identifier' ? node.object.name : memberName(node.object);
  const property = node.property.type === 'Identifier' && !node.computed ? node.property.name : undefined;
  if (object === undefined || property === undefined) return undefined;
  return `${object}.${property}`.replace(/^globalThis\./, '');
}

export function deadFiles(sources: readonly Source[]): string[] {
  const used = new Set<string>();
  for (const source of sources) {
    for (const { target } of source.references) {
      const ownTest = source.path.replace(/(\.[\w-]+)*\.test(-d)?\.ts$/, '.ts') === target && isTest(source.path);
      if (target !== undefined && !ownTest) used.add(target);
    }
  }
  return sources.filter(isProduct).flatMap(({ path }) => {
    if (entries.has(path) || used.has(path)) return [];
    return [`${path}:1 is imported by nothing but its own test. Use it or delete it.`];
  });
}
