// Rules of style that no linter here knows. Lines have at most 120 columns, comments and strings included. No sentence begins
// with "Who", "Whoever", "Whose" or "What" unless it asks. Links and paths in Markdown lead to a file. Prints each place that
// breaks one, and exits with 1 where there is one.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const MAX_COLUMNS = 120;

/** Files whose lines are read one by one. Markdown wraps by itself; migrations that were applied must not change. */
const CODE = /\.(ts|tsx|mjs|js|lua|css|prisma|sh)$|^\.ci\/run$|^Dockerfile$/;
const PROSE = /\.(ts|tsx|mjs|js|lua|css|prisma|md|yml|yaml|html)$|^\.env\.example$|^Dockerfile$/;

/** The beginning of a sentence: of a line, after its comment mark or quote, or after the end of the sentence before. */
const BEGINNING = /(?:^|[.!:;] |[>"'`(|] ?)(?:\s|\*|\/|#|-|\||>)*\b(Who|Whoever|Whose|What)(?=[ ,][a-z])/gm;
const END = /[.!?](?=[\s"'`<)*_|]|$)|\n\s*(?:\*|\/\/|--|#)?\s*\n/;

/** A link of Markdown, and a path of this repository in backticks. */
const LINK = /\]\((?!https?:|#)([^)#\s]+)(?:#[^)\s]*)?\)/g;
const PATH = /`((?:api|workers|shared|commands|local|lua|web|prisma|loadtest|ops|scripts|tests|docs)\/[\w./-]+\.\w+)`/g;

const root = join(import.meta.dirname, '..');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => !file.startsWith('scripts/style.mjs'));

const places = files.flatMap((file) => {
  if (!CODE.test(file) && !PROSE.test(file)) return [];
  const text = readFileSync(join(root, file), 'utf8');
  return [
    ...(CODE.test(file) ? wideLines(text) : []),
    ...(PROSE.test(file) ? oddBeginnings(text) : []),
    ...(/\.md$/.test(file) && file !== 'CHANGELOG.md' ? deadLinks(text, file) : []),
  ].map(({ line, fault }) => `${file}:${line}  ${fault}`);
});
for (const place of places) console.error(place);
process.exit(places.length === 0 ? 0 : 1);

function wideLines(text) {
  return text.split('\n').flatMap((content, i) => {
    const columns = [...content].length;
    return columns > MAX_COLUMNS ? [{ line: i + 1, fault: `${columns} columns; at most ${MAX_COLUMNS}` }] : [];
  });
}

function oddBeginnings(text) {
  return [...text.matchAll(BEGINNING)].flatMap((match) => {
    const at = match.index + match[0].length - match[1].length;
    const sentence = text.slice(at).split(END, 1)[0];
    if (text[at + sentence.length] === '?') return [];
    const line = text.slice(0, at).split('\n').length;
    return [{ line, fault: `begins with "${match[1]}" and is no question: ${sentence.slice(0, 60).split('\n')[0]}` }];
  });
}

function deadLinks(text, file) {
  const links = [...text.matchAll(LINK)].map((match) => ({ match, path: join(dirname(file), match[1]) }));
  const paths = [...text.matchAll(PATH)].map((match) => ({ match, path: match[1] }));
  return [...links, ...paths].flatMap(({ match, path }) => {
    if (existsSync(join(root, path))) return [];
    return [{ line: text.slice(0, match.index).split('\n').length, fault: `${match[1]} does not exist` }];
  });
}
