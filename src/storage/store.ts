/**
 * A place that keeps bytes between visits, under paths such as `model/file/0`. Several tabs may use one place at once.
 * A name in a path is what `encodeURIComponent` gives of any text but `.` and `..`.
 */
export interface Store {
  /** The bytes under a path; undefined if there are none. */
  read(path: string): Promise<Uint8Array<ArrayBuffer> | undefined>
  /** Files of several paths, unread; undefined if one is not there. Absent where that is no faster than `read`. */
  files?(paths: readonly string[]): Promise<readonly Blob[] | undefined>
  /** Puts bytes under a path: all of them or, whatever happens meanwhile, none. Rejects with the platform's error if there is no room. */
  write(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>
  /** Sizes of everything in a folder at any depth, by path relative to it; without a folder, of everything there is. */
  list(folder?: string): Promise<ReadonlyMap<string, number>>
  /** Removes a path, or a folder with everything in it, if it is there. May reject while something in it is written. */
  remove(path: string): Promise<void>
}
