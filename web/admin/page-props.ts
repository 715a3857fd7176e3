import type { ComponentChildren } from 'preact';
import type { Scope } from '../../shared/contract/keys.ts';
import type { Operator } from './operator-client.ts';
import type { Live } from './overview/overview-stream.ts';
import type { Route } from './route.ts';

/** All that a page of operators gets. */
export type PageProps = {
  operator: Operator;
  route: Route;
  /** The number in the path, if the pattern has `:id`. */
  id: number | undefined;
  live: Live;
};

export type AdminPage = {
  /** The path after `/admin#`; `:id` stands for a number. */
  path: string;
  /** The tab that leads to the page. A tab's link opens the first of its pages that the key permits. */
  tab: string;
  /** One of these permits the page. */
  scopes: readonly Scope[];
  Page: (props: PageProps) => ComponentChildren;
};
