import type { LoggedFault, Overview } from '../../../shared/contract/overview.ts';
import { timeOf } from '../../times.ts';
import { ScrollingTable } from '../scrolling-table.tsx';
import { formatFigure } from '../text.ts';
import { outcomesOf, type Point } from './history.ts';

/** Orders whose money has to be given back, and those that nobody has decided in time. */
export function Orders({ orders }: { orders: Overview['orders'] }) {
  if (orders === undefined) return null;
  return (
    <section>
      <h2>Payments</h2>
      <dl class="figures">
        <div>
          <dt>Refunds due</dt>
          <dd>{formatFigure(orders.refundsDue)}</dd>
        </div>
        <div>
          <dt>Not decided in time</dt>
          <dd>{formatFigure(orders.overdue)}</dd>
        </div>
      </dl>
    </section>
  );
}

/** How often tickets had each outcome. */
export function Outcomes({ history }: { history: Point[] }) {
  const outcomes = outcomesOf(history, 60);
  return (
    <section>
      <h2>Outcomes</h2>
      {outcomes.length === 0 ? (
        <p class="soft">None yet.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Outcome</th>
              <th scope="col">Last minute</th>
              <th scope="col">In total</th>
            </tr>
          </thead>
          <tbody>
            {outcomes.map(({ name, recent, total }) => (
              <tr key={name}>
                <th scope="row">
                  <code>{name}</code>
                </th>
                <td>{formatFigure(recent)}</td>
                <td>{formatFigure(total)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** The settings of Redis and PostgreSQL that decide how much data a failure costs. */
export function ServerSettings({ settings }: { settings: Overview['serverSettings'] }) {
  if (settings === undefined || settings.length === 0) return null;
  return (
    <section>
      <h2>Server settings</h2>
      <p class="soft">
        These settings decide how much data is lost when Redis or PostgreSQL fails. They are read once a minute.
      </p>
      <ul>
        {settings.map(({ setting, value, state, cost }) => (
          <li key={setting}>
            {setting}: {state === 'unknown' ? 'not known, this account may not read it' : value}
            {state === 'wrong' && <strong> {cost}</strong>}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The last warnings and errors of the API process that serves this page. */
export function Faults({ faults, process }: { faults: LoggedFault[]; process: string }) {
  return (
    <section>
      <h2>Last faults</h2>
      <p class="soft">
        Warnings and errors of {process}, which serves this page. Other API processes and the workers write theirs to
        their own logs.
      </p>
      {faults.length === 0 ? (
        <p>None since it started.</p>
      ) : (
        <ScrollingTable label="Last faults" kind="faults" columns={['Time', 'Level', 'Message']}>
          {faults.map(({ at, level, message, fault }, i) => (
            <tr key={`${at} ${faults.length - i}`}>
              <td>{timeOf(Date.parse(at))}</td>
              <td class={level}>{level}</td>
              <td>
                {message}
                {fault !== undefined && <small>{fault}</small>}
              </td>
            </tr>
          ))}
        </ScrollingTable>
      )}
    </section>
  );
}
