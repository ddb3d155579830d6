import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeImage } from 'squashfs-writer'
import { type OpenImage, openImage } from 'squashfs-writer/read'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { followMounted } from './mounted-path.js'

const entries = [
  { type: 'file', path: 'bin/tool', content: 'x', mode: 0o755 },
  { type: 'file', path: 'bin/text', content: 'x', mode: 0o644 },
  { type: 'symlink', path: 'bin/python', target: 'python3' },
  { type: 'symlink', path: 'bin/python3', target: '/usr/bin/python3.11' },
  { type: 'symlink', path: 'bin/up', target: '../../outside/x' },
  { type: 'symlink', path: 'bin/self', target: '/env/bin/tool' },
  { type: 'symlink', path: 'bin/round', target: 'round' },
  { type: 'symlink', path: 'bin/dangling', target: 'gone' },
  { type: 'symlink', path: 'programs', target: 'bin' },
  { type: 'symlink', path: 'system', target: '/opt/system' },
] as const

let directory: string
let image: OpenImage

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mounted-path-'))
  await writeImage(entries, join(directory, 'image.squashfs'))
  image = await openImage(join(directory, 'image.squashfs'))
})

afterAll(async () => {
  await image.close()
  await rm(directory, { recursive: true })
})

it.each([
  ['/env/bin/tool', { kind: 'inside', path: '/env/bin/tool', executable: true }],
  ['/env/bin/text', { kind: 'inside', path: '/env/bin/text', executable: false }],
  ['/env/bin', { kind: 'inside', path: '/env/bin', executable: false }],
  ['/env', { kind: 'inside', path: '/env', executable: false }],
  ['/env/bin/python', { kind: 'outside', path: '/usr/bin/python3.11' }],
  ['/env/bin/up', { kind: 'outside', path: '/outside/x' }],
  ['/env/bin/self', { kind: 'inside', path: '/env/bin/tool', executable: true }],
  ['/env/programs/tool', { kind: 'inside', path: '/env/bin/tool', executable: true }],
  ['/env/programs/python', { kind: 'outside', path: '/usr/bin/python3.11' }],
  ['/env/system/bin/tool', { kind: 'outside', path: '/opt/system/bin/tool' }],
  ['/environment/x', { kind: 'outside', path: '/environment/x' }],
  ['/env/bin/dangling', { kind: 'nothing' }],
  ['/env/bin/round', { kind: 'nothing' }],
  ['/env/bin/nothing', { kind: 'nothing' }],
  ['/env/bin/tool/x', { kind: 'nothing' }],
])('with the image mounted at /env, %s leads to %j', async (path, destination) => {
  expect(await followMounted(image, '/env', path)).toEqual(destination)
})
