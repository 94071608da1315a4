package io.millrace.core.safetensors;

import java.util.List;

/**
 * Where one tensor stands in a file.
 *
 * @param shape rows first; empty for a single number
 * @param begin first byte, counted from the end of the header
 * @param end byte after the last one
 */
public record TensorInfo(String name, TensorDType dtype, List<Long> shape, long begin, long end) {
    public TensorInfo {
        shape = List.copyOf(shape);
    }

    public long[] dims() {
        return shape.stream().mapToLong(Long::longValue).toArray();
    }

    public long elements() {
        return sizeBytes() / dtype.bytes();
    }

    public long sizeBytes() {
        return end - begin;
    }

    /**
     * Bytes of a tensor.
     *
     * @throws ArithmeticException where a dimension is negative or the product overflows
     */
    static long sizeBytes(TensorDType dtype, Iterable<Long> shape) {
        long bytes = dtype.bytes();
        for (long dim : shape) {
            if (dim < 0) {
                throw new ArithmeticException("negative dimension " + dim);
            }
            bytes = Math.multiplyExact(bytes, dim);
        }
        return bytes;
    }
}
