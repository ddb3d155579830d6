/** The binding behind `@mongodb-js/zstd`: its index drops the level, and the package types only the index. */
declare module '@mongodb-js/zstd/bindings.js' {
  export function compress(data: Uint8Array, level?: number): Promise<Uint8Array>
  export function decompress(data: Uint8Array): Promise<Uint8Array>
}
