/** Single huge files: memory usage must not depend on the file size, and holes must not be read. */

import type { Scenario } from '../scenario.js'
import { oneFullFile, oneHole } from '../trees/one-file.js'
import { ALL_PACKERS, TO_MKSQUASHFS, ZSTD_3 } from './defaults.js'

export const sparse: Scenario = {
  name: 'sparse',
  title: 'One huge file, full or all hole',
  about:
    'Memory must not grow with the size of a file, and a hole must cost nothing: there is no data in it to read.',
  cases: [
    {
      name: '5 GiB of data',
      tree: oneFullFile(5),
      settings: ZSTD_3,
      contenders: ALL_PACKERS,
      reference: TO_MKSQUASHFS,
    },
    {
      name: '100 GiB of hole',
      tree: oneHole(100),
      settings: ZSTD_3,
      contenders: ALL_PACKERS,
      reference: TO_MKSQUASHFS,
      timeoutSeconds: 30,
    },
  ],
}
