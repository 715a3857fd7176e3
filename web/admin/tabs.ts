import type { Operator } from './operator-client.ts';
import { OverviewPage } from './overview/page.tsx';
import type { AdminPage } from './page-props.ts';
import { matchOf } from './route.ts';
import { SALE_PAGES } from './sale/sale-pages.ts';
import { TrailPage } from './trail/page.tsx';
import { WebhooksPage } from './webhooks/page.tsx';

/** Every page of operators, in the order of the tabs. */
const PAGES: readonly AdminPage[] = [
  { path: '/overview', tab: 'Overview', scopes: ['operate'], Page: OverviewPage },
  ...SALE_PAGES,
  { path: '/webhooks', tab: 'Webhooks', scopes: ['operate'], Page: WebhooksPage },
  { path: '/trail', tab: 'Trail', scopes: ['operate'], Page: TrailPage },
];

/** The pages that a key permits. */
export const pagesFor = (operator: Operator): AdminPage[] =>
  PAGES.filter(({ scopes }) => scopes.some((scope) => operator.can(scope)));

/** The first page of each tab. */
export const tabsOf = (pages: readonly AdminPage[]): AdminPage[] =>
  pages.filter((page, i) => pages.findIndex(({ tab }) => tab === page.tab) === i);

/** The page of a path, with the number in it. Without a path it is the first page. */
export function pageAt(
  pages: readonly AdminPage[],
  path: string,
): { page: AdminPage; id: number | undefined } | undefined {
  const [first] = pages;
  if (path === '' || path === '/') return first && { page: first, id: undefined };
  for (const page of pages) {
    const match = matchOf(page.path, path);
    if (match !== undefined) return { page, id: match.id };
  }
  return undefined;
}
