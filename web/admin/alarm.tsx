import { useEffect } from 'preact/hooks';
import { alarmsOf, titleWith } from './alarms.ts';
import type { Live } from './overview/overview-stream.ts';

/** A red bar over every page of operators while the sale stands still, and the same in the tab's title. */
export function Alarm({ live }: { live: Live }) {
  const alarms = alarmsOf(live);
  const first = alarms[0]?.name;
  // Pages set the title as well: this runs after each of their renders.
  useEffect(() => {
    const title = titleWith(first, document.title);
    if (title !== document.title) document.title = title;
  });
  return (
    <div role="alert">
      {alarms.map(({ name, message }) => (
        <p class="alarm" key={name}>
          {message}
        </p>
      ))}
    </div>
  );
}
