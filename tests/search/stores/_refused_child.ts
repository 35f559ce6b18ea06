/** Run by vector_store_test.ts: says what opening a store is refused by. */
import { openVectorStore, type StoreName } from "../../../lib/search/mod.ts";

const [engine, address] = Deno.args as [StoreName, string];
try {
  const store = await openVectorStore(engine, address);
  await store.count();
  console.log("opened");
} catch (error) {
  console.log((error as Error).message);
}
