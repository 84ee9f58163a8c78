/** How many columns show so many 16:9 pictures largest in a place of that size. Pure; sizes in CSS pixels. */

const ASPECT = 16 / 9;
/** Narrower pictures tell nothing: rather scroll. */
const NARROWEST = 220;
const GAP = 8;

export interface Grid {
  readonly columns: number;
  readonly tileWidth: number;
}

export function gridFor(count: number, width: number, height: number): Grid {
  if (width < 2 * NARROWEST + GAP) return { columns: 1, tileWidth: width };
  let best: Grid = { columns: 1, tileWidth: 0 };
  for (let columns = 1; columns <= Math.max(1, count); columns += 1) {
    const tileWidth = widthOf(columns, Math.ceil(count / columns), width, height);
    if (tileWidth > best.tileWidth) best = { columns, tileWidth };
  }
  return best.tileWidth >= NARROWEST ? best : scrolling(count, width);
}

function widthOf(columns: number, rows: number, width: number, height: number): number {
  const acrossWidth = (width - GAP * (columns - 1)) / columns;
  const downWidth = ((height - GAP * (rows - 1)) / rows) * ASPECT;
  return Math.floor(Math.max(0, Math.min(acrossWidth, downWidth)));
}

/** More than fits: as many columns as leave each picture wide enough. */
function scrolling(count: number, width: number): Grid {
  const columns = Math.max(1, Math.min(count, Math.floor((width + GAP) / (1.4 * NARROWEST + GAP))));
  return { columns, tileWidth: Math.floor((width - GAP * (columns - 1)) / columns) };
}
