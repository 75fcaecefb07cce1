import type { Side } from '../../model/policy.ts';
import type { DatabaseUrl } from './database-url.ts';

/** What the generated files call things: people read these names from then on, so they come from the databases. */
export interface Names {
  /** Names slot and publication as well. */
  readonly sync: string;
  readonly labels: Readonly<Record<Side, string>>;
}

/** Names that TypeScript or the generated configuration uses for something else. */
const taken = new Set(
  (
    'break case catch class const continue debugger default delete do else enum export extends false finally for ' +
    'function if implements import in instanceof interface let new null package private protected public return ' +
    'static super switch this throw true try typeof undefined var void while with yield await ' +
    'defineConfig link env file via skip postgres mysql mariadb newestWins sideWins custom codec titleCase ' +
    'perColumn delta park byColumns ' +
    'upperCase trim enumMap nullAs epoch flip'
  ).split(' '),
);

export function chooseNames(urls: Readonly<Record<Side, DatabaseUrl>>, sync: string | undefined): Names {
  const [left, right] = [urls.left.database, urls.right.database];
  const speaking = left !== right && isLabel(left) && isLabel(right);
  return {
    sync: sync ?? nameOf(left === right ? left : `${left}_${right}`),
    labels: speaking ? { left, right } : { left: 'left', right: 'right' },
  };
}

function isLabel(name: string): boolean {
  return /^[a-z][a-z0-9_]*$/i.test(name) && !taken.has(name);
}

/** A letter, then letters, digits and underscores, 40 characters at most. */
function nameOf(text: string): string {
  const name = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^[^a-z]+|_+$/g, '')
    .slice(0, 40);
  return name === '' ? 'sync' : name;
}
