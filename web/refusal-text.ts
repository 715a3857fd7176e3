import type { ProblemFields } from '../client/src/index.ts';
import { locale } from './texts/locale.ts';
import { texts } from './texts/texts.ts';

/** A refusal in the words of the catalogue. The server's own words, which are English, stand in where it has none. */
export function refusalText({
  code = 'INTERNAL',
  detail,
}: { [Key in 'code' | 'detail']?: ProblemFields[Key] | undefined }): string {
  const own: string | undefined = (texts.refusals as { [code: string]: string })[code];
  return own ?? (locale.startsWith('en') ? detail : undefined) ?? texts.pages.refused(code);
}
