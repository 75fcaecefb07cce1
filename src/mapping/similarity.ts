import { editDistance } from './closest.ts';

/** Words that people use for the same thing; the first of a line stands for all. */
const SYNONYMS: readonly (readonly string[])[] = [
  ['phone', 'mobile', 'telephone', 'tel', 'cell'],
  ['email', 'mail'],
  ['content', 'body', 'text'],
  ['title', 'headline', 'subject'],
  ['created', 'inserted', 'added', 'registered'],
  ['updated', 'modified', 'changed'],
  ['author', 'writer', 'owner'],
  ['member', 'user', 'account'],
  ['order', 'purchase'],
  ['customer', 'client'],
  ['state', 'status'],
  ['description', 'desc'],
  ['quantity', 'qty', 'amount'],
];

const STANDS_FOR = new Map(SYNONYMS.flatMap((line) => line.map((word) => [word, line[0] ?? word])));

/** A name's words: `viewCount` and `view_counts` are both view, count. */
export function wordsOf(name: string): readonly string[] {
  const words = name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== '');
  return words.map(singular);
}

function meaning(word: string): string {
  return STANDS_FOR.get(word) ?? word;
}

function singular(word: string): string {
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  return word.length > 3 && /[^s]s$/.test(word) && !word.endsWith('us') ? word.slice(0, -1) : word;
}

/**
 * 0 to 1: shared words (Dice), or shared letters where words are written together. Words of the context may be left
 * out: `post_title` of a table of posts is its title.
 */
export function nameSimilarity(a: string, b: string, context: readonly string[] = []): number {
  const [left, right] = [wordsOf(a), wordsOf(b)];
  const telling = (words: readonly string[]): readonly string[] => words.filter((word) => !context.includes(word));
  return Math.max(wordSimilarity(left, right), wordSimilarity(telling(left), telling(right)));
}

function wordSimilarity(left: readonly string[], right: readonly string[]): number {
  if (left.length === 0 || right.length === 0) return 0;
  const meanings = right.map(meaning);
  const shared = left.filter((word) => meanings.includes(meaning(word))).length;
  const [lettersLeft, lettersRight] = [left.join(''), right.join('')];
  const letters = 1 - editDistance(lettersLeft, lettersRight) / Math.max(lettersLeft.length, lettersRight.length);
  return Math.max((2 * shared) / (left.length + right.length), letters < LETTERS_MIN ? 0 : letters);
}

/** Below this, letters agree by chance. */
const LETTERS_MIN = 0.7;
