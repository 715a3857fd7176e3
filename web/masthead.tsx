/** The line on top of every page: whose page it is, and where in the app. */
export function Masthead({ where }: { where: string }) {
  return (
    <header class="masthead">
      <p class="wordmark">Frontrow</p>
      <p>{where}</p>
    </header>
  );
}
