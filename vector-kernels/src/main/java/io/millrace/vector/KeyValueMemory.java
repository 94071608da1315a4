package io.millrace.vector;

import java.nio.IntBuffer;
import java.util.List;

/**
 * Keys and values of the rows, as other kernels have them too: bfloat16 [2, rows, kvHeads, capacity, headDim] for each block.
 *
 * @param blocks two numbers an int
 */
public record KeyValueMemory(List<IntBuffer> blocks, int rows, int capacity) {}
