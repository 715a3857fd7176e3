import { z } from 'zod';
import { contrastOf } from './contrast.ts';
import { isPlainHost } from './gate.ts';
import { MAX_ADDRESS_LENGTH, MAX_LOOK_TEXT, MAX_LOOK_TEXTS, MAX_LOOK_TITLE } from './limits.ts';
import { paragraphs, text } from './text.ts';

/** The languages of the pages: the folders of web/texts. */
export const PAGE_LANGUAGES = ['en', 'de'] as const;

/** The least contrast of text: level AA of WCAG 2.2, success criterion 1.4.3. */
const MIN_CONTRAST = 4.5;

/** Characters of a language tag: BCP 47 advises room for 35. */
const MAX_TAG_LENGTH = 35;

const color = z
  .string()
  .regex(/^#[\da-f]{6}$/i, 'a colour such as #1a2b3c')
  .overwrite((value) => value.toLowerCase());

/** A contrast for a refusal, rounded down: 4.49 is not 4.5. */
const shown = (contrast: number): string => (Math.floor(100 * contrast) / 100).toFixed(2);

const colors = z
  .strictObject({
    background: color.meta({ description: 'Of the page.' }),
    text: color.meta({ description: 'On the background.' }),
    accent: color.meta({ description: 'Of buttons and of the progress; of the whole page at the visitor’s turn.' }),
    accentText: color.meta({ description: 'On the accent.' }),
  })
  .check(({ value, issues }) => {
    const pairs = [
      ['text', 'background'],
      ['accentText', 'accent'],
    ] as const;
    for (const [front, back] of pairs) {
      const contrast = contrastOf(value[front], value[back]);
      if (!(contrast < MIN_CONTRAST)) continue; // no number where one of them is no colour: that is refused already
      const message = `has a contrast of ${shown(contrast)} with ${back}; it must be at least ${MIN_CONTRAST}`;
      issues.push({ code: 'custom', path: [front], message, input: value[front] });
    }
  });

/**
 * Whether a text is the address of a picture on a site as rooms name it. Its origin becomes part of the page's content
 * policy.
 */
function isPicture(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password } = new URL(value);
  return /^https?:$/.test(protocol) && isPlainHost(hostname) && username === '' && password === '';
}

/** Whether a tag is well-formed (BCP 47) and in its canonical form: a language has one text. */
function isCanonicalTag(tag: string): boolean {
  try {
    return tag.length <= MAX_TAG_LENGTH && Intl.getCanonicalLocales(tag)[0] === tag;
  } catch {
    return false;
  }
}

/** Texts by language. The tags are checked here: zod names the problem of a key by no words. */
const texts = z.record(z.string(), paragraphs(MAX_LOOK_TEXT)).check(({ value, issues }) => {
  const tags = Object.keys(value);
  const refuse = (path: string[], message: string) => issues.push({ code: 'custom', path, message, input: value });
  if (tags.length === 0) refuse([], 'at least one text');
  if (tags.length > MAX_LOOK_TEXTS) refuse([], `at most ${MAX_LOOK_TEXTS} texts`);
  for (const tag of tags)
    if (!isCanonicalTag(tag)) refuse([tag], 'its name must be a language tag in the usual form, such as de or pt-BR');
});

const isRepeated = (values: readonly string[]): boolean => new Set(values).size < values.length;

const lookFields = z.strictObject({
  title: text(MAX_LOOK_TITLE).optional().meta({ description: 'The name of the site, in place of Frontrow’s.' }),
  logo: z
    .string()
    .max(MAX_ADDRESS_LENGTH)
    .refine(isPicture, 'the address of a picture, such as https://shop.example/logo.svg')
    .optional()
    .meta({ description: 'A picture on one of the room’s `sites`. `title` is its text.' }),
  colors: colors.optional().meta({ description: 'Of the page, by day and by night. Each text has a contrast of 4.5.' }),
  languages: z
    .array(z.enum(PAGE_LANGUAGES))
    .min(1)
    .max(PAGE_LANGUAGES.length)
    .refine((tags) => !isRepeated(tags), 'each language once')
    .optional()
    .meta({ description: 'The languages of the site; the first is that of other visitors. Default: all.' }),
  text: texts
    .optional()
    .meta({ description: 'The site’s own text by language tag. An empty line begins a paragraph.' }),
});

/** The waiting page in the name of a site. The store adds one rule: the logo lies on a site of the room. */
export const look = lookFields
  .check(({ value, issues }) => {
    if (value.logo !== undefined && value.title === undefined)
      issues.push({ code: 'custom', path: ['title'], message: 'a logo needs it as its text', input: undefined });
  })
  .meta({ id: 'WaitingRoomLook' });

export type Look = z.infer<typeof look>;
