import type { TrailEntry } from '../../../shared/contract/trail.ts';
import { timeOf } from '../../times.ts';

/** The last acts of operators, from the audit trail. */
export function Acts({ acts }: { acts: TrailEntry[] | undefined }) {
  return (
    <section>
      <h2>Last acts of operators</h2>
      <p class="soft">
        The audit trail keeps every act: <code>GET /admin/trail</code>.
      </p>
      {acts === undefined && <p>Not read yet.</p>}
      {acts?.length === 0 && <p>None yet.</p>}
      {acts !== undefined && acts.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboard users can scroll it
        <section class="scrolls" tabIndex={0} aria-label="Last acts of operators">
          <table class="faults">
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">By</th>
                <th scope="col">Act</th>
              </tr>
            </thead>
            <tbody>
              {acts.map(({ number, at, act, by, address, eventId, before, after }) => (
                <tr key={number}>
                  <td>{timeOf(Date.parse(at))}</td>
                  <td>
                    {by}
                    <small>{address}</small>
                  </td>
                  <td>
                    <code>{act}</code>
                    {eventId !== undefined && ` event ${eventId}`}
                    {before !== undefined && <small>before {shortened(before)}</small>}
                    {after !== undefined && <small>after {shortened(after)}</small>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}

/** Characters of JSON that a line shows. */
const MAX_CHARACTERS = 200;

function shortened(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
}
