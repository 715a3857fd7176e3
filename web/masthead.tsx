/** The line on top of every page: the product, and the page. */
export function Masthead({ where }: { where: string }) {
  return (
    <header class="masthead">
      <p class="wordmark">Frontrow</p>
      <p>{where}</p>
    </header>
  );
}
