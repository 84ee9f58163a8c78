/** Streams are fetched only while somebody can see them: the tab is in front and the picture is on the screen. */

import type { Player } from '../media/player';

export function attend(player: Player, element: Element): () => void {
  const onVisibility = () => (document.hidden ? player.suspend('hidden') : player.wake('hidden'));
  const observer = new IntersectionObserver(
    (entries) => (entries.at(-1)?.isIntersecting ? player.wake('off-screen') : player.suspend('off-screen')),
    { rootMargin: '80px' },
  );
  document.addEventListener('visibilitychange', onVisibility);
  observer.observe(element);
  player.suspend('off-screen'); // until the observer has looked
  if (document.hidden) player.suspend('hidden');
  return () => {
    document.removeEventListener('visibilitychange', onVisibility);
    observer.disconnect();
  };
}
