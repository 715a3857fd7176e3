import { expect, test } from '@jest/globals';
import { msUntilChange, type SaleStatus, saleStateAt } from './sale-state.ts';

const NOW = Date.UTC(2027, 0, 1);
const at = (ms: number) => new Date(NOW + ms).toISOString();
const onSale: SaleStatus = { status: 'ON_SALE', onSaleAt: null, salesPaused: false, endsAt: null };

test.each<[string, Partial<SaleStatus>, number[] | undefined]>([
  ['open', {}, [3, 1, 1, 0]],
  ['open', {}, undefined],
  ['open', { onSaleAt: at(0), endsAt: at(1) }, [3, 0, 0, 0]],
  ['before', { onSaleAt: at(1), salesPaused: true }, [3, 0, 0, 0]],
  ['paused', { salesPaused: true }, [0, 0, 3, 0]],
  ['allHeld', {}, [0, 1, 2, 0]],
  ['soldOut', {}, [0, 0, 2, 1]],
  ['ended', { endsAt: at(0), salesPaused: true }, [3, 0, 0, 0]],
  ['cancelled', { status: 'CANCELLED', endsAt: at(-1) }, [3, 0, 0, 0]],
])('a sale is %s with %j and the counts %j', (state, changes, counts) => {
  expect(saleStateAt(NOW, { ...onSale, ...changes }, counts)).toBe(state);
});

test('the clock changes a sale when it starts and when the event ends', () => {
  expect(msUntilChange(NOW, onSale)).toBeUndefined();
  expect(msUntilChange(NOW, { ...onSale, onSaleAt: at(5), endsAt: at(9) })).toBe(5);
  expect(msUntilChange(NOW, { ...onSale, onSaleAt: at(-5), endsAt: at(9) })).toBe(9);
  expect(msUntilChange(NOW, { ...onSale, onSaleAt: at(-5), endsAt: at(0) })).toBeUndefined();
});
