import { useEffect, useRef, useState } from 'preact/hooks';
import { Masthead } from '../masthead.tsx';
import { Alarm } from './alarm.tsx';
import { Door } from './door.tsx';
import { createEntrance, type Entrance, type Operator } from './operator-client.ts';
import { createOverviewStream, type Live, NOT_LIVE } from './overview/overview-stream.ts';
import type { AdminPage } from './page-props.ts';
import { useRoute } from './route.ts';
import { pageAt, pagesFor, tabsOf } from './tabs.ts';
import './style.css';

/** `/admin`: the door, then the pages that the operator's key permits, each under its tab. */
export function OperatorPage() {
  const [state, setState] = useState<Entrance>({ phase: 'connecting' });
  const entrance = useRef<ReturnType<typeof createEntrance>>(undefined);
  useEffect(() => {
    const created = createEntrance(setState);
    entrance.current = created;
    return created.stop;
  }, []);
  const leave = (refusal?: string) => entrance.current?.leave(refusal);
  return (
    <>
      <Masthead where="Operator" />
      {state.phase === 'in' ? (
        <Pages operator={state.operator} leave={leave} />
      ) : (
        <Door entrance={state} enter={(key) => entrance.current?.enter(key)} />
      )}
    </>
  );
}

function Pages({ operator, leave }: { operator: Operator; leave: (refusal?: string) => void }) {
  const route = useRoute();
  const live = useLive(operator, leave);
  const pages = pagesFor(operator);
  const shown = pageAt(pages, route.path);
  const main = useRef<HTMLElement>(null);
  const opened = useRef(route.path);
  useEffect(() => {
    if (opened.current === route.path) return;
    opened.current = route.path;
    main.current?.focus(); // a keyboard and a screen reader go on at the new page
    scrollTo(0, 0);
  }, [route.path]);
  return (
    <>
      <Alarm live={live} />
      <nav class="tabs" aria-label="Operator’s pages">
        <ul>
          {tabsOf(pages).map(({ path, tab }) => (
            <li key={path}>
              <a href={`#${path}`} aria-current={tab === shown?.page.tab ? 'page' : undefined}>
                {tab}
              </a>
            </li>
          ))}
        </ul>
        <p class="soft">
          {operator.name}{' '}
          <button type="button" class="quiet" onClick={() => leave()}>
            Log out
          </button>
        </p>
      </nav>
      <main ref={main} tabIndex={-1}>
        {shown === undefined ? (
          <NoPage pages={pages} />
        ) : (
          <shown.page.Page {...{ operator, route, live, id: shown.id }} />
        )}
      </main>
    </>
  );
}

/** The state of the system, for operators whose key permits it. */
function useLive(operator: Operator, leave: (refusal?: string) => void): Live {
  const [live, setLive] = useState<Live>(NOT_LIVE);
  useEffect(() => {
    if (!operator.can('operate')) return undefined;
    const stream = createOverviewStream(setLive, leave);
    return stream.stop;
  }, [operator]);
  return live;
}

const NoPage = ({ pages }: { pages: readonly AdminPage[] }) => (
  <>
    <h1>No such page</h1>
    <p>
      {pages.length === 0
        ? 'This key opens none of these pages: they need the scope operate, read or return.'
        : 'There is no page of this address, or your key does not permit it.'}
    </p>
  </>
);
