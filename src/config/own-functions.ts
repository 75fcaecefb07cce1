import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as codecs from '../mapping/codecs.ts';
import * as dateCodecs from '../mapping/date-codecs.ts';
import * as policies from '../mapping/policies.ts';
import * as shapeCodecs from '../mapping/shape-codecs.ts';
import * as tables from '../mapping/tables.ts';
import * as typed from '../mapping/typed.ts';
import * as zoneCodec from '../mapping/zone-codec.ts';
import { TandemError } from '../model/error.ts';

/**
 * Loads a TypeScript or JavaScript module of the user's. What it imports from `tandem-sync` is this very program's, so
 * that a configuration works wherever the program runs, and errors that a codec throws are recognised.
 */
export async function loadModule(file: string): Promise<Readonly<Record<string, unknown>>> {
  const { createJiti } = await import('jiti');
  const jiti = createJiti(pathToFileURL(file).href, {
    moduleCache: false,
    // What a module exports is what it exports; nothing stands in for a missing default.
    interopDefault: false,
    virtualModules: {
      'tandem-sync': {
        ...codecs,
        ...dateCodecs,
        ...shapeCodecs,
        ...zoneCodec,
        ...policies,
        ...tables,
        ...typed,
        TandemError,
      },
    },
  });
  return await jiti.import(file);
}

/** What `./codecs.ts#cents` refers to. */
export async function loadReference(reference: string, folder: string): Promise<unknown> {
  const [file = '', name = ''] = reference.split('#');
  const module = await loadModule(isAbsolute(file) ? file : resolve(folder, file));
  if (name in module) return module[name];
  throw new TandemError('TD1002', `${file} exports no '${name}'`, { found: Object.keys(module).join(', ') });
}

const REFERENCE = /^\.{0,2}\/.+#\w+$/;

/** All references to the user's own functions within a tree. */
export function referencesIn(tree: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value === 'string' && REFERENCE.test(value)) found.add(value);
    else if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) visit(inner);
  };
  visit(tree);
  return found;
}
