import { priceText } from '../money.ts';
import { texts } from '../texts/texts.ts';
import type { OrderLine } from './order-lines.ts';
import './bill.css';

type Props = { lines: readonly OrderLine[]; total: number; currency: string };

/** Seats with the price of each, and their total. */
export const Bill = ({ lines, total, currency }: Props) => (
  <table class="bill">
    <tbody>
      {lines.map(({ seats, kind, count, price, total: lineTotal }) => (
        <tr key={`${seats} ${kind}`}>
          <th scope="row">
            {seats}
            {kind !== '' && <small>{kind}</small>}
          </th>
          <td>
            {priceText(lineTotal, currency)}
            {count > 1 && price > 0 && <small>{texts.purchase.each(priceText(price, currency))}</small>}
          </td>
        </tr>
      ))}
    </tbody>
    <tfoot>
      <tr>
        <th scope="row">{texts.purchase.total}</th>
        <td>{priceText(total, currency)}</td>
      </tr>
    </tfoot>
  </table>
);
