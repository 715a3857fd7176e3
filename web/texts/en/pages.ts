/** Every page. */
export const pages = {
  noPage: 'There is no such page',
};
