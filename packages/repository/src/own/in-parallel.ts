/** Does all of `items`, `limit` at a time, and gives back the results in their order. The first failure is thrown once what runs has ended. */
export async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  const failures: unknown[] = []
  let next = 0
  const worker = async () => {
    for (let at = next++; at < items.length && failures.length === 0; at = next++) {
      const item = items[at]
      if (item !== undefined) results[at] = await work(item)
    }
  }
  const workers = Array.from({ length: Math.min(limit, items.length) }, () =>
    worker().catch((error: unknown) => void failures.push(error)),
  )
  await Promise.all(workers)
  if (failures.length > 0) throw failures[0]
  return results
}
