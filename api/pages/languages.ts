/**
 * The offered language that suits a visitor best: RFC 4647, section 3.4 (lookup). A visitor of `de` is also served by
 * `de-AT`, where no `de` is offered.
 *
 * @param accepted language ranges, the preferred one first: an Accept-Language header by its qualities
 */
export function bestLanguage(accepted: readonly string[], offered: readonly string[]): string | undefined {
  const find = (matches: (tag: string) => boolean) => offered.find((tag) => matches(tag.toLowerCase()));
  for (const range of accepted) {
    if (range === '*') continue;
    const subtags = range.toLowerCase().split('-');
    const found = subtags
      .map((_subtag, i) => subtags.slice(0, subtags.length - i).join('-'))
      .map((prefix) => find((tag) => tag === prefix) ?? find((tag) => tag.startsWith(`${prefix}-`)))
      .find((tag) => tag !== undefined);
    if (found !== undefined) return found;
  }
  return undefined;
}
