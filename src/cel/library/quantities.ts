// Amounts such as 500m and 2Gi (k8s.io/apiserver pkg/cel/library/quantity.go).
import {
  addQuantity,
  compareQuantity,
  parseQuantity,
  type Quantity,
  QuantityError,
  quantityOf,
  subQuantity,
} from '../../apimachinery/quantity.ts';
import { failure, type Opaque, type Value } from '../values.ts';
import type { Library } from './library.ts';
import { opaqueKind } from './opaque.ts';

interface Amount {
  quantity: Quantity;
  /** Kept as an int64 and a scale, as upstream does for what is written shortly; others have no integer. */
  isShort: boolean;
}

const UNIT = 1_000_000_000n;
const amounts = opaqueKind<Amount>('quantity', { same: (a, b) => compareQuantity(a.quantity, b.quantity) === 0 });

function read(text: string): Amount | undefined {
  try {
    const quantity = parseQuantity(text);
    return { quantity, isShort: quantity.text !== undefined || text === '0' };
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error;
    return undefined;
  }
}

function parse(text: string): Value {
  try {
    parseQuantity(text);
    return amounts.of(read(text) as Amount);
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error;
    return failure(error.message);
  }
}

const whole = (value: Opaque): bigint | undefined => {
  const { quantity, isShort } = amounts.read(value);
  return isShort && quantity.nano % UNIT === 0n ? quantity.nano / UNIT : undefined;
};

const compare = (a: Opaque, b: Opaque): number => compareQuantity(amounts.read(a).quantity, amounts.read(b).quantity);

function combine(a: Opaque, b: Opaque | bigint, how: typeof addQuantity): Value {
  const one = amounts.read(a);
  const other = typeof b === 'bigint' ? { quantity: quantityOf(b, 'DecimalExponent'), isShort: true } : amounts.read(b);
  return amounts.of({ quantity: how(one.quantity, other.quantity), isShort: one.isShort && other.isShort });
}

const add = (a: Opaque, b: Opaque | bigint): Value => combine(a, b, addQuantity);
const subtract = (a: Opaque, b: Opaque | bigint): Value => combine(a, b, subQuantity);

export const quantities: Library = {
  declare: [
    'quantity string_to_quantity (string) -> quantity',
    'isQuantity is_quantity_string (string) -> bool',
    'sign quantity_sign (quantity) -> int',
    'isGreaterThan quantity_is_greater_than quantity.(quantity) -> bool',
    'isLessThan quantity_is_less_than quantity.(quantity) -> bool',
    'compareTo quantity_compare_to quantity.(quantity) -> int',
    'asApproximateFloat quantity_get_float quantity.() -> double',
    'asInteger quantity_get_int quantity.() -> int',
    'isInteger quantity_is_integer quantity.() -> bool',
    'add quantity_add quantity.(quantity) -> quantity',
    'add quantity_add_int quantity.(int) -> quantity',
    'sub quantity_sub quantity.(quantity) -> quantity',
    'sub quantity_sub_int quantity.(int) -> quantity',
  ],
  implement: {
    string_to_quantity: parse,
    is_quantity_string: (text: string) => read(text) !== undefined,
    quantity_sign: (a: Opaque) => BigInt(compareQuantity(amounts.read(a).quantity, quantityOf(0))),
    quantity_is_greater_than: (a: Opaque, b: Opaque) => compare(a, b) > 0,
    quantity_is_less_than: (a: Opaque, b: Opaque) => compare(a, b) < 0,
    quantity_compare_to: (a: Opaque, b: Opaque) => BigInt(compare(a, b)),
    quantity_get_float: (a: Opaque) => Number(amounts.read(a).quantity.nano) / 1e9,
    quantity_get_int: (a: Opaque) => whole(a) ?? failure('cannot convert value to integer'),
    quantity_is_integer: (a: Opaque) => whole(a) !== undefined,
    quantity_add: add,
    quantity_add_int: add,
    quantity_sub: subtract,
    quantity_sub_int: subtract,
  },
};
