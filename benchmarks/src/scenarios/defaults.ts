/** Shared by most scenarios: the settings of the main scenario, and the three packers. */

import { gensquashfs } from '../packers/gensquashfs.js'
import { mksquashfs } from '../packers/mksquashfs.js'
import type { Settings } from '../packers/packer.js'
import { venvPacker } from '../packers/venv-packer.js'
import { type Contender, packing } from '../scenario.js'

export const ZSTD_3: Settings = { compression: 'zstd', level: 3, blockSize: 128 * 1024 }

export const ALL_PACKERS: readonly Contender[] = [venvPacker, mksquashfs, gensquashfs].map(packing)

export const TO_MKSQUASHFS = mksquashfs.name
