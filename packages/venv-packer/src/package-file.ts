/** Files that come with this package, from wherever its code lies: beside this file in the sources, in one with it when bundled. */
export function packageFile(path: string): URL {
  return new URL(`../${path}`, import.meta.url)
}
