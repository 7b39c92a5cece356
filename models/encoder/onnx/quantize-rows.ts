// Symmetric 8-bit weights with a scale for each row (each output of a linear layer, each id of a table).

export interface QuantizedRows {
  /** (rows, columns), within ±range. */
  values: Int8Array<ArrayBuffer>;
  /** (rows): a value times its row's scale is what it stands for. Of a row of zeros 1. */
  scales: Float32Array<ArrayBuffer>;
}

/** @param data (rows, columns) @param range the largest magnitude, 1 to 127: that of a row's largest number */
export function quantizeRows(data: Float32Array, rows: number, columns: number, range: number): QuantizedRows {
  const values = new Int8Array(rows * columns);
  const scales = new Float32Array(rows);
  for (let r = 0; r < rows; r++) {
    const row = data.subarray(r * columns, (r + 1) * columns);
    let largest = 0;
    for (const value of row) largest = Math.max(largest, Math.abs(value));
    const scale = Math.fround(largest / range) || 1;
    scales[r] = scale;
    for (let c = 0; c < columns; c++) values[r * columns + c] = Math.max(-range, Math.min(range, Math.round(row[c]! / scale)));
  }
  return { values, scales };
}
