/** The part of `npm:@lancedb/lancedb` that is used here. */
export interface LanceModule {
  connect(place: string): Promise<LanceConnection>;
  Index: {
    ivfPq(options: LanceIndexOptions): unknown;
  };
}

/** How a column of vectors is indexed. */
export interface LanceIndexOptions {
  distanceType: "dot";
  numPartitions?: number;
}

interface LanceRow {
  id: string;
  vector: number[];
}

interface LanceConnection {
  tableNames(): Promise<string[]>;
  openTable(name: string): Promise<LanceTable>;
  createTable(
    name: string,
    rows: LanceRow[],
    options: { mode: "create" | "overwrite" },
  ): Promise<LanceTable>;
}

/** A table of ids and vectors. */
export interface LanceTable {
  add(rows: LanceRow[]): Promise<unknown>;
  countRows(): Promise<number>;
  createIndex(column: string, options: { config: unknown }): Promise<unknown>;
  query(): { nearestTo(vector: Float32Array): LanceQuery };
  close(): void;
}

/** A request that is being put together. */
interface LanceQuery {
  distanceType(type: "dot"): LanceQuery;
  refineFactor(factor: number): LanceQuery;
  nprobes(count: number): LanceQuery;
  select(columns: string[]): LanceQuery;
  limit(k: number): LanceQuery;
  toArray(): Promise<{ id: string; _distance: number }[]>;
}
