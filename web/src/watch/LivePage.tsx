/** Stands in until the page is built. */
export function LivePage() {
  return <p>Live</p>;
}
