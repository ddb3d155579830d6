/** `npm run wheel [-- <directory>]`: writes the wheels to the directory, by default `dist/python/`. */
import { join, relative, resolve } from 'node:path'
import { writeWheels } from './wheels.js'
import { workspace } from './workspace.js'

const directory = resolve(process.argv[2] ?? join(workspace, 'dist', 'python'))
for (const { path, bytes } of await writeWheels(directory))
  console.log(`${relative(process.cwd(), path)}  ${bytes.toLocaleString('en')} bytes`)
