/** Keeper: keeps the image that a new one replaces, and so many in all. */
import { keepImage, type Removal, removeOldest } from './kept.js'

/** What became of the previous images. */
export interface PreviousImages extends Removal {
  /** Where the image is now that was replaced; undefined when there was none. */
  readonly kept: string | undefined
}

export interface Keeper {
  /** When the new image is complete, before it takes its name. */
  readonly keep: (image: string) => Promise<void>
  /** When the new image is in place. */
  readonly tidy: (image: string) => Promise<PreviousImages>
}

export function keeperOf(most: number): Keeper {
  let kept: string | undefined
  return {
    keep: async (image) => {
      kept = await keepImage(image)
    },
    tidy: async (image) => ({ kept, ...(await removeOldest(image, most)) }),
  }
}
