import { expect, it } from 'vitest'
import { parseRecord } from './text-files.js'

it('a RECORD is parsed to paths and sizes, also if paths have quotes or commas', () => {
  const text =
    'six.py,sha256=abc,34549\r\nsix-1.17.0.dist-info/RECORD,,\n"odd, ""quoted"" name.py",sha256=x,5\n' +
    '../../../bin/tool,sha256=y,0\nbare\n\n'
  expect(parseRecord(text)).toEqual([
    { path: 'six.py', size: 34_549 },
    { path: 'six-1.17.0.dist-info/RECORD', size: null },
    { path: 'odd, "quoted" name.py', size: 5 },
    { path: '../../../bin/tool', size: 0 },
    { path: 'bare', size: null },
  ])
})
