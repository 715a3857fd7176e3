/** Works for the numbers from 0 up to and without `size`, so many at once, each after one before it. */
export async function oneByOne(size: number, atOnce: number, work: (number: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    for (let number = next++; number < size; number = next++) await work(number);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}
