/** Stands in until the page is built. */
export function CameraPage({ id }: { id: string }) {
  return <p>Camera {id}</p>;
}
