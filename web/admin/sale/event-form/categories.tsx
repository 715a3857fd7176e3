import { MAX_CATEGORIES, MAX_TICKET_TYPES } from '../../../../shared/contract/limits.ts';
import { CheckField, ProblemOf, TextField } from '../kit/field.tsx';
import { type CategoryForm, type EventForm, newCategory, newType } from './form.ts';

/** The colour that a category begins with once its operator chooses one. */
const FIRST_COLOR = '#3366aa';

type Props = { form: EventForm; change: (part: Partial<EventForm>) => void };

/** The categories of an event, with prices, ticket types and colours. */
export function Categories({ form, change }: Props) {
  const { categories, zones } = form;
  const put = (i: number, part: Partial<CategoryForm>) => {
    const before = categories[i];
    const changed = categories.map((one, at) => (at === i ? { ...one, ...part } : one));
    if (part.name === undefined || before === undefined) return change({ categories: changed });
    const renamed = zones.map((zone) =>
      zone.category === before.name && zone.category !== '' ? { ...zone, category: part.name ?? '' } : zone,
    );
    change({ categories: changed, zones: renamed });
  };
  const remove = (i: number) => {
    const name = categories[i]?.name;
    change({
      categories: categories.filter((_, at) => at !== i),
      zones: zones.map((zone) => (zone.category === name ? { ...zone, category: '' } : zone)),
    });
  };
  return (
    <fieldset class="part" data-field="categories">
      <legend>Categories</legend>
      <p class="soft">
        Zones of one category have its price and colour. Zones may have prices of their own instead. New prices hold for
        later bookings: seats that are held or sold keep what they cost.
      </p>
      <ProblemOf path="categories" />
      {categories.map((category, i) => (
        <Category
          key={category.key}
          category={category}
          path={`categories.${i}`}
          currency={form.currency}
          put={(part) => put(i, part)}
          remove={() => remove(i)}
        />
      ))}
      {categories.length < MAX_CATEGORIES && (
        <button type="button" class="plain" onClick={() => change({ categories: [...categories, newCategory()] })}>
          Add a category
        </button>
      )}
    </fieldset>
  );
}

type CategoryProps = {
  category: CategoryForm;
  path: string;
  currency: string;
  put: (part: Partial<CategoryForm>) => void;
  remove: () => void;
};

function Category({ category, path, currency, put, remove }: CategoryProps) {
  const { isNew, name, price, color } = category;
  const title = name.trim() === '' ? 'New category' : name;
  return (
    <fieldset class="item" data-field={path}>
      <legend>{title}</legend>
      <div class="fields">
        <TextField
          path={`${path}.name`}
          label="Name"
          value={name}
          change={(one) => put({ name: one })}
          isDisabled={!isNew}
          hint={isNew ? undefined : 'It cannot be renamed: bookings have this name.'}
        />
        <TextField
          path={`${path}.price`}
          label={`Price in ${currency}`}
          value={price}
          change={(one) => put({ price: one })}
          inputMode="decimal"
          placeholder="49.50"
        />
        <div>
          <CheckField
            path={`${path}.own-color`}
            label="A colour of its own"
            value={color !== ''}
            change={(isOwn) => put({ color: isOwn ? FIRST_COLOR : '' })}
          />
          {color !== '' && (
            <TextField
              path={`${path}.color`}
              label="Colour"
              type="color"
              value={color}
              change={(one) => put({ color: one })}
            />
          )}
        </div>
      </div>
      <Types category={category} path={path} currency={currency} put={put} />
      {isNew && (
        <button type="button" class="quiet" onClick={remove}>
          Remove {title}
        </button>
      )}
    </fieldset>
  );
}

function Types({ category, path, currency, put }: Omit<CategoryProps, 'remove'>) {
  const { types } = category;
  const putType = (i: number, part: object) =>
    put({ types: types.map((one, at) => (at === i ? { ...one, ...part } : one)) });
  return (
    <div data-field={`${path}.types`}>
      <ProblemOf path={`${path}.types`} />
      {types.map((type, i) => (
        <div class="fields" key={type.key}>
          <TextField
            path={`${path}.types.${i}`}
            label="Ticket type"
            value={type.name}
            change={(name) => putType(i, { name })}
            placeholder="child"
          />
          <TextField
            path={`${path}.types.${i}.price`}
            label={`Its price in ${currency}`}
            value={type.price}
            change={(price) => putType(i, { price })}
            inputMode="decimal"
          />
          <button type="button" class="quiet" onClick={() => put({ types: types.filter((one) => one !== type) })}>
            Remove ticket type {type.name}
          </button>
        </div>
      ))}
      {types.length < MAX_TICKET_TYPES && (
        <button type="button" class="quiet" onClick={() => put({ types: [...types, newType()] })}>
          Add a ticket type with a price of its own
        </button>
      )}
    </div>
  );
}
